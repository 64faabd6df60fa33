"""Which looks of a frozen part lie on the disk already: what is foretold before Start is then less."""

from pathlib import Path

import torch

from core.device import profile_store
from core.home import Home
from core.plans import Plan


def record_cached_stage(home: Home, plan: Plan, first_trainable_stage: int, device: torch.device, folder: Path) -> None:
    """What lies before that stage has looked at this plan's photos as they are, and `folder` keeps what it said."""
    profile_store.write(home, _key(plan, first_trainable_stage, device), {"folder": folder.name})


def cached_stages(home: Home, plan: Plan, device: torch.device) -> frozenset[int]:
    """The first learning stages of those of the plan's phases for which it need not look again."""
    stages = {phase.first_trainable_stage for phase in plan.phases}
    return frozenset(stage for stage in stages if _is_kept(home, _key(plan, stage, device)))


def _is_kept(home: Home, key: str) -> bool:
    known = profile_store.read(home, key)
    return known is not None and (home.activations / known["folder"]).exists()


def _key(plan: Plan, first_trainable_stage: int, device: torch.device) -> str:
    """Near enough for what is foretold; what a run finds is decided by contents, in `kept_activations`."""
    photos = plan.source.id, plan.source.version, plan.tasks, plan.image_size, plan.augmentation.off
    return profile_store.key_of("look", *photos, plan.backbone.model_dump_json(), first_trainable_stage, device)
