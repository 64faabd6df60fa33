"""What each column seems to say, looked at by itself: its name, and what stands in it."""

import re
from dataclasses import dataclass
from typing import Literal

from core.datasets.columns.facts import Facts
from core.datasets.sources import column_words as words
from core.datasets.sources.name_parts import START, counts_frames
from core.datasets.sources.names import split_in, split_named
from core.datasets.sources.photo_table import CLASS_FOLDER, SPLIT_FOLDER, WHICH_TABLE, Column, PhotoTable
from core.tasks import LABEL, Split

# named class: its name says so. class: its values come back, no more is known. side: about the photo, seldom learned.
# order: whole numbers that may be counts. place: a coarse group, such as a site. "": nothing to learn.
Kind = Literal[
    "named class", "class", "folder", "name class", "yes/no", "split", "split?", "group", "place", "number", "order",
    "labels", "side", "",
]  # fmt: skip
NUMBERS = "numbers, counted or measured: no classes"
_STORAGE = re.compile(
    r"(images?|imgs?|photos?|pictures?|data|part|batch|chunk|folder|dir|set|files?|bilder|fotos?|raw|all)"
    r"([ _-]?\w{0,2}\d*)?([ _-]?(part|batch)?[ _-]?\d+)?"
)
_IS_SPLIT = re.compile(r"(is|in)?(train|training|test|testing|val|valid|validation)(set|image|img)?")


@dataclass(frozen=True)
class Sense:
    """kind: what the column seems to be. reason: why, a clause. splits: what its words name, None if unknown."""

    kind: Kind
    reason: str
    facts: Facts
    splits: dict[str, Split | None]


def sense(column: Column, table: PhotoTable) -> Sense:
    """What a column of the source seems to say."""
    facts = Facts(column.values)
    splits = _splits(column, facts)
    if column.origin == "table":
        kind, reason = _table_sense(column, facts, splits, table)
    elif column.origin == "names":
        kind, reason = _name_sense(column, facts, splits, table)
    else:
        kind, reason = _place_sense(column, facts, splits)
    return Sense(kind, reason, facts, splits)


def is_storage(column: Column) -> bool:
    """Whether folders are called like places to keep photos in, and like no class: images, part_1, batch-2."""
    return all(_STORAGE.fullmatch(value.lower()) for value in set(column.values) - {""})


def _splits(column: Column, facts: Facts) -> dict[str, Split | None]:
    if facts.distinct > 50:
        return {}
    if facts.is_yes_no and facts.distinct == 2 and (found := _IS_SPLIT.fullmatch("".join(words.words_of(column.name)))):
        said = split_named(found[2]) or "train"
        other: Split = "test" if said == "train" else "train"
        yes = Facts(column.values)
        return {value: said if Facts([value]).is_yes_no else other for value in yes.counts}
    named = split_in if column.origin == "tables" else split_named
    return {value: named(value) for value in facts.counts}


def _says_splits(splits: dict[str, Split | None]) -> bool:
    return bool(splits) and all(splits.values())


def _place_sense(column: Column, facts: Facts, splits: dict[str, Split | None]) -> tuple[Kind, str]:
    if column.name.startswith((SPLIT_FOLDER, WHICH_TABLE)):
        where = "the folders" if column.origin == "folders" else "the tables' names"
        if _says_splits(splits):
            return "split", f"{where} name the splits"
        known = any(splits.values())
        return ("split?", f"{where} name splits, but not only") if known else ("", f"{where} tell nothing apart")
    if _are_things(facts, words.GROUP | words.THING | words.PLACE):
        return "group", "folders named after things of which there are several photos"
    if column.name.startswith(CLASS_FOLDER):
        return "folder", "the folders in which the photos lie"
    return "", "the folders around the class folders"


def _name_sense(column: Column, facts: Facts, splits: dict[str, Split | None], table: PhotoTable) -> tuple[Kind, str]:
    example = f'"{facts.values[0]}" in "{table.entries[0].parts[-1]}"'
    if _says_splits(splits) and "train" in splits.values() and len(set(splits.values())) > 1:
        return "split", f"the names say splits: {example}"
    if _are_things(facts, words.GROUP | words.THING | words.PLACE):
        return "group", f"the names say what belongs together: {example}"
    names = [entry.name for entry in table.entries]
    if column.name.startswith(START) and counts_frames(names):
        return "group", f"pictures of one thing are counted in the names: {example}"
    if not facts.have_digits and all(re.search(r"[^\W\d_]", value) for value in facts.counts):
        return "name class", f"a word in the names that comes back: {example}"
    return "", f"a part of the names: {example}"


def _are_things(facts: Facts, of: frozenset[str]) -> bool:
    """Whether all values are one word of these and a number: clip0, clip1; patient-17."""
    found = {re.fullmatch(r"([^\W\d_]{2,20})[ _.-]?\d+", value) for value in facts.counts}
    before = {each[1].lower() if each else "" for each in found}
    return facts.distinct > 1 and len(before) == 1 and words.names_any(before.pop(), of)


def _table_sense(column: Column, facts: Facts, splits: dict[str, Split | None], table: PhotoTable) -> tuple[Kind, str]:
    name = column.name
    if name.startswith(LABEL):
        return "named class", "a label column that Graft wrote"
    if not facts.filled:
        return "", "it is empty"
    if _says_splits(splits) and (
        words.names_any(name, words.SPLIT) or _IS_SPLIT.fullmatch("".join(words.words_of(name)))
    ):
        return "split", "it names splits"
    if _says_splits(splits) and "train" in splits.values() and len(set(splits.values())) > 1:
        return "split", "all of its words name splits"
    if words.names_any(name, words.SPLIT):
        return "split?", "it is called a split, but not all of its words are known"
    if other := words.is_about(name, (each.name for each in table.columns if each.name != name)):
        return "side", f'it is about "{other}"'
    kind, reason = _by_name(name, facts) or _by_values(facts)
    if kind in ("named class", "class") and 2 * len(column.conflicts) >= facts.filled:
        return "labels", "most photos are named several times, with other labels"
    return kind, reason


def _by_name(name: str, facts: Facts) -> tuple[Kind, str] | None:
    repeats = facts.distinct < facts.filled and facts.distinct > 1
    if facts.is_yes_no and facts.distinct <= 2:
        return ("named class", "a class, by its name") if _is_class(name) else ("yes/no", "yes or no")
    if words.names_any(name, words.GROUP):
        return ("group", "photos of one belong together") if repeats else ("", "each photo has its own")
    if _is_class(name):
        if facts.mark:
            return "labels", "some photos have several labels"
        if facts.has_fractions or (facts.is_integer and facts.distinct > 2 and not facts.comes_back):
            return "number", NUMBERS
        return "named class", "a class, by its name"
    is_id = words.names_any(name, words.IDS)
    if words.names_any(name, words.NUMBER) and (facts.is_integer or facts.has_fractions):
        return "number", NUMBERS
    if words.names_any(name, words.SIDE) and not is_id:
        return "side", "about the photo, and seldom what is to be learned"
    if words.names_any(name, words.PLACE):
        return ("place", "where photos come from, by its name") if repeats else ("", "each photo has its own")
    if words.names_any(name, words.THING) and repeats and (facts.have_digits or is_id):
        return "group", "photos of one belong together"
    if is_id and facts.have_digits:
        return (
            ("group", "a number of things of which there are several photos")
            if facts.comes_back
            else ("", "each photo has its own")
        )
    return None


def _is_class(name: str) -> bool:
    return words.names_any(name, words.CLASS)


def _by_values(facts: Facts) -> tuple[Kind, str]:
    if facts.is_date:
        return "side", "dates"
    if facts.has_fractions:
        return "number", NUMBERS
    if facts.mark:
        return "labels", "some photos have several labels"
    if facts.is_integer and facts.distinct > 2:
        return "order", NUMBERS
    if facts.distinct == 1 and facts.filled > 1:
        return "", f'it always says "{next(iter(facts.counts))}"'
    if facts.comes_back:
        return "class", f"{facts.distinct:,} words that come back"
    return "", "nearly each photo has its own words"
