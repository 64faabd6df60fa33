"""`graft group`: photos sorted into groups by what a pretrained network sees, without a look at labels."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.datasets import make_missing_sample
from cli.output import HomeOption, JsonOption, print_error, print_json, print_table, progress_bar
from core.home import Home, open_home

if TYPE_CHECKING:
    import numpy as np

    from core.datasets import Dataset
    from core.grouping import Groups

NAMES_SHOWN = 3


class GroupingMethod(StrEnum):
    k_means = "k-means"
    hdbscan = "hdbscan"


def register(app: typer.Typer) -> None:
    app.command()(group)


def group(
    dataset: Annotated[str, typer.Argument(help="Which photos: a dataset's name, or a built-in sample's.")],
    count: Annotated[
        int | None, typer.Option(help="How many groups; as many as stand apart best if left out.", show_default=False)
    ] = None,
    method: Annotated[
        GroupingMethod, typer.Option(help="hdbscan finds the number itself, and leaves odd photos out.")
    ] = GroupingMethod.k_means,
    backbone: Annotated[
        str | None, typer.Option(help="The network that looks at them; what a new plan begins with if left out.")
    ] = None,
    save: Annotated[
        str | None, typer.Option(help="Make a dataset of this name, its classes called group 1, group 2 ...")
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Sort photos into groups of what looks alike to a pretrained network, the most typical photos first.

    Such groups need not be what a person would call a class: look at them, and name them, on the photos page.
    """
    from core.backbones import default_card, download_weights, get_card, weights_present  # loads torch
    from core.datasets import load_dataset
    from core.grouping import UNGROUPED, group_photos

    where = open_home(home)
    make_missing_sample(where, dataset, quiet=json)
    photos, card = load_dataset(where, dataset), get_card(backbone) if backbone else default_card(where)
    with progress_bar(quiet=json) as progress:
        if not weights_present(where, card):
            download_weights(where, card, progress)
        axes, groups = group_photos(where, photos, method.value, count, card, progress)
    saved = _save(where, photos, groups, save, json) if save else None
    found = {_title(number): _names(photos, groups, number, axes) for number in groups.shown}
    left_out = _names(photos, groups, UNGROUPED, axes)
    if json:
        listed = [{"group": title, "photos": names} for title, names in found.items()]
        print_json({"dataset": photos.name, "method": method.value, "backbone": card.name, "groups": listed,
                    "left_out": left_out, "saved": saved.name if saved else None})  # fmt: skip
        return
    rows = [(title, f"{len(names):,}", ", ".join(names[:NAMES_SHOWN])) for title, names in found.items()]
    print_table(["group", "photos", "the most typical"], rows)
    if left_out:
        print_error(f"In no group, for they are like few others: {len(left_out):,}.")
    if saved:
        print_error(f'To train on them: graft train --dataset "{saved.name}"')


def _title(number: int) -> str:
    return f"group {number + 1}"


def _names(dataset: "Dataset", groups: "Groups", number: int, axes: "np.ndarray") -> list[str]:
    """What the photos of a group are called, the most typical first."""
    from core.grouping import most_typical_first

    return dataset.table["name"].iloc[most_typical_first(groups, number, axes)].tolist()


def _save(home: Home, dataset: "Dataset", groups: "Groups", name: str, quiet: bool) -> "Dataset":
    from core.grouping import class_of_each, rename, save_as_dataset

    for number in groups.shown:
        groups = rename(groups, number, _title(number))
    with progress_bar(quiet) as progress:
        return save_as_dataset(home, dataset, name, class_of_each(groups, list(dataset.table["image_id"])), progress)
