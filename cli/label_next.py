"""`graft label-next`: which photos without a label a model would learn most from, and what it takes them for."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.heads import task_name
from cli.output import HomeOption, JsonOption, print_error, print_json, print_table, progress_bar
from cli.training import BackboneOption, download_missing_weights
from core.home import open_home

if TYPE_CHECKING:
    from core.training import Round


def register(app: typer.Typer) -> None:
    app.command("label-next")(label_next)


def label_next(
    name: Annotated[str, typer.Argument(help="The dataset, some of whose photos have labels.")],
    count: Annotated[int, typer.Option(min=1, max=1_000, help="How many photos to ask about.")] = 20,
    task: Annotated[str | None, typer.Option(help="Which label column; the first if left out.")] = None,
    backbone: BackboneOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List the photos without a label from which a model would learn most: it is unsure of them, and they differ.

    Only training photos are asked about. Labels are given on the photos page, or in the table that is imported.
    """
    from core.backbones import default_card, describe_stages, get_card
    from core.datasets import load_dataset
    from core.plans import make_plan, set_tasks
    from core.training import next_round

    where = open_home(home)
    dataset, card = load_dataset(where, name), get_card(backbone) if backbone else default_card(where)
    plan = make_plan(dataset, card, describe_stages(card))
    plan = set_tasks(plan, [task_name(dataset, task)]) if task else plan
    download_missing_weights(where, plan, quiet=json)
    with progress_bar(quiet=json) as progress:
        found = next_round(where, dataset, dataset.task(plan.tasks[0]), plan.backbone, plan.image_size, count, progress)
    names = dict(zip(dataset.table["image_id"], dataset.table["name"], strict=True))
    if json:
        print_json(_facts(found, plan.tasks[0], names))
    else:
        _print_round(found, names)


def _facts(found: "Round", task: str, names: dict[str, str]) -> dict[str, Any]:
    point = found.curve[-1] if found.curve else None
    return {
        "task": task,
        "photos": [
            {"image_id": each.image_id, "name": names[each.image_id], "suggestion": each.suggestion,
             "confidence": round(each.confidence, 4)}
            for each in found.questions
        ],
        "unlabelled": len(found.guesses),
        "labels": point.labels if point else None,
        "accuracy": point.accuracy.model_dump() if point else None,
        "judged_by": point.by if point else None,
        "judges": point.judges if point else None,
        "seconds": round(found.seconds, 2),
    }  # fmt: skip


def _print_round(found: "Round", names: dict[str, str]) -> None:
    rows = [(names[each.image_id], each.suggestion, f"{100 * each.confidence:.0f} %") for each in found.questions]
    print_table(["photo", "suggestion", "confidence"], rows)
    if found.curve:
        point = found.curve[-1]
        print_error(f"{point.accuracy.text} right with {point.labels:,} labels, by {point.judged_in_words}.")
    print_error(f"{len(found.guesses):,} photos in train have no label.")
