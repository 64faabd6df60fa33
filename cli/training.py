"""`graft plan`, `graft train`, and control of a run: `graft pause`, `graft resume` and `graft stop`."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.datasets import make_missing_sample
from cli.output import HomeOption, JsonOption, given_path, print_error, print_json, print_line, progress_bar
from core.errors import BadDataset, BadPlan
from core.home import Home, open_home
from core.names import shorten

if TYPE_CHECKING:
    from core.plans import Plan


class RecipeChoice(StrEnum):
    """The ids of `core.plans.RECIPES`, without its import; a test compares the two."""

    feature_extraction = "feature-extraction"
    top = "top"
    head_first = "head-first"
    gradual = "gradual"
    scratch = "scratch"


DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", help="Which photos: a dataset's name, or a built-in sample's, such as leaves."),
]
BackboneOption = Annotated[
    str | None,
    typer.Option("--backbone", help="Which pretrained network (`graft backbones`); one that is here if left out."),
]
RecipeOption = Annotated[RecipeChoice, typer.Option("--recipe", "--preset", help="How much of the network learns.")]
PlanOption = Annotated[
    Path | None,
    typer.Option("--plan", help="A plan file instead, as `graft plan` prints it.", parser=given_path, metavar="PATH"),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change one thing, such as epochs=5 or batch_size=16; may be repeated."),
]
TeacherOption = Annotated[
    str | None,
    typer.Option("--teacher", help="Learn from it beside the labels: an earlier run, or a pretrained network."),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target", help="Adapt to photos of another place as well: a dataset's name; its labels are not used."
    ),
]
TaskOption = Annotated[
    list[str] | None,
    typer.Option(
        "--task", help="A label column to learn, the first if left out; may be repeated: several are learned together."
    ),
]
RunArgument = Annotated[str, typer.Argument(help="The run's name, or the beginning of its id.")]


def register(app: typer.Typer) -> None:
    for command in (plan, train, pause, resume, stop):
        app.command()(command)


def plan(
    dataset: DatasetOption = None,
    backbone: BackboneOption = None,
    recipe: RecipeOption = RecipeChoice.feature_extraction,
    teacher: TeacherOption = None,
    target: TargetOption = None,
    task: TaskOption = None,
    set: SetOption = None,
    home: HomeOption = None,
) -> None:
    """Print the plan of a recipe, as a file to edit."""
    where = open_home(home)
    if dataset:
        make_missing_sample(where, dataset, quiet=False)
    made = _edited(where, _make_plan(where, dataset, backbone, recipe, None), teacher, target, task, set or [])
    print_line(made.model_dump_json(indent=1))


def train(
    dataset: DatasetOption = None,
    backbone: BackboneOption = None,
    recipe: RecipeOption = RecipeChoice.feature_extraction,
    plan: PlanOption = None,
    teacher: TeacherOption = None,
    target: TargetOption = None,
    task: TaskOption = None,
    set: SetOption = None,
    name: Annotated[str, typer.Option(help="What the run will be called.")] = "",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Train a model. Ctrl-C ends it so that it can be resumed.

    With --json a line comes before it begins (`"event": "begins"`) with what is worth knowing, and one at its end;
    before them one (`"event": "imported"`) where the built-in sample had to be made first.
    """
    where = open_home(home)
    sample = make_missing_sample(where, dataset, json) if dataset and not plan else None
    if sample and json:
        print_json({"event": "imported", "dataset": sample.name, "id": sample.id, "images": len(sample)})
    chosen = _edited(where, _make_plan(where, dataset, backbone, recipe, plan), teacher, target, task, set or [])

    from cli.follow import follow_run  # loads torch, after a faulty plan has been refused
    from core.execution import submit

    warnings = _check_plan(where, chosen)
    if not json:
        for warning in warnings:
            print_error(f"Note: {warning}")
    download_missing_weights(where, chosen, quiet=json)
    expected = _estimate(where, chosen, quiet=json)
    run = submit(where, chosen, name)
    if json:
        print_json({"event": "begins", "run": run.id, "name": run.name, "warnings": warnings, **expected})
    raise typer.Exit(follow_run(where, run, json))


def pause(run: RunArgument, home: HomeOption = None) -> None:
    """Hold a run at its next step; it keeps its device."""
    from core.runs import pause as request_pause

    print_line(f'"{request_pause(open_home(home), run).name}" pauses at its next step.')


def resume(run: RunArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """Go on with a run that is paused, was interrupted, or failed."""
    from core.runs import resume as request_resume

    where = open_home(home)
    requested = request_resume(where, run)
    if requested.state != "queued":
        print_line(f'"{requested.name}" goes on.')
        return
    from cli.follow import follow_run

    raise typer.Exit(follow_run(where, requested, json))


def stop(run: RunArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """End a run and keep its best epoch."""
    from core.runs import stop as request_stop

    where = open_home(home)
    requested = request_stop(where, run)
    if requested.state != "queued":
        print_line(
            f'"{requested.name}" is stopped.' if requested.is_over else f'"{requested.name}" stops at its next step.'
        )
        return
    from cli.follow import follow_run  # it was interrupted: its best epoch is yet to be scored

    raise typer.Exit(follow_run(where, requested, json))


def chosen_plan(
    home: Home,
    dataset: str | None,
    backbone: str | None,
    recipe: RecipeChoice,
    file: Path | None,
    target: str | None,
    changes: list[str],
    quiet: bool,
) -> "Plan":
    """The plan that these options name; a built-in sample is made and weights are downloaded where they are missing."""
    if dataset and not file:
        make_missing_sample(home, dataset, quiet)
    plan = _edited(home, _make_plan(home, dataset, backbone, recipe, file), None, target, None, changes)
    download_missing_weights(home, plan, quiet)
    return plan


def _make_plan(
    home: Home, dataset: str | None, backbone: str | None, recipe: RecipeChoice, file: Path | None
) -> "Plan":
    from core.plans import make_plan, read_plan

    if file is not None:
        if dataset or backbone:
            raise BadPlan("A plan file names its dataset and backbone already.", "Leave out --dataset and --backbone.")
        return read_plan(file)
    if dataset is None:
        raise BadPlan("Nothing says which photos to learn from.", "Add --dataset NAME or --plan FILE.")
    from core.backbones import default_card, describe_stages, get_card
    from core.datasets import load_dataset

    photos = load_dataset(home, dataset)
    network = get_card(backbone) if backbone else default_card(home)
    return make_plan(photos, network, describe_stages(network), recipe.value)


def _edited(
    home: Home, plan: "Plan", teacher: str | None, target: str | None, tasks: list[str] | None, changes: list[str]
) -> "Plan":
    """The plan with a teacher, a target, other tasks, and single changes."""
    from core.plans import change, set_target, set_tasks

    if tasks:
        plan = set_tasks(plan, tasks)
    if teacher:
        plan = _with_teacher(home, plan, teacher)
    if target:
        from core.datasets import find_dataset

        found = find_dataset(home, target)
        plan = set_target(plan, found.id, found.version)
    for each in changes:
        plan = change(plan, each)
    return plan


def _with_teacher(home: Home, plan: "Plan", teacher: str) -> "Plan":
    """Copy a plan with a run or a network as its teacher. Raises NotFound for a name that is neither."""
    from core.backbones import get_card
    from core.errors import NotFound
    from core.plans import BackboneChoice, Teacher, set_teacher
    from core.runs import get_run

    try:
        return set_teacher(plan, Teacher(run=get_run(home, teacher).id))
    except NotFound:
        pass
    try:
        return set_teacher(plan, Teacher(backbone=BackboneChoice(name=get_card(teacher).name)))
    except NotFound as error:
        raise NotFound(
            f'"{shorten(teacher)}" is neither a run nor a network.', "See `graft runs` and `graft backbones`."
        ) from error


def _check_plan(home: Home, plan: "Plan") -> list[str]:
    """The warnings that the photos' page and the plan's would show. Raises BadDataset or BadPlan for a plan that cannot
    train.
    """
    from core.datasets import check, load_dataset
    from core.execution import preflight_checks

    photos = load_dataset(home, plan.source.id, plan.source.version)
    of_photos, of_plan = check(photos), preflight_checks(home, plan, photos)
    for found in of_photos:
        if found.level == "stop":
            raise BadDataset(found.sentence)
    for found in of_plan:
        if found.level == "stop":
            raise BadPlan(found.sentence)
    return [found.sentence for found in (*of_photos, *of_plan) if found.level == "warning"]


def _estimate(home: Home, plan: "Plan", quiet: bool) -> dict[str, float | None]:
    """Print how long the run will take, and return it for JSON: seconds from now on, those of them before the first
    photo is computed, and those that this process took already. None where memory does not suffice to find out.
    """
    import psutil

    from core.backbones import get_card
    from core.datasets import load_dataset
    from core.errors import TooLittleMemory
    from core.profiling import estimate_before_start, head_size
    from core.units import format_rough_duration

    dataset = load_dataset(home, plan.source.id, plan.source.version)
    try:
        found = estimate_before_start(home, plan, dataset, head_size(plan, dataset, get_card(plan.backbone.name)))
    except TooLittleMemory:  # the run itself computes in smaller parts
        return {"estimated_seconds": None, "estimated_start_seconds": None, "seconds_before": None}
    if not quiet:
        start = format_rough_duration(found.start_seconds)
        print_error(f"It will take {format_rough_duration(found.seconds)}, of which {start} to start.")
    return {
        "estimated_seconds": round(found.seconds, 1),
        "estimated_start_seconds": round(found.start_seconds, 1),
        "seconds_before": round(time.time() - psutil.Process().create_time(), 1),
    }


def download_missing_weights(home: Home, plan: "Plan", quiet: bool) -> None:
    """Download pretrained weights of the backbone and the teacher that are not here yet."""
    from core.backbones import download_weights, get_card, weights_present

    teacher = plan.teacher.backbone if plan.teacher else None
    for choice in (plan.backbone, teacher):
        if choice and choice.weights == "pretrained" and not weights_present(home, get_card(choice.name)):
            with progress_bar(quiet) as progress:
                download_weights(home, get_card(choice.name), progress)
