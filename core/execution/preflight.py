"""What stands in a plan's way: in the plan itself, on this disk, in this home, and what is not on this computer yet."""

from core.backbones import check_has_classifier, describe_stages, get_card, weights_present
from core.datasets import Dataset, load_dataset
from core.distillation import teacher_run_not_found
from core.errors import Check, GraftError, NotFound, Refused
from core.home import Home, free_bytes
from core.job import target_rows
from core.plans import Plan, check_plan, stops_first
from core.profiling import room_needed
from core.runs import HAS_RESULTS, Run, get_run, has_best, list_runs
from core.units import format_bytes


def preflight_checks(home: Home, plan: Plan, dataset: Dataset) -> list[Check]:
    """Everything worth saying before a plan is started here, what stops it first.

    dataset: the version that the plan names. What `missing_here` gives is not in it.
    """
    card = get_card(plan.backbone.name)
    return stops_first([*check_plan(plan, dataset, card, describe_stages(card)), *local_warnings(home, plan, dataset)])


def missing_here(home: Home, plan: Plan) -> list[str]:
    """What the plan names and is not on this computer, its weights, its teacher and its target: one sentence each."""
    return [*_missing_weights(home, plan), *_missing_teacher(home, plan), *_missing_target(home, plan)]


def local_warnings(home: Home, plan: Plan, dataset: Dataset) -> list[Check]:
    """Warnings that depend on this computer and on the runs of this home. dataset: the version that the plan names."""
    return [*_disk_warnings(home, plan), *_teacher_warnings(home, plan, dataset), *_target_checks(home, plan, dataset)]


def _disk_warnings(home: Home, plan: Plan) -> list[Check]:
    """Too little room for the checkpoints, which would end the run after its first epoch. The head is not counted."""
    needed = room_needed(plan, [stage.parameters for stage in describe_stages(get_card(plan.backbone.name))])
    free = free_bytes(home.root)
    if needed <= free:
        return []
    sentence = f"This run keeps {needed / 1e6:,.0f} MB on the disk, and only {free / 1e6:,.0f} MB are free"
    return [Check("warning", f"{sentence}: it will end when the disk is full. Free some room first.")]


def _teacher_warnings(home: Home, plan: Plan, dataset: Dataset) -> list[Check]:
    """Validation and test photos that the teacher, an earlier run, was trained on: with another split there are some,
    and what the teacher knows of them leaks into the student.
    """
    if plan.teacher is None or plan.teacher.run is None:
        return []
    try:
        source = get_run(home, plan.teacher.run).plan.source
        if source == plan.source:
            return []
        teachers_dataset = load_dataset(home, source.id, source.version)
    except NotFound:
        return []
    trained_on = set(teachers_dataset.table["hash"].iloc[teachers_dataset.indices("train")])
    held_out = (dataset.table["hash"].iloc[dataset.indices(split)] for split in ("validation", "test"))
    leaked = sum(hashes.isin(trained_on).sum() for hashes in held_out)
    if not leaked:
        return []
    sentence = (
        f"The teacher learned from {leaked:,} of the photos that judge this model: figures will look a little better"
    )
    return [Check("warning", f"{sentence} than they are. Train the teacher anew on this version of the photos.")]


def _target_checks(home: Home, plan: Plan, dataset: Dataset) -> list[Check]:
    """Photos that are in both datasets, and few photos to adapt to. A target that is gone is said elsewhere."""
    if plan.target is None:
        return []
    try:
        target = load_dataset(home, plan.target.id, plan.target.version)
    except NotFound:
        return []
    rows, found = target_rows(target), []
    if not len(rows):
        found.append(Check("stop", f'All photos of "{target.name}" are kept for its test: split them again.'))
    elif len(rows) < plan.batch_size:
        some = f"{len(rows):,} photo{'' if len(rows) == 1 else 's'}"
        found.append(
            Check("warning", f'"{target.name}" has {some} to adapt to: a hundred or more tell what it is like.')
        )
    both = int(target.table["hash"].isin(set(dataset.table["hash"])).sum())
    if both:
        some = f'1 photo of "{target.name}" is' if both == 1 else f'{both:,} photos of "{target.name}" are'
        found.append(Check("warning", f"{some} also among those with labels, so the two places differ less."))
    return found


def _missing_weights(home: Home, plan: Plan) -> list[str]:
    card = get_card(plan.backbone.name)
    if plan.backbone.weights != "pretrained" or weights_present(home, card):
        return []
    size = format_bytes(card.weights_bytes)
    return [
        f"the weights of {card.title} ({size}) are not on this computer yet. Choose it on the Model page to fetch them."
    ]


def _missing_teacher(home: Home, plan: Plan) -> list[str]:
    try:
        check_teacher(home, plan)
    except GraftError as error:
        return [f"{error.sentence} {error.remedy}"]
    return []


def _missing_target(home: Home, plan: Plan) -> list[str]:
    if plan.target is None:
        return []
    try:
        load_dataset(home, plan.target.id, plan.target.version)
    except NotFound:
        return ["the dataset that the model is to be adapted to is not here any more. Choose another one."]
    return []


def teacher_runs(home: Home, dataset_id: str) -> list[Run]:
    """Runs on these photos that can be a teacher, the newest first."""
    return [run for run in list_runs(home) if run.dataset_id == dataset_id and _can_be_teacher(home, run)]


def check_teacher(home: Home, plan: Plan) -> None:
    """Raises NotFound where the plan's teacher is gone or its weights are not here, Refused where it is not finished,
    and BadWeights for a network without a classifier.
    """
    if plan.teacher is None:
        return
    if plan.teacher.backbone:
        check_has_classifier(home, plan.teacher.backbone, get_card(plan.teacher.backbone.name))
        return
    try:
        run = get_run(home, str(plan.teacher.run))
    except NotFound as error:
        raise teacher_run_not_found() from error
    if run.id != plan.teacher.run:  # a name, or the beginning of an id: nothing that training would find
        raise teacher_run_not_found()
    if not _can_be_teacher(home, run):
        raise Refused(f'"{run.name}" cannot teach before its training has ended.', "Wait for it, or stop it.")


def _can_be_teacher(home: Home, run: Run) -> bool:
    """Whether its model is final: one that still changes would teach two things."""
    return run.state in HAS_RESULTS and has_best(home, run.id)
