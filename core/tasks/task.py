"""A label column of a dataset, and the splits that its photos lie in."""

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
LABEL = "label:"  # begins the columns that are labels, in a table and in a file of one


@dataclass(frozen=True)
class Task:
    """One label column: its name, its classes in order (none where its kind has none), and its kind of label.

    kind: a key of `core.tasks.KINDS`, which says what the stored labels mean.
    """

    name: str
    classes: tuple[str, ...] = ()
    kind: str = "classes"

    @property
    def column(self) -> str:
        return f"{LABEL}{self.name}"
