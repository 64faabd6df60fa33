"""What stands in a column: words that come back, numbers, dates, yes and no, several labels in a cell."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.tasks import LABEL

EMPTY = frozenset({"", "nan", "null", "none", "n/a", "na"})
YES = frozenset({"1", "1.0", "true", "yes", "y", "x", "ja", "oui", "si", "sì", "sí", "sim", "wahr", "vrai"})
NO = frozenset({"0", "0.0", "false", "no", "n", "nein", "non", "nao", "não", "falsch", "faux"})
SEVERAL_MARKS = "|;,/+&"
LONGEST_LIST = 2_000  # letters of a cell that is read as a list
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([ ,T].*)?|\d{1,2}:\d{2}(:\d{2})?"
)
_INTEGER = re.compile(r"[+-]?\d{1,15}(\.0+)?")
_FRACTION = re.compile(r"[+-]?\d*[.,]\d+([eE][+-]?\d+)?")


def is_empty(cell: str, column: str = "") -> bool:
    """Whether a cell says nothing. In a column that Graft wrote, "none" is a class like any other."""
    return not cell or (cell.casefold() in EMPTY and not column.startswith(LABEL))


@dataclass(frozen=True)
class Facts:
    """values: of all photos, as they stand."""

    values: Sequence[str]

    @cached_property
    def counts(self) -> Counter[str]:
        """Photos by value, without empty cells."""
        return Counter(value for value in self.values if not is_empty(value))

    @property
    def filled(self) -> int:
        return self.counts.total()

    @property
    def distinct(self) -> int:
        return len(self.counts)

    @property
    def comes_back(self) -> bool:
        """At most half as many values as photos: what classes and groups do."""
        return 0 < 2 * self.distinct <= self.filled

    @cached_property
    def is_integer(self) -> bool:
        return self._all(_INTEGER)

    @cached_property
    def has_fractions(self) -> bool:
        """Numbers, more than half of the different ones with digits behind the point."""
        numbers = [value for value in self.counts if _FRACTION.fullmatch(value) or _INTEGER.fullmatch(value)]
        fractions = sum(_FRACTION.fullmatch(value) is not None and not _is_whole(value) for value in numbers)
        return 0 < self.distinct == len(numbers) and 2 * fractions > self.distinct

    @cached_property
    def is_date(self) -> bool:
        return self._all(_DATE)

    @cached_property
    def is_yes_no(self) -> bool:
        """One word for yes, and one for no or none at all: "x" beside empty cells, 1 and 0."""
        words = {value.casefold().removesuffix(".0") for value in self.counts}
        return words <= YES | NO and len(words & YES) == 1 and len(words & NO) == len(words) - 1 <= 1

    @cached_property
    def have_digits(self) -> bool:
        """Whether most values hold a digit, as the names of things do: tree 17, A-03."""
        return 2 * sum(any(letter.isdigit() for letter in value) for value in self.counts) > self.distinct

    @cached_property
    def mark(self) -> str:
        """What stands between several labels of one cell; "" where each cell has one."""
        return next((mark for mark in SEVERAL_MARKS if self._parts_come_back(mark)), "")

    def _parts_come_back(self, mark: str) -> bool:
        """Most cells with the mark are made of labels that other cells have, too: "cat|dog" beside "dog" and "cat"."""
        cells = {value: labels_in(value, mark) for value in self.counts}
        several = [labels for labels in cells.values() if len(labels) > 1]
        if not several:
            return False
        met = Counter(label for labels in cells.values() for label in set(labels))
        return 2 * sum(all(met[label] > 1 for label in labels) for labels in several) >= len(several)

    def _all(self, pattern: re.Pattern[str]) -> bool:
        return self.distinct > 0 and all(pattern.fullmatch(value) for value in self.counts)


def labels_in(cell: str, mark: str) -> tuple[str, ...]:
    """The labels of a cell: "cat|dog", "['cat', 'dog']"."""
    if cell.startswith("[") and cell.endswith("]") and len(cell) < LONGEST_LIST:
        try:
            listed = ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return tuple(str(each) for each in listed)
    return tuple(part for each in cell.split(mark) if (part := each.strip()))


def _is_whole(value: str) -> bool:
    return float(value.replace(",", ".")).is_integer()


def is_one_of(columns: Iterable[Sequence[str]]) -> bool:
    """Whether each photo has exactly one yes in these yes/no columns, or nothing in any of them."""
    some = False
    for row in zip(*columns, strict=True):
        yes = sum(cell.casefold() in YES for cell in row)
        if yes > 1 or (yes == 0 and not all(is_empty(cell) for cell in row)):
            return False
        some = some or yes == 1
    return some


def says_the_same(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two columns part the photos alike: a class and its number."""
    pairs = set(zip(first, second, strict=True))
    return len(pairs) == len(set(first)) == len(set(second))
