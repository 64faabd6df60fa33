"""What `graft import --dry-run` says: what each column means, what would come of it, and what has to be decided."""

from typing import TYPE_CHECKING

from cli.output import print_error, print_json, print_line, print_table

if TYPE_CHECKING:
    from core.datasets import Consequence, SplitPlan, Understanding

CLASSES_SHOWN = 20
REJECTED_SHOWN = 20


def print_preview(understanding: "Understanding | None", split: "SplitPlan", json: bool) -> None:
    """Print what an import would make. None: the format leaves no doubt, and there is nothing to choose."""
    from core.datasets import consequence

    if understanding is None:
        print_json({"columns": []}) if json else print_line("This format says itself what its photos show.")
        return
    found = consequence(understanding, split)
    if json:
        print_json(_as_json(understanding, found))
        return
    _print_columns(understanding)
    _print_consequence(found)
    for note in understanding.table.notes:
        print_line(note)
    for rejected in found.rejected[:REJECTED_SHOWN]:
        print_error(f"Would be left out: {rejected.name}: {rejected.reason}")
    if len(found.rejected) > REJECTED_SHOWN:
        print_error(f"Would be left out: {len(found.rejected) - REJECTED_SHOWN:,} more.")
    for question in understanding.questions:
        print_line(f"Not clear: {question.sentence} Say {' or '.join(question.options)}.")
    print_line("Nothing was imported.")


def _print_columns(understanding: "Understanding") -> None:
    if understanding.is_remembered:
        print_line("As it was decided before, for a table with the same columns; --columns decides anew.")
    rows = [(each.column, each.role, each.reason) for each in understanding.readings]
    print_table(["column", "is", "because"], rows)


def _print_consequence(found: "Consequence") -> None:
    sizes = ", ".join(f"{count:,} for {split}" for split, count in found.splits.items())
    print_line(f"{len(found.photos):,} photos; the splits are {'drawn' if found.are_drawn else 'given'}: {sizes}.")
    if found.groups:
        print_line(f"{found.groups:,} groups of photos that stay together.")
    for task, counts in found.classes.items():
        shown = [(label, f"{count:,}") for label, count in list(counts.items())[:CLASSES_SHOWN]]
        more = [("...", f"{len(counts) - CLASSES_SHOWN:,} more classes")] if len(counts) > CLASSES_SHOWN else []
        print_table([task, "photos"], [*shown, *more])


def _as_json(understanding: "Understanding", found: "Consequence") -> dict[str, object]:
    return {
        "columns": [{"name": r.column, "role": r.role, "reason": r.reason} for r in understanding.readings],
        "remembered": understanding.is_remembered,
        "images": len(found.photos),
        "classes": found.classes,
        "groups": found.groups,
        "splits": found.splits,
        "drawn": found.are_drawn,
        "notes": list(understanding.table.notes),
        "questions": [{"sentence": q.sentence, "options": list(q.options)} for q in understanding.questions],
        "rejected": [{"name": each.name, "reason": each.reason} for each in found.rejected],
    }
