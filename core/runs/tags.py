"""Words that a person puts on a run to find it again: tags, and a note. They decide nothing."""

import json
import unicodedata
from collections.abc import Iterable, Sequence

from core.errors import BadInput
from core.home import Home, database
from core.runs.store import get_run
from core.runs.types import Run

LONGEST_TAG = 40
MOST_TAGS = 20
LONGEST_NOTE = 2_000


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags with single blanks, each once whatever its case, in order; empty ones are left out. A comma parts two.

    Raises BadInput for a long one, or too many.
    """
    found: dict[str, str] = {}
    for tag in ",".join(tags).split(","):
        tag = " ".join(_printable(tag).split())
        if len(tag) > LONGEST_TAG:
            raise BadInput(f"A tag has at most {LONGEST_TAG} letters.", "Write the rest as a note.")
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise BadInput(f"A run has at most {MOST_TAGS} tags.", "Take one away first.")
    return tuple(found.values())


def set_tags(home: Home, run_id: str, tags: Iterable[str]) -> Run:
    """Give a run these tags in place of those that it had. Raises NotFound, BadInput, DiskFull."""
    run, cleaned = get_run(home, run_id), clean_tags(tags)
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET tags = ? WHERE id = ?", (json.dumps(cleaned, ensure_ascii=False), run.id))
    return get_run(home, run.id)


def set_note(home: Home, run_id: str, note: str) -> Run:
    """Give a run a note, "" to take it away. Raises NotFound, BadInput for a long one, DiskFull."""
    run, note = get_run(home, run_id), _printable(note).strip()
    if len(note) > LONGEST_NOTE:
        raise BadInput(f"A note has at most {LONGEST_NOTE:,} letters; this one has {len(note):,}.", "Shorten it.")
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET note = ? WHERE id = ?", (note, run.id))
    return get_run(home, run.id)


def filter_runs(
    runs: Sequence[Run], search: str = "", tags: Sequence[str] = (), state: str = "", dataset: str = ""
) -> list[Run]:
    """The runs that have all of these tags, are in this state, learned from this dataset (its name or id), and hold
    every word of `search` in their name, dataset, backbone, tags or note; whatever the case, in their order.
    """
    words = search.casefold().split()
    return [
        run
        for run in runs
        if (not state or run.state == state.casefold())
        and (not dataset or dataset.casefold() in (run.dataset_name.casefold(), run.dataset_id.casefold()))
        and {tag.strip().casefold() for tag in tags} <= {tag.casefold() for tag in run.tags}
        and all(word in _searched(run) for word in words)
    ]


def _searched(run: Run) -> str:
    return "\n".join([run.name, run.dataset_name, run.plan.backbone.name, *run.tags, run.note]).casefold()


def _printable(text: str) -> str:
    """Without control characters and halves of characters, which neither a terminal nor a database takes."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs"))
