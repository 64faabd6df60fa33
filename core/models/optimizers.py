"""The optimizer: torch's own, with one group of parameters per stage and kind of parameter."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from core.job import HEAD
from core.models.model import TrainedModel
from core.plans import Optimizer

STAGE = "stage"  # what a parameter group says about where it belongs


def create_optimizer(
    model: TrainedModel, settings: Optimizer, device: torch.device, auxiliary: nn.Module | None = None
) -> torch.optim.Optimizer:
    """AdamW or SGD over all stages; rates are 0 until `set_learning_rates`.

    Frozen stages are in it, too: without gradients torch skips them (no decay, no state), and when a later phase
    unfreezes them, those trained before keep their moments. auxiliary: modules beside the model, trained at the rate
    of the heads.
    """
    groups = list(_groups(model, settings.weight_decay))
    if auxiliary is not None:
        groups += _split(dict(auxiliary.named_parameters()), set(), settings.weight_decay, HEAD)
    fused = device.type in ("cpu", "cuda") or None  # one pass over memory in place of several
    if settings.kind == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=settings.momentum, fused=fused)
    return torch.optim.AdamW(groups, lr=0.0, betas=(settings.momentum, 0.999), fused=fused)


def _groups(model: TrainedModel, weight_decay: float) -> Iterable[dict]:
    parameters = dict(model.backbone.named_parameters())
    spared: set[str] = set(getattr(model.backbone, "no_weight_decay", set)())
    for stage in model.stages:
        yield from _split(
            {n: parameters[n] for n in stage.members if n in parameters}, spared, weight_decay, stage.name
        )
    yield from _split(dict(model.heads.named_parameters()), set(), weight_decay, HEAD)


def _split(parameters: Mapping[str, nn.Parameter], spared: set[str], weight_decay: float, stage: str) -> Iterable[dict]:
    """Norms, biases and what the architecture names stay free of decay, as in timm's `param_groups_weight_decay`."""
    decayed = {n: p for n, p in parameters.items() if p.ndim > 1 and not n.endswith(".bias") and n not in spared}
    plain = [p for n, p in parameters.items() if n not in decayed]
    if decayed:
        yield {"params": list(decayed.values()), "weight_decay": weight_decay, STAGE: stage}
    if plain:
        yield {"params": plain, "weight_decay": 0.0, STAGE: stage}


def set_learning_rates(optimizer: torch.optim.Optimizer, rates: Mapping[str, float]) -> None:
    """rates: by the name of the stage, and "head"."""
    for group in optimizer.param_groups:
        group["lr"] = rates[group[STAGE]]


def clip_gradients(optimizer: torch.optim.Optimizer, norm: float) -> None:
    """Shorten the gradient of all parameters together to `norm`."""
    nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], norm)


def flat_optimizer_state(optimizer: torch.optim.Optimizer, names: Mapping[Tensor, str]) -> dict[str, Tensor]:
    """What the optimizer remembers, as plain tensors: "<parameter>/<what>"."""
    return {
        f"{names[parameter]}/{what}": value
        for parameter, remembered in optimizer.state.items()
        for what, value in remembered.items()
        if isinstance(value, Tensor)
    }


def load_flat_optimizer_state(
    optimizer: torch.optim.Optimizer, saved: Mapping[str, Tensor], names: Mapping[Tensor, str]
) -> None:
    """The inverse of `flat_optimizer_state`, for an optimizer over the same parameters."""
    ordered = [p for group in optimizer.param_groups for p in group["params"]]
    place = {names[parameter]: number for number, parameter in enumerate(ordered)}
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in saved.items():
        name, what = key.rsplit("/", 1)
        state.setdefault(place[name], {})[what] = _laid_out_like(ordered[place[name]], value)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_like(parameter: nn.Parameter, value: Tensor) -> Tensor:
    # Fused optimisers walk parameter and averages side by side in memory: both must be channels_last, or neither.
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
