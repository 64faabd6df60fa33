"""Put a plan into the queue."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.backbones import get_card
from core.device import resolve_device
from core.errors import BadPlan, NotFound
from core.execution.preflight import check_teacher
from core.home import Home, database, delete_folder, mark_deleted, this_process, unmark_deleted, write_whole
from core.job import load_datasets
from core.names import unused_name
from core.plans import SIMPLE_HEADS, Plan, is_simple, recipe_of
from core.runs import Run, add_event, get_run, run_folder, validate_run_name

# How a recipe reads in a run's name.
_RECIPES_IN_NAMES = {
    "feature-extraction": "{dataset}, head on {backbone}",
    "top": "{dataset}, top of {backbone}",
    "head-first": "{dataset}, all of {backbone}",
    "gradual": "{dataset}, {backbone} step by step",
    "scratch": "{dataset}, {backbone} from scratch",
}


def submit(home: Home, plan: Plan, name: str = "") -> Run:
    """Put a plan at the end of its device's queue. Without a name it gets one that says what it is.

    Raises NotFound for a dataset, a version, a backbone or a teacher that is not there, BadPlan for a task or a device,
    Refused for a teacher that is not finished, BadWeights for one without a classifier.
    """
    dataset = load_datasets(home, plan)["source"]
    missing = [task for task in plan.tasks if task not in {known.name for known in dataset.tasks}]
    if missing:
        known = ", ".join(f'"{task.name}"' for task in dataset.tasks)
        raise BadPlan(f'"{dataset.name}" has no label column "{missing[0]}".', f"It has {known or 'none'}.")
    check_teacher(home, plan)
    wanted = validate_run_name(name) if name.strip() else default_run_name(plan, dataset.name)
    device, run_id = str(resolve_device(plan.device)), secrets.token_hex(5)
    folder = run_folder(home, run_id)
    with database(home, write=True) as db, _marked_deleted(folder):
        used = [row["name"] for row in db.execute("SELECT name FROM runs")]
        db.execute(
            "INSERT INTO runs (id, name, state, created, plan, plan_hash, dataset_id, device, lease_owner) "
            "VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
            (
                run_id,
                unused_name(wanted, used),
                time.time(),
                plan.model_dump_json(),
                plan.hash,
                dataset.id,
                device,
                this_process(),
            ),
        )
        add_event(db, run_id, "queued", "Put into the queue.")
        write_whole(folder / "plan.json", plan.model_dump_json(indent=1).encode())
    unmark_deleted(folder)
    return get_run(home, run_id)


@contextmanager
def _marked_deleted(folder: Path) -> Iterator[None]:
    """A new run's folder, which goes unless the database takes the run: now, or at the next start after a kill."""
    folder.mkdir(parents=True)
    mark_deleted(folder)
    try:
        yield
    except BaseException:
        delete_folder(folder)
        raise


def default_run_name(plan: Plan, dataset_name: str) -> str:
    """A name for a run of this plan: "clothes, top of ResNet 50"."""
    try:
        backbone = get_card(plan.backbone.name).title
    except NotFound as error:
        raise BadPlan(f'There is no network "{plan.backbone.name}".', error.remedy) from error
    if is_simple(plan.head.kind):
        return f"{dataset_name}, {SIMPLE_HEADS[plan.head.kind].title.lower()} on {backbone}"
    pattern = _RECIPES_IN_NAMES.get(recipe_of(plan) or "", "{dataset}, own recipe on {backbone}")
    return pattern.format(dataset=dataset_name, backbone=backbone)
