"""`graft import`, `graft datasets` and `graft delete`."""

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import (
    HomeOption,
    JsonOption,
    given_path,
    print_error,
    print_json,
    print_line,
    print_table,
    progress_bar,
)
from cli.preview import print_preview
from core.errors import BadInput, NotFound
from core.home import Home, Progress, open_home
from core.names import shorten

if TYPE_CHECKING:
    from core.datasets import Dataset, DatasetSummary

SAMPLE, PUBLIC = "sample:", "public:"
REJECTED_SHOWN = 5


class Deletable(StrEnum):
    dataset = "dataset"
    run = "run"


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command()(datasets)
    app.command()(delete)


def import_(
    name: Annotated[str, typer.Argument(help="What the dataset will be called.")],
    source: Annotated[
        str, typer.Argument(help="A zip, a folder, a CSV, or sample:NAME or public:NAME (`graft import x sample:`).")
    ],
    validation: Annotated[float, typer.Option(min=0, max=1, help="Share of the photos that judge each epoch.")] = 0.1,
    test: Annotated[float, typer.Option(min=0, max=1, help="Share that is set aside for the very end.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Another number draws another split.")] = 0,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Loose photos without labels, for a model to be adapted to.")
    ] = False,
    columns: Annotated[
        list[str] | None, typer.Option(help="What columns mean: group=patient_id,class=dx. --dry-run lists them.")
    ] = None,
    splits: Annotated[
        list[str] | None, typer.Option(help="What the words of a split column mean: 1=train,2=validation,3=test.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make a dataset from photos in class folders, a zip of them, or a table with labels."""
    from core.datasets import SplitPlan, import_dataset, import_unlabelled, parse_choice, preview_source

    where = open_home(home)
    choice = parse_choice(columns or (), splits or ())
    by_name = source.startswith((SAMPLE, PUBLIC))
    if by_name and (dry_run or choice):
        raise BadInput(f'"{shorten(source)}" has no columns to choose.', "Leave --columns, --splits and --dry-run out.")
    if unlabelled and (by_name or dry_run or choice):
        raise BadInput(
            "Photos without labels have no columns, and a set by name has labels.",
            "Name a folder or a zip, and leave --columns, --splits and --dry-run out.",
        )
    path = given_path(os.path.expanduser(source))
    split = SplitPlan(train=1 - validation - test, validation=validation, test=test, seed=seed)
    if dry_run:
        print_preview(preview_source(where, path, choice), split, json)
        return
    with progress_bar(quiet=json) as progress:
        if by_name:
            dataset = _import_by_name(where, name, source, progress)
        elif unlabelled:
            dataset = import_unlabelled(where, name, path, progress=progress)
        else:
            dataset = import_dataset(where, name, path, split=split, columns=choice, progress=progress)
    _print_dataset(dataset, json)


def _import_by_name(home: Home, name: str, source: str, progress: Progress) -> "Dataset":
    """Import `sample:NAME` or `public:NAME`. Raises NotFound, listing the names there are."""
    from core.datasets import import_public, import_sample, public_sets, samples

    kind, _, set_name = source.partition(":")
    known = [each.id for each in (samples() if kind == "sample" else public_sets())]
    if set_name not in known:
        raise NotFound(f'There is no {kind} set "{shorten(set_name)}".', f"There are: {', '.join(known)}.")
    if kind == "sample":
        return import_sample(home, set_name, name, progress)
    return import_public(home, set_name, name=name, progress=progress)


def make_missing_sample(home: Home, name: str, quiet: bool) -> "Dataset | None":
    """Make the built-in sample that a dataset's name means where no dataset is called so, and say so, in words or as
    JSON; None where there is one, or no such sample.
    """
    from core.datasets import find_dataset, import_sample, samples

    try:
        find_dataset(home, name)
        return None
    except NotFound:
        known = {sample.id: sample for sample in samples()}
        sample = known.get(name.strip().casefold())
    if sample is None:
        return None
    if not quiet:
        print_error(f'No dataset is called "{sample.id}" yet: making the built-in sample, {sample.images:,} pictures.')
    with progress_bar(quiet) as progress:
        return import_sample(home, sample.id, sample.id, progress)


def _print_dataset(dataset: "Dataset", json: bool) -> None:
    from core.datasets import check

    warnings = [found.sentence for found in check(dataset) if found.level != "ok"]
    counts = {task.name: dataset.counts(task) for task in dataset.tasks}
    splits = {split: len(dataset.indices(split)) for split in ("train", "validation", "test")}
    if json:
        rejected = [{"name": each.name, "reason": each.reason} for each in dataset.rejected]
        print_json({"dataset": dataset.name, "id": dataset.id, "version": dataset.version, "images": len(dataset),
                  "splits": splits, "classes": counts, "notes": list(dataset.notes), "warnings": warnings,
                  "rejected": rejected})  # fmt: skip
        return
    split_sizes = ", ".join(f"{count:,} for {split}" for split, count in splits.items())
    print_line(f'"{dataset.name}": {len(dataset):,} photos ({split_sizes}).')
    for task, class_counts in counts.items():
        print_table([task, "photos"], [(label, f"{count:,}") for label, count in class_counts.items()])
    for note in dataset.notes:
        print_line(note)
    for warning in warnings:
        print_line(f"Note: {warning}")
    for each in dataset.rejected[:REJECTED_SHOWN]:
        print_error(f"Left out: {each.name}: {each.reason}")
    if len(dataset.rejected) > REJECTED_SHOWN:
        print_error(f"Left out: {len(dataset.rejected) - REJECTED_SHOWN:,} more; the dashboard lists them all.")


def datasets(json: JsonOption = False, home: HomeOption = None) -> None:
    """List the datasets."""
    from core.datasets import list_datasets

    found = list_datasets(open_home(home))
    if json:
        print_json(
            [
                {"name": d.name, "id": d.id, "version": d.version, "images": d.images, "splits": d.counts,
                 "damage": d.damage, "tasks": {task.name: list(task.classes) for task in d.tasks}}
                for d in found
            ]
        )  # fmt: skip
    elif not found:
        print_line(
            "There is no dataset yet. Make one with `graft import NAME FOLDER`, "
            "or try `graft import leaves sample:leaves`."
        )
    else:
        print_table(
            ["name", "photos", "classes", "version"],
            [(d.name, f"{d.images:,}", _classes_in_words(d), d.version) for d in found],
        )


def _classes_in_words(dataset: "DatasetSummary") -> str:
    if dataset.damage:
        return "damaged"
    return ", ".join(str(len(task.classes)) for task in dataset.tasks) or "no labels"


def delete(
    kind: Annotated[Deletable, typer.Argument(help="What it is.")],
    name: Annotated[str, typer.Argument(help="Its name or id.")],
    home: HomeOption = None,
) -> None:
    """Delete a dataset or a run."""
    where = open_home(home)
    if kind is Deletable.run:
        from core.runs import delete_run, find_run

        run_id, run_name = find_run(where, name)
        delete_run(where, run_id)
        print_line(f'The run "{run_name}" is deleted.')
    else:
        from core.datasets import delete_dataset, find_dataset

        dataset = find_dataset(where, name)
        delete_dataset(where, dataset.id)
        print_line(f'The dataset "{dataset.name}" is deleted.')
