"""A plan joins the queue."""

import secrets
import time

from core.backbones import get_card
from core.datasets import load_dataset
from core.device import resolve_device
from core.errors import BadPlan, NotFound
from core.execution.teacher_checks import check_teacher
from core.home import Home, database, write_whole
from core.plans import Plan, recipe_of
from core.runs import Run, add_event, checked_name, folder_of, get_run, this_process

# How a recipe reads in a run's name: "clothes, top of ResNet 50".
_IN_NAMES = {
    "feature-extraction": "{dataset}, head on {backbone}",
    "top": "{dataset}, top of {backbone}",
    "head-first": "{dataset}, all of {backbone}",
    "gradual": "{dataset}, {backbone} step by step",
    "scratch": "{dataset}, {backbone} from scratch",
}


def queue(home: Home, plan: Plan, name: str = "") -> Run:
    """Put a plan at the end of its device's queue. Without a name it gets one that says what it is.

    Raises NotFound for a dataset, a version or a backbone that is not there, BadPlan for a task or a device, and what
    `check_teacher` does.
    """
    dataset = load_dataset(home, plan.source.id, plan.source.version)
    missing = [task for task in plan.tasks if task not in {known.name for known in dataset.tasks}]
    if missing:
        known = ", ".join(f'"{task.name}"' for task in dataset.tasks)
        raise BadPlan(f'"{dataset.name}" has no label column "{missing[0]}".', f"It has {known}.")
    check_teacher(home, plan)
    wanted = checked_name(name) if name.strip() else describe(plan, dataset.name)
    run_id = secrets.token_hex(5)
    write_whole(folder_of(home, run_id) / "plan.json", plan.model_dump_json(indent=1).encode())
    with database(home, write=True) as db:
        taken = {row["name"].casefold() for row in db.execute("SELECT name FROM runs")}
        db.execute(
            "INSERT INTO runs (id, name, state, created, plan, plan_hash, dataset_id, device, lease_owner) "
            "VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
            (
                run_id,
                _not_taken(wanted, taken),
                time.time(),
                plan.model_dump_json(),
                plan.hash,
                dataset.id,
                str(resolve_device(plan.device)),
                this_process(),
            ),
        )
        add_event(db, run_id, "queued", "Put into the queue.")
    return get_run(home, run_id)


def describe(plan: Plan, dataset_name: str) -> str:
    """A name for a run of this plan: "clothes, top of ResNet 50"."""
    try:
        backbone = get_card(plan.backbone.name).title
    except NotFound as error:
        raise BadPlan(f'There is no network "{plan.backbone.name}".', error.remedy) from error
    pattern = _IN_NAMES.get(recipe_of(plan) or "", "{dataset}, own recipe on {backbone}")
    return pattern.format(dataset=dataset_name, backbone=backbone)


def _not_taken(name: str, taken: set[str]) -> str:
    """The name itself, or with the first free number after it."""
    if name.casefold() not in taken:
        return name
    return next(f"{name} {n}" for n in range(2, len(taken) + 3) if f"{name} {n}".casefold() not in taken)
