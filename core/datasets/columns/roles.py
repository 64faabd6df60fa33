"""Roles of columns, and what is known of each column of a source: the values that the other files here pass about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from core.datasets.sources.photo_table import PhotoTable
from core.errors import BadDataset
from core.tasks import Split

# photo: names the photo. class: a label column of its own. one-of: yes/no columns that are one class together.
# group: what is kept together. labels: several labels in a cell. number: counted or measured.
Role = Literal["photo", "class", "one-of", "group", "split", "number", "labels", "leave-out"]
ROLES: tuple[Role, ...] = get_args(Role)
NOT_LEARNED: frozenset[Role] = frozenset({"number", "labels", "leave-out"})


@dataclass(frozen=True)
class Reading:
    """What one column is taken for, and why. reason: a clause without a full stop. is_decided: a person said so."""

    column: str
    role: Role
    reason: str
    is_decided: bool = False


@dataclass(frozen=True)
class Question:
    """What cannot be guessed safely. sentence: what is not clear. options: of the command line, each decides it.
    columns: those that it is about."""

    about: Literal["class", "group", "split"]
    sentence: str
    options: tuple[str, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnChoice:
    """What a person says about columns. roles: by column. split_words: the split that a word of a column names."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    split_words: Mapping[str, Split] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.roles or self.split_words)

    @property
    def photo_column(self) -> str:
        return next((name for name, role in self.roles.items() if role == "photo"), "")


@dataclass(frozen=True)
class Understanding:
    """What a source means, as far as it is known.

    readings: a role for each column of `table`. split_words: what the words of the split column name, None where that
    is not known. is_remembered: whether a person decided it before, for a table like this one.
    """

    table: PhotoTable
    readings: tuple[Reading, ...]
    split_words: Mapping[str, Split | None] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    is_remembered: bool = False

    def columns(self, role: Role) -> tuple[str, ...]:
        return tuple(reading.column for reading in self.readings if reading.role == role)

    def reading(self, column: str) -> Reading:
        """Raises KeyError."""
        return {reading.column: reading for reading in self.readings}[column]


class Undecided(BadDataset):
    """What the columns mean cannot be guessed safely; `understanding` says what is asked."""

    def __init__(self, understanding: Understanding) -> None:
        question = understanding.questions[0]
        *options, last = (f"`{option}`" for option in question.options)
        words = f"{', '.join(options)} or {last}" if options else last
        super().__init__(question.sentence, f"Say {words}; --dry-run shows what comes of it.")
        self.understanding = understanding
