"""`graft plan`, `graft train`, and what one asks of a run: `pause`, `resume`, `stop`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.screen import HomeOption, JsonOption, complain, say, telling
from core.errors import BadDataset, BadPlan
from core.home import Home, open_home

if TYPE_CHECKING:
    from core.plans import Plan


class Preset(StrEnum):
    """The ids of `core.plans.RECIPES`; a test holds the two together."""

    feature_extraction = "feature-extraction"
    top = "top"
    head_first = "head-first"
    gradual = "gradual"
    scratch = "scratch"


DatasetOption = Annotated[str | None, typer.Option("--dataset", help="Which photos: a dataset's name.")]
BackboneOption = Annotated[
    str | None,
    typer.Option("--backbone", help="Which pretrained network (`graft backbones`); one that is here if left out."),
]
PresetOption = Annotated[Preset, typer.Option("--preset", help="How much of the network learns.")]
PlanOption = Annotated[Path | None, typer.Option("--plan", help="A plan file instead, as `graft plan` prints it.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change one thing, such as epochs=5 or batch_size=16; may be repeated."),
]
TeacherOption = Annotated[
    str | None,
    typer.Option("--teacher", help="Learn from it beside the labels: an earlier run, or a pretrained network."),
]
RunArgument = Annotated[str, typer.Argument(help="The run's name, or the beginning of its id.")]


def add_to(app: typer.Typer) -> None:
    for command in (plan, train, pause, resume, stop):
        app.command()(command)


def plan(
    dataset: DatasetOption = None,
    backbone: BackboneOption = None,
    preset: PresetOption = Preset.feature_extraction,
    teacher: TeacherOption = None,
    set: SetOption = None,
    home: HomeOption = None,
) -> None:
    """Print the plan of a preset, as a file to edit."""
    where = open_home(home)
    say(_make_plan(where, dataset, backbone, preset, None, teacher, set or []).model_dump_json(indent=1))


def train(
    dataset: DatasetOption = None,
    backbone: BackboneOption = None,
    preset: PresetOption = Preset.feature_extraction,
    plan: PlanOption = None,
    teacher: TeacherOption = None,
    set: SetOption = None,
    name: Annotated[str, typer.Option(help="What the run will be called.")] = "",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Train a model. Ctrl-C ends it so that it can be resumed."""
    where = open_home(home)
    chosen = _make_plan(where, dataset, backbone, preset, plan, teacher, set or [])

    from cli.follow import follow_run  # loads torch: what is wrong with the plan is said before
    from core.execution import queue

    _refuse_what_cannot_train(where, chosen, quiet=json)
    _get_weights(where, chosen, quiet=json)
    raise typer.Exit(follow_run(where, queue(where, chosen, name), json))


def pause(run: RunArgument, home: HomeOption = None) -> None:
    """Hold a run at its next step; it keeps its device."""
    from core.runs import pause as ask

    say(f'"{ask(open_home(home), run).name}" pauses at its next step.')


def resume(run: RunArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """Go on with a run that is paused, was interrupted, or failed."""
    from core.runs import resume as ask

    where = open_home(home)
    asked = ask(where, run)
    if asked.state != "queued":
        say(f'"{asked.name}" goes on.')
        return
    from cli.follow import follow_run

    raise typer.Exit(follow_run(where, asked, json))


def stop(run: RunArgument, json: JsonOption = False, home: HomeOption = None) -> None:
    """End a run and keep its best epoch."""
    from core.runs import stop as ask

    where = open_home(home)
    asked = ask(where, run)
    if asked.state != "queued":
        say(f'"{asked.name}" is stopped.' if asked.is_over else f'"{asked.name}" stops at its next step.')
        return
    from cli.follow import follow_run  # it was interrupted: its best epoch is yet to be scored

    raise typer.Exit(follow_run(where, asked, json))


def _make_plan(
    home: Home,
    dataset: str | None,
    backbone: str | None,
    preset: Preset,
    file: Path | None,
    teacher: str | None,
    changes: list[str],
) -> "Plan":
    from core.plans import change, make_plan, read_plan

    if file is not None:
        if dataset or backbone:
            raise BadPlan("A plan file names its dataset and backbone already.", "Leave out --dataset and --backbone.")
        made = read_plan(file)
    elif dataset is None:
        raise BadPlan("Nothing says which photos to learn from.", "Add --dataset NAME or --plan FILE.")
    else:
        from core.backbones import card, default_card, describe_stages
        from core.datasets import load_dataset

        photos = load_dataset(home, dataset)
        network = card(backbone) if backbone else default_card(home)
        made = make_plan(photos, network, describe_stages(network), preset.value)
    if teacher:
        made = _taught(home, made, teacher)
    for each in changes:
        made = change(made, each)
    return made


def _taught(home: Home, plan: "Plan", teacher: str) -> "Plan":
    """The same plan with that teacher. Raises NotFound for what is neither a run nor a network."""
    from core.backbones import card
    from core.errors import NotFound
    from core.plans import BackboneChoice, Teacher, set_teacher
    from core.runs import get_run

    try:
        return set_teacher(plan, Teacher(run=get_run(home, teacher).id))
    except NotFound:
        pass
    try:
        return set_teacher(plan, Teacher(backbone=BackboneChoice(name=card(teacher).name)))
    except NotFound as error:
        raise NotFound(
            f'"{teacher}" is neither a run nor a network.', "See `graft runs` and `graft backbones`."
        ) from error


def _refuse_what_cannot_train(home: Home, plan: "Plan", quiet: bool) -> None:
    """Say what the plan page would say. Raises BadDataset or BadPlan for what stops it."""
    from core.backbones import card, describe_stages
    from core.datasets import check, load_dataset
    from core.execution import warnings_here
    from core.plans import warnings

    photos, network = load_dataset(home, plan.source.id, plan.source.version), card(plan.backbone.name)
    for found in check(photos):
        if found.level == "stop":
            raise BadDataset(found.sentence)
    for advice in (*warnings(plan, photos, network, describe_stages(network)), *warnings_here(home, plan, photos)):
        if advice.level == "stop":
            raise BadPlan(advice.sentence)
        if advice.level == "look" and not quiet:
            complain(f"Note: {advice.sentence}")


def _get_weights(home: Home, plan: "Plan", quiet: bool) -> None:
    """Download what the plan begins with and who teaches, unless they are here."""
    from core.backbones import card, fetch, is_present

    teacher = plan.teacher.backbone if plan.teacher else None
    for choice in (plan.backbone, teacher):
        if choice and choice.weights == "pretrained" and not is_present(home, card(choice.name)):
            with telling(quiet) as tell:
                fetch(home, card(choice.name), tell)
