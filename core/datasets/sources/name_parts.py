"""What the names of files say, as columns: cat.0.jpg, clip3_frame0007.jpg, P003_benign_12.jpg, leaf_jpg.rf.1f9a.jpg."""

import re
import string
from collections import Counter
from collections.abc import Sequence

from core.datasets.sources.names import ending, words
from core.datasets.sources.photo_table import Column

START = "name start"
MOST_PARTS = 8  # names of more parts are no pattern that a person would recognise
LONGEST_NAME = 200
_DIGITS, _LETTERS, _BETWEEN = "0123456789", string.ascii_letters, " ._-"
_SEPARATORS = re.compile(r"[\s._\-~+@#()\[\]]+")
_ROBOFLOW = re.compile(r"^(.+)_(?:jpe?g|png|bmp|webp)\.rf\.[0-9A-Za-z]+$")
# What counts pictures of one thing; what stands before such a word and its number names the thing.
COUNTED = words(
    """
    frame frames fr f img image im photo pic tile tiles patch patches crop crops view views slice slices page pages
    aug augmented copy shot bild aufnahme ausschnitt kachel vue trame cadre recorte cuadro vista foto ritaglio
    fotogramma quadro corte
    """
)


def name_columns(names: Sequence[str]) -> list[Column]:
    """Columns for parts that come back: `name 1`, `name 2` where all names have equally many, and `name start`, what
    stands before the number at the end. names: paths in the source.
    """
    stems = [_stem(name) for name in names]
    if len(stems) < 2 or max(map(len, stems)) > LONGEST_NAME:
        return []
    parts = [_parts(stem) for stem in stems]
    count = len(parts[0])
    columns = []
    if 1 < count <= MOST_PARTS and all(len(each) == count for each in parts):
        columns = [Column(f"name {n + 1}", "names", tuple(each[n] for each in parts)) for n in range(count)]
    columns.append(Column(START, "names", tuple(_start(stem) for stem in stems)))
    kept: list[Column] = []
    for column in columns:
        if _comes_back(column.values) and all(_differ(column.values, other.values) for other in kept):
            kept.append(column)
    return kept


def counts_frames(names: Sequence[str]) -> bool:
    """Whether most names end with a word for pictures of one thing and a number: `_frame0007`, or are Roboflow's."""
    counted = sum(bool(_ROBOFLOW.match(stem) or _says_frame(stem)) for stem in map(_stem, names))
    return 2 * counted > len(names)


def _says_frame(stem: str) -> bool:
    start, word = _before_counter(stem)
    return bool(start) and bool(word)


def _stem(name: str) -> str:
    file = name.rpartition("/")[2]
    kind = ending(file)
    return file[: -len(kind) - 1] if kind else file


def _parts(stem: str) -> list[str]:
    parts = [part for part in _SEPARATORS.split(stem) if part]
    if len(parts) == 1 and (found := re.fullmatch(r"([^\W\d_]+)(\d+)", parts[0])):
        return list(found.groups())  # cat12
    return parts


def _start(stem: str) -> str:
    """What stands before the counter; "" for a name that is a number alone."""
    if roboflow := _ROBOFLOW.match(stem):
        return roboflow[1]
    return _before_counter(stem)[0]


def _before_counter(stem: str) -> tuple[str, str]:
    """("clip3", "frame") of "clip3_frame0007": what is counted, and the word for its pictures; ("", "") without one."""
    rest = stem.rstrip(")").rstrip(_DIGITS)
    if rest == stem.rstrip(")"):
        return "", ""
    rest = rest.rstrip("(").rstrip(_BETWEEN)
    letters = len(rest) - len(rest.rstrip(_LETTERS))
    word = rest[len(rest) - letters :]
    if word.lower() in COUNTED:
        return rest[: len(rest) - letters].rstrip(_BETWEEN), word
    return rest, ""


def _comes_back(values: Sequence[str]) -> bool:
    """Several values, each of which has several photos on average."""
    counts = Counter(values)
    return len(counts) > 1 and 2 * len(counts) <= len(values) and "" not in counts


def _differ(values: Sequence[str], others: Sequence[str]) -> bool:
    pairs = len(set(zip(values, others, strict=True)))
    return not pairs == len(set(values)) == len(set(others))
