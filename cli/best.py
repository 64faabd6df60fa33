"""`graft best`: networks, photo sizes, heads and recipes, tried for some minutes, and a plan of the best."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.datasets import make_missing_sample
from cli.heads import task_name
from cli.output import HomeOption, JsonOption, print_json, print_line, print_table, progress_bar
from cli.trying import TakeOption
from core.home import open_home

if TYPE_CHECKING:
    from core.execution import Best, Tried


def register(app: typer.Typer) -> None:
    app.command()(best)


def best(
    dataset: Annotated[
        str, typer.Option("--dataset", help="Which photos: a dataset's name, or a built-in sample's, such as leaves.")
    ],
    minutes: Annotated[float, typer.Option(min=0.1, max=1_440, help="How long to try at most.")] = 5,
    task: Annotated[str | None, typer.Option(help="Which label column; the first if left out.")] = None,
    take: TakeOption = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Find the best network, photo size, head and recipe for a dataset.

    Networks that are here take part. Training and validation photos choose; test photos stay shut. Ctrl-C ends it.
    """
    where = open_home(home)
    make_missing_sample(where, dataset, quiet=json or take)

    from core.datasets import load_dataset
    from core.execution import Best, find_best

    photos = load_dataset(where, dataset)
    chosen = task_name(photos, task) if task else photos.tasks[0].name
    tried: list[Tried] = []
    found: Best | None = None
    with progress_bar(json) as progress:
        for each in find_best(where, photos, chosen, 60 * minutes, progress):
            if isinstance(each, Best):
                found = each
            else:
                tried.append(each)
    assert found, "it ends with the best"
    if json:
        print_json(
            {
                "tried": [_facts(each) for each in tried],
                "why": found.why,
                "flattered": found.flattered,
                "plan": found.plan.model_dump(mode="json"),
            }
        )
    elif take:
        print_line(found.plan.model_dump_json(indent=1))
    else:
        _print(tried, found)


def _facts(tried: "Tried") -> dict[str, object]:
    return {**asdict(tried), "accuracy": tried.accuracy.model_dump()}


def _print(tried: "list[Tried]", found: "Best") -> None:
    columns = ("network", "pixels", "what learns", "photos", "right", "judged by", "seconds")
    rows = [
        (
            each.network,
            str(each.size),
            each.way,
            f"{each.photos:,}",
            f"{100 * each.accuracy.value:.1f} %",
            "cross-validation" if each.is_cross_validated else "validation photos",
            f"{each.seconds:.0f}",
        )
        for each in tried
    ]
    print_table(columns, rows)
    print_line(found.in_words)
