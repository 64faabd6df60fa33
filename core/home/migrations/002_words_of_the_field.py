"""Schema 2: what is stored has the names of the field (`optimizer`, `cached_views`, `training_state.safetensors` ...).

Rewritten once: stored plans with their hashes, the files that carry them, checkpoints (format 1 to 2), progress. Names
are rewritten where the format has them and nowhere else: a task or a class may be called as a field was.

Every file is replaced whole and only where it is still of schema 1; the database follows last, in one transaction with
the schema's number. Killed anywhere, the next call goes on. What is damaged is left as it is.

Knows both formats by itself and imports nothing that will change: later versions of `core.plans` must not change what
a home of schema 1 becomes in schema 2.
"""

import hashlib
import json
import logging
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from pydantic_core import to_json

from core.errors import Refused
from core.home import Home, recover_folder, whole_file, write_whole

Fields = dict[str, Any]
_CHUNK_BYTES = 2**20
_MOST_HEADER_BYTES = 100_000_000  # as safetensors allows
_OLD_TENSORS, _TENSORS = "learning.safetensors", "training_state.safetensors"


class _Damaged(Exception):
    """A file is not what Graft wrote."""


def migrate(home: Home, db: Connection) -> None:
    """Rewrite the home. Raises Refused while a process trains in it, and DiskFull."""
    _refuse_while_training(home, db)
    for row in db.execute("SELECT id, plan, plan_hash, progress FROM runs").fetchall():
        with _leaving_what_is_damaged(f"run {row['id']}"):
            plan, progress = _plan(json.loads(row["plan"])), _progress(json.loads(row["progress"]))
            new_hash = _plan_hash(plan)
            _rewrite_run(home.runs / row["id"], row["plan_hash"], new_hash)
            db.execute(
                "UPDATE runs SET plan = ?, plan_hash = ?, progress = ? WHERE id = ?",
                (to_json(plan).decode(), new_hash, to_json(progress).decode(), row["id"]),
            )
    _delete_parts(home.drafts)
    for draft in sorted(home.drafts.glob("*.json")):
        with _leaving_what_is_damaged(f"draft {draft.name}"):
            _rewrite_draft(draft)
    db.execute("ALTER TABLE runs RENAME COLUMN wish TO requested_action")
    # What was measured and cached is found by digests of the old names. It can be made again.
    db.execute("DROP TABLE calibrations")
    db.execute("CREATE TABLE profiles (key TEXT PRIMARY KEY, created REAL NOT NULL, body TEXT NOT NULL)")
    shutil.rmtree(home.activations, ignore_errors=True)


def _refuse_while_training(home: Home, db: Connection) -> None:
    working = "SELECT 1 FROM runs WHERE state IN ('running', 'paused') AND lease_until > ?"
    if db.execute(working, (time.time(),)).fetchone():
        raise Refused(
            f'An older Graft is training in "{home.root}", and could not go on once this one has opened it.',
            "Close the older Graft, wait half a minute and try again.",
        )


@contextmanager
def _leaving_what_is_damaged(what: str) -> Iterator[None]:
    try:
        yield
    except (_Damaged, ValueError, KeyError, TypeError, AttributeError, FileNotFoundError, NotADirectoryError) as error:
        logging.getLogger(__name__).warning("%s is damaged and stays as it is: %r", what, error)


# Plans


def _plan(plan: Fields) -> Fields:
    plan = _renamed(plan, {"optimiser": "optimizer"})
    # All but the first source were accepted and ignored: without them the plan decides what it decided.
    sources = [each for each in plan["datasets"] if each.get("role", "source") == "source"]
    plan["datasets"] = sources[:1] or plan["datasets"]
    plan["phases"] = [_renamed(phase, {"grows_from": "start_image_size"}) for phase in plan["phases"]]
    if "objectives" in plan:
        plan["objectives"] = _one_of_each_kind([_objective(each) for each in plan["objectives"]])
    if "augmentation" in plan:
        new_names = {"kept_views": "cached_views", "strong": "trivial_augment"}
        plan["augmentation"] = _renamed(plan["augmentation"], new_names)
    if "optimizer" in plan:
        plan["optimizer"] = _renamed(plan["optimizer"], {"average": "ema_decay"})
    return plan


_KINDS = {"teacher_answers": "logit_distillation", "teacher_features": "feature_distillation"}
_OBJECTIVES: dict[str, Fields] = {  # by kind, its settings with their defaults
    "cross_entropy": {"weight": 1.0, "label_smoothing": 0.0, "balance_classes": False},
    "logit_distillation": {"weight": 1.0, "temperature": 2.0},
    "feature_distillation": {"weight": 1.0},
}


def _objective(objective: Fields) -> Fields:
    old_kind: str = objective.get("kind", "cross_entropy")
    kind = _KINDS.get(old_kind, old_kind)
    return {"kind": kind, **{name: objective[name] for name in _OBJECTIVES[kind] if name in objective}}


def _one_of_each_kind(objectives: list[Fields]) -> list[Fields]:
    """A plan could name a kind twice; the loss was their sum. One with the first's settings has the weight of both:
    where the settings agree, the loss stays.
    """
    merged: dict[str, Fields] = {}
    for each in objectives:
        first = merged.setdefault(each["kind"], each)
        if first is not each:
            total = first.get("weight", 1.0) + each.get("weight", 1.0)
            merged[each["kind"]] = {**first, "weight": min(total, _LARGEST_WEIGHT)}
    return list(merged.values())


_LARGEST_WEIGHT = 1_000.0  # that a plan takes
_REQUIRED = object()
_DATASET = {"id": _REQUIRED, "version": _REQUIRED, "role": "source"}
_BACKBONE = {"name": _REQUIRED, "weights": "pretrained", "file": None}
_HEAD = {"dropout": 0.0}
_PHASE = {
    "name": "training",
    "epochs": _REQUIRED,
    "stage_rates": _REQUIRED,
    "head_rate": _REQUIRED,
    "schedule": "cosine",
    "warmup_epochs": 0.0,
    "start_image_size": None,
}
_TEACHER = {"backbone": None, "run": None, "image_size": None, "views": 4}
_AUGMENTATION = {
    "flip": True,
    "flip_vertical": False,
    "crop": 0.7,
    "rotate": 0.0,
    "colour": 0.2,
    "erase": 0.0,
    "trivial_augment": 0.0,
    "cached_views": None,
    "mixup": 0.0,
    "cutmix": 0.0,
}
_OPTIMIZER = {"kind": "adamw", "weight_decay": 0.01, "momentum": 0.9, "clip_norm": None, "ema_decay": 0.0}
_STOPPING = {"patience": 5}
_PLAN = {
    "batch_size": 32,
    "image_size": 224,
    "seed": 0,
    "device": "auto",
    "precision": "auto",
}


def _plan_hash(plan: Fields) -> str:
    """SHA-256 of the plan as JSON without what is as it is by default, in the order of the fields."""
    objectives = [
        {"kind": each["kind"], **_that_differ(each, _OBJECTIVES[each["kind"]])} for each in plan.get("objectives", [])
    ]
    teacher = plan.get("teacher")
    if teacher:
        teacher = _that_differ(teacher, _TEACHER)
        if teacher.get("backbone"):
            teacher["backbone"] = _that_differ(teacher["backbone"], _BACKBONE)
    stopping = plan.get("early_stopping")
    canonical = {
        "datasets": [_that_differ(each, _DATASET) for each in plan["datasets"]],
        "tasks": plan["tasks"],
        "backbone": _that_differ(plan["backbone"], _BACKBONE),
        "head": _that_differ(plan.get("head", {}), _HEAD) or None,
        "phases": [_that_differ(each, _PHASE) for each in plan["phases"]],
        "objectives": None if objectives in ([], [{"kind": "cross_entropy"}]) else objectives,
        "teacher": teacher,
        "augmentation": _that_differ(plan.get("augmentation", {}), _AUGMENTATION) or None,
        "optimizer": _that_differ(plan.get("optimizer", {}), _OPTIMIZER) or None,
        "early_stopping": None if stopping is None else _that_differ(stopping, _STOPPING),
        **_that_differ(plan, _PLAN),
    }
    # pydantic writes it, as it writes plans: numbers have one spelling (1e-5, not 1e-05).
    return hashlib.sha256(to_json({name: value for name, value in canonical.items() if value is not None})).hexdigest()


def _that_differ(values: Fields, defaults: Fields) -> Fields:
    return {name: values[name] for name, default in defaults.items() if values.get(name, default) != default}


def _renamed(values: Fields, new_names: dict[str, str]) -> Fields:
    return {new_names.get(name, name): value for name, value in values.items()}


# Progress

_ACTIVITIES = {
    "training": "training",
    "Decoding photos": "decode",
    "Building the network": "build",
    "Copying photos to the GPU": "copy_pixels",
    "Measuring this machine": "autotune",
    "Looking once at every photo with the frozen part": "cache",
    "Looking at a new view of every photo with the frozen part": "cache_view",
    "Checking what is kept from an earlier look": "check_cache",
    "Looking at the validation photos": "validate",
    "Looking at the photos": "evaluate",
}


def _progress(progress: Fields) -> Fields:
    progress = _renamed(progress, {"doing": "activity"})
    if "activity" in progress:
        doing = progress["activity"]
        asks_teacher = doing.startswith("Asking the teacher")
        progress["activity"] = "teacher" if asks_teacher else _ACTIVITIES.get(doing, "")
    return progress


# Files


def _rewrite_draft(draft: Path) -> None:
    content = draft.read_bytes()
    plan = _plan(json.loads(content))
    path, text = draft.with_name(f"{_plan_hash(plan)[:16]}.json"), to_json(plan)
    if path != draft or text != content:
        write_whole(path, text)
    if path != draft:
        draft.unlink()


def _rewrite_run(folder: Path, old_hash: str, new_hash: str) -> None:
    _delete_parts(folder)
    path = folder / "plan.json"
    with _leaving_what_is_damaged(str(path)):
        if path.exists():
            content = path.read_bytes()
            text = to_json(_plan(json.loads(content)), indent=1)
            if text != content:
                write_whole(path, text)
    for which in ("last", "best"):
        checkpoint = folder / which
        recover_folder(checkpoint)
        with _leaving_what_is_damaged(str(checkpoint)):
            if checkpoint.exists():
                _rewrite_checkpoint(checkpoint, old_hash, new_hash)


def _rewrite_checkpoint(folder: Path, old_hash: str, new_hash: str) -> None:
    """The new tensors lie beside the old ones until state.json, replaced in one step, names them."""
    _delete_parts(folder)
    path = folder / "state.json"
    state = json.loads(path.read_bytes())
    facts = state["facts"]
    if state["checksum"] != _checksum_of(facts):
        raise _Damaged(f"{path.name} has changed on the disk")
    if facts["format"] == 1:
        checksum = _rename_tensors(folder / _OLD_TENSORS, folder / _TENSORS, facts["files"].pop(_OLD_TENSORS))
        facts = _renamed(facts, _FACTS)
        facts["format"] = 2
        facts["plan_hash"] = new_hash if facts["plan_hash"] == old_hash else facts["plan_hash"]
        facts["compute_config"] = _renamed(facts["compute_config"], {"looks_in": "inference_dtype"})
        facts["files"][_TENSORS] = checksum
        write_whole(path, json.dumps({"facts": facts, "checksum": _checksum_of(facts)}, indent=1).encode())
    if (folder / _OLD_TENSORS).exists():
        (folder / _OLD_TENSORS).unlink()


def _delete_parts(folder: Path) -> None:
    """Files that a killed process, perhaps this migration's, did not finish."""
    for part in folder.glob(".*.part"):
        if part.is_file():
            part.unlink()


_FACTS = {
    "plan": "plan_hash",
    "arithmetic": "compute_config",
    "photos_at_once": "micro_batch_size",
    "views": "cached_views",
}


def _checksum_of(facts: Fields) -> str:
    return f"{zlib.crc32(json.dumps(facts, sort_keys=True).encode()):08x}"


def _rename_tensors(source: Path, target: Path, source_checksum: str) -> str:
    """Copy a safetensors file, with new names in its header; its tensors pass through as they are. Gives the checksum
    of the copy.
    """
    with source.open("rb") as old, whole_file(target) as part, part.open("wb") as new:
        length = old.read(8)
        size = int.from_bytes(length, "little")
        if size > _MOST_HEADER_BYTES:
            raise _Damaged(f"{source.name} has no header")
        header = old.read(size)
        tensors = {_tensor_name(name): where for name, where in json.loads(header).items()}
        text = json.dumps(tensors, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8 bytes
        new_head = len(text).to_bytes(8, "little") + text
        new.write(new_head)
        old_crc, new_crc = zlib.crc32(length + header), zlib.crc32(new_head)
        while chunk := old.read(_CHUNK_BYTES):
            old_crc, new_crc = zlib.crc32(chunk, old_crc), zlib.crc32(chunk, new_crc)
            new.write(chunk)
        if f"{old_crc:08x}" != source_checksum:
            raise _Damaged(f"{source.name} has changed on the disk")
    return f"{new_crc:08x}"


def _tensor_name(name: str) -> str:
    group, _, rest = name.partition("/")
    match group:
        case "optimiser" if rest.startswith("guides."):
            return "optimizer/auxiliary.distillation." + rest.removeprefix("guides.")
        case "optimiser":
            return "optimizer/" + rest
        case "guides":
            return "auxiliary/distillation/" + rest
        case "weights":
            return "raw_weights/" + rest
    return name  # losses/<task>/..., whatever the task is called
