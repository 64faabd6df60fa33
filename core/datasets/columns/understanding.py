"""From the files of a source to what its columns mean: described, guessed, and as a person decided now or before."""

from dataclasses import replace

from core.datasets.columns.deciding import decide
from core.datasets.columns.guessing import guess, no_class_folders
from core.datasets.columns.remembered import recall
from core.datasets.columns.roles import ColumnChoice, Understanding
from core.datasets.sources.describing import describe
from core.datasets.sources.labeled_photos import Contents
from core.errors import BadInput
from core.home import Home


def understand(home: Home, contents: Contents, choice: ColumnChoice) -> Understanding:
    """What the source means. A choice goes before what was decided for a table like this one, and that before a guess.

    Raises BadDataset when nothing says what the photos show, BadInput for a choice that does not fit.
    """
    table = describe(contents, choice.photo_column)
    if choice:
        return _with_something_said(decide(guess(table), choice))
    known = recall(home, table)
    if not known:
        return _with_something_said(guess(table))
    if known.photo_column not in ("", table.photo_column):
        table = describe(contents, known.photo_column)
    try:
        return replace(_as_before(guess(table), known), is_remembered=True)
    except BadInput:  # this table holds something else under the same names
        return _with_something_said(guess(table))


def _as_before(guessed: Understanding, known: ColumnChoice) -> Understanding:
    """Words of splits that this table does not have are of no use to it."""
    words = {word.casefold() for word in decide(guessed, ColumnChoice(known.roles)).split_words}
    met = {word: split for word, split in known.split_words.items() if word.casefold() in words}
    return decide(guessed, ColumnChoice(known.roles, met))


def _with_something_said(understanding: Understanding) -> Understanding:
    if any(not question.options for question in understanding.questions):
        raise no_class_folders(understanding.table.source)
    return understanding
