"""What stands in a plan's way here, beside what `core.plans.warnings` says of it: this disk, the runs of this home."""

from core.backbones import describe_stages, get_card
from core.datasets import Dataset, load_dataset
from core.errors import NotFound
from core.home import Home, free_bytes
from core.plans import Advice, Plan
from core.profiling import room_needed
from core.runs import get_run


def warnings_here(home: Home, plan: Plan, dataset: Dataset) -> list[Advice]:
    """Everything worth saying. dataset: the version that the plan names."""
    return [*_room(home, plan), *_teacher(home, plan, dataset)]


def _room(home: Home, plan: Plan) -> list[Advice]:
    """Too little of it is said before the first epoch is saved, which would end the run. The head is not counted."""
    needed = room_needed(plan, [stage.parameters for stage in describe_stages(get_card(plan.backbone.name))])
    free = free_bytes(home.root)
    if needed <= free:
        return []
    sentence = f"This run keeps {needed / 1e6:,.0f} MB on the disk, and only {free / 1e6:,.0f} MB are free"
    return [Advice("look", f"{sentence}: it will end when the disk is full. Free some room first.")]


def _teacher(home: Home, plan: Plan, dataset: Dataset) -> list[Advice]:
    """Photos that are to judge the plan's model and that its teacher, an earlier run, learned from: with another split
    there are some, and what is said about them reaches the student by the teacher.
    """
    if plan.teacher is None or plan.teacher.run is None:
        return []
    try:
        then = get_run(home, plan.teacher.run).plan.source
        taught = None if then == plan.source else load_dataset(home, then.id, then.version)
    except NotFound:
        return []
    if taught is None:
        return []
    known = set(taught.table["hash"].iloc[taught.indices("train")])
    met = sum(dataset.table["hash"].iloc[dataset.indices(split)].isin(known).sum() for split in ("validation", "test"))
    if not met:
        return []
    sentence = (
        f"The teacher learned from {met:,} of the photos that judge this model: figures will look a little better"
    )
    return [Advice("look", f"{sentence} than they are. Train the teacher anew on this version of the photos.")]
