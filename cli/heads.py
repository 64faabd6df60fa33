"""`graft heads`: simple heads side by side on a network's features, in seconds and without a run."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.datasets import make_missing_sample
from cli.output import HomeOption, JsonOption, print_error, print_json, print_table, progress_bar
from cli.training import BackboneOption, download_missing_weights
from core.errors import BadPlan
from core.home import Home, open_home
from core.names import shorten

if TYPE_CHECKING:
    from core.datasets import Dataset
    from core.evaluation import OutOfFold
    from core.plans import Plan


def register(app: typer.Typer) -> None:
    app.command()(heads)


def heads(
    dataset: Annotated[
        str, typer.Option("--dataset", help="Which photos: a dataset's name, or a built-in sample's, such as leaves.")
    ],
    backbone: BackboneOption = None,
    task: Annotated[str | None, typer.Option(help="Which label column; the first if left out.")] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Compare simple heads on what a pretrained network sees in your photos, by cross-validation.

    Training and validation photos take turns as judges, no photo of a group beside another one; test photos stay shut.
    """
    where = open_home(home)
    make_missing_sample(where, dataset, quiet=json)
    plan = _plan(where, dataset, backbone, task)

    from core.activity import activity_in_words
    from core.job import Event, Prepared
    from core.training import compare_heads

    download_missing_weights(where, plan, quiet=json)
    with progress_bar(quiet=json) as progress:

        def tell(event: Event) -> None:
            if isinstance(event, Prepared):
                progress(event.done, event.total, activity_in_words(event.kind))

        found = compare_heads(where, plan, tell)
    if json:
        print_json([_facts(each) for each in found])
    else:
        _print_heads(found, dataset)


def _plan(home: Home, name: str, backbone: str | None, task: str | None) -> "Plan":
    from core.backbones import default_card, describe_stages, get_card
    from core.datasets import load_dataset
    from core.plans import make_plan

    photos, card = load_dataset(home, name), get_card(backbone) if backbone else default_card(home)
    plan = make_plan(photos, card, describe_stages(card))
    return plan.model_copy(update={"tasks": (task_name(photos, task),)}) if task else plan


def task_name(dataset: "Dataset", task: str) -> str:
    """Of a label column that the dataset has. Raises BadPlan."""
    names = [each.name for each in dataset.tasks]
    if task not in names:
        raise BadPlan(f'"{dataset.name}" has no label column "{shorten(task)}".', f"It has {', '.join(names)}.")
    return task


def _facts(head: "OutOfFold") -> dict[str, Any]:
    accuracy = head.accuracy
    return {
        "head": head.kind,
        "task": head.subject.task,
        "photos": len(head.labels),
        "accuracy": round(accuracy.value, 6),
        "low": round(accuracy.low, 6),
        "high": round(accuracy.high, 6),
        "setting": head.setting,
        "seconds": round(head.seconds, 2),
    }


def _print_heads(found: "tuple[OutOfFold, ...]", dataset: str) -> None:
    from core.evaluation import by_accuracy
    from core.plans import SIMPLE_HEADS

    ranked = by_accuracy(found)
    print_table(
        ["head", "right, cross-validated", "chosen", "seconds"],
        [
            (
                each.kind,
                each.accuracy.text,
                f"{SIMPLE_HEADS[each.kind].setting} = {each.setting:g}" if SIMPLE_HEADS[each.kind].setting else "",
                f"{each.seconds:.1f}",
            )
            for each in ranked
        ],
    )
    print_error(f"{len(ranked[0].labels):,} training and validation photos judged, each by heads that did not see it.")
    print_error(f'To train with one: graft train --dataset "{dataset}" --set head.kind={ranked[0].kind}')
