"""A role for each column with the reason, out of what all of them seem to say together; what is not safe is asked."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from core.datasets.columns.facts import Facts, is_one_of, says_the_same
from core.datasets.columns.roles import Question, Reading, Role, Understanding
from core.datasets.columns.senses import Kind, Sense, is_storage, sense
from core.datasets.sources.photo_table import CLASS_FOLDER, OUTER_FOLDER, Column, PhotoTable
from core.errors import BadDataset
from core.tasks import LABEL, Split, list_some

ENOUGH_GROUPS = 10  # fewer leave hardly any to validate and test with
_EARLIER: dict[str, int] = {"table": 0, "tables": 1, "folders": 2, "names": 3}


def guess(table: PhotoTable) -> Understanding:
    """The roles that the columns most probably have, and what has to be asked."""
    senses = {column.name: sense(column, table) for column in table.columns}
    guessed = _Guess(table, senses)
    guessed.find_split()
    guessed.find_classes()
    guessed.find_groups()
    guessed.leave_the_rest()
    photo = (Reading(table.photo_column, "photo", "it names the photos"),) if table.photo_column else ()
    readings = (*photo, *(guessed.readings[column.name] for column in table.columns))
    return Understanding(table, readings, guessed.split_words, tuple(guessed.questions()))


def split_words(column: Column, table: PhotoTable) -> Mapping[str, Split | None]:
    """What each word of a column names when it is read as splits, None where that is not known."""
    return sense(column, table).splits or dict.fromkeys(Facts(column.values).counts)


class _Guess:
    """Roles as they are found, one kind after the other: what is a split is no class, what is a class no group."""

    def __init__(self, table: PhotoTable, senses: Mapping[str, Sense]) -> None:
        self.table, self.senses = table, senses
        self.columns = {column.name: column for column in table.columns}
        self.readings: dict[str, Reading] = {}
        self.split_words: Mapping[str, Split | None] = {}
        self._unclear_split = ""
        self._unclear_place = ""

    def _are(self, *kinds: Kind) -> list[str]:
        """Columns of these kinds that have no role yet, tables before folders before names."""
        names = [name for name, each in self.senses.items() if each.kind in kinds and name not in self.readings]
        return sorted(names, key=lambda name: _EARLIER[self.columns[name].origin])

    def _take(self, name: str, role: Role, reason: str = "") -> None:
        self.readings[name] = Reading(name, role, reason or self.senses[name].reason)

    def _same(self, first: str, second: str) -> bool:
        return says_the_same(self.columns[first].values, self.columns[second].values)

    # Splits

    def find_split(self) -> None:
        certain, unclear = self._are("split"), self._are("split?")
        if self.table.certain:
            certain = [name for name in certain if name == "split"] or certain
        chosen = (certain or [name for name in unclear if self._is_unclear_split(name)] or [""])[0]
        if not chosen:
            return
        self._take(chosen, "split")
        self.split_words = self.senses[chosen].splits or dict.fromkeys(self.senses[chosen].facts.counts)
        if chosen in unclear:
            self._unclear_split = chosen
        for name in certain:
            if name != chosen:
                self._take(name, "leave-out", f'"{chosen}" says the split')

    def _is_unclear_split(self, name: str) -> bool:
        """A column called "set" whose words are no splits at all is a label where no other column is one."""
        found = self.senses[name]
        folders = [each for each in self._are("folder") if self._are_classes(each)]
        others = [*self._are("named class", "class", "yes/no"), *folders]
        return any(found.splits.values()) or bool(others) or found.facts.is_integer

    # Classes

    def find_classes(self) -> None:
        if self.table.certain and (own := [name for name in self.columns if name.startswith(LABEL)]):
            self._take_classes(own)
            return
        self._swap_folders_of_things()
        one_of = self._one_of()
        named = [name for name in self._are("named class") if name not in one_of]
        self._take_classes(self._different([name for name in named if self.senses[name].facts.comes_back] or named))
        if one_of:
            for name in one_of:
                self._take(name, "one-of", f"exactly one of {len(one_of)} columns says yes")
        if self._classes():
            said = list_some([f'"{name}"' for name in self._classes()])
            for name in self._are("folder"):
                self._take(name, "leave-out", f"{said} says what the photos show")
        else:
            self._take_folders()
        self._take_classes(self._different([*self._classes(), *self._are("class", "yes/no")]))
        if not self._classes():
            self._take_classes(self._are("side")[:1] if self._is_only_side() else [])
            self._take_classes([name for name in self._are("split?") if self.senses[name].facts.comes_back][:1])
        if not self._classes() and (words := self._fewest_values(self._are("name class"))):
            self._take(words, "class")

    def _classes(self) -> list[str]:
        return [name for name, reading in self.readings.items() if reading.role in ("class", "one-of")]

    def _take_classes(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.readings:
                self._take(name, "class")

    def _swap_folders_of_things(self) -> None:
        """benign/patient17/3.jpg: the folder around those of the patients is the class."""
        inner, outer = self.columns.get(CLASS_FOLDER), self.columns.get(OUTER_FOLDER)
        if inner and outer and self.senses[inner.name].kind == "group" and len(set(outer.values)) > 1:
            self._take(outer.name, "class", "the folders around those of things")

    def _one_of(self) -> list[str]:
        """All yes/no columns of the table, where each photo has exactly one yes among them."""
        names = [n for n in self._are("yes/no", "named class") if self.senses[n].facts.is_yes_no]
        together = len(names) > 1 and is_one_of(self.columns[name].values for name in names)
        return names if together else []

    def _take_folders(self) -> None:
        """Class folders are the classes, unless they are places to keep photos in and a table or names say classes."""
        for name in self._are("folder"):
            others = self._are("class", "yes/no", "name class", "split?")
            if (others or self.table.tables) and not self._are_classes(name):
                self._take(name, "leave-out", "folders that only keep photos")
            elif not any(self._same(name, other) for other in self._are("class")):
                self._take(name, "class")

    def _are_classes(self, folders: str) -> bool:
        return self.senses[folders].facts.distinct > 1 and not is_storage(self.columns[folders])

    def _different(self, names: Sequence[str]) -> list[str]:
        """Without columns that say the same as another one, of which words are kept; and without those that always
        say the same."""
        by_preference = sorted(names, key=lambda name: self.senses[name].facts.is_integer)
        kept: list[str] = []
        for name in by_preference:
            same = next((other for other in kept if self._same(name, other)), None)
            if same:
                self._take(name, "leave-out", f'it says the same as "{same}"')
            elif self.senses[name].facts.distinct < 2 and len(names) > 1 and name not in self.readings:
                self._take(name, "leave-out", "it always says the same")
            else:
                kept.append(name)
        return [name for name in names if name in kept]

    def _is_only_side(self) -> bool:
        """A lone column such as "sex" may be what is to be learned."""
        sides = [name for name in self._are("side") if self.columns[name].origin == "table"]
        others = self._are("order", "number", "labels", "group", "place", "name class")
        return len(sides) == 1 and not others and self.senses[sides[0]].facts.comes_back

    def _fewest_values(self, names: Sequence[str]) -> str:
        return min(names, key=lambda name: self.senses[name].facts.distinct, default="")

    # Groups

    def find_groups(self) -> None:
        able = [name for name in self._are("group") if self._parts_classes(name)]
        if self.table.certain:
            able = [name for name in able if name == "group"]
        own = [name for name in able if self.columns[name].origin == "table"] or able
        if own:
            chosen = self._fewest_values(own)
            self._take(chosen, "group")
        elif self._classes() and (places := [name for name in self._are("place") if self._parts_classes(name)]):
            chosen = max(places, key=lambda name: self.senses[name].facts.distinct)
            self._take(chosen, "group")
            if self.senses[chosen].facts.distinct < ENOUGH_GROUPS:
                self._unclear_place = chosen
        else:
            return
        for name in self._are("group", "place"):
            reason = "keeps photos together already" if self._parts_classes(name) else "is one with a class"
            self._take(name, "leave-out", f'"{chosen}" {reason}')

    def _parts_classes(self, group: str) -> bool:
        """Whether most classes have several of these groups: else nothing of a class would be left to validate with."""
        first = next((name for name in self._classes() if self.readings[name].role == "class"), None)
        if first is None:
            return True
        groups = defaultdict(set)
        for label, value in zip(self.columns[first].values, self.columns[group].values, strict=True):
            if label and value:
                groups[label].add(value)
        return 2 * sum(len(each) > 1 for each in groups.values()) >= len(groups)

    def leave_the_rest(self) -> None:
        for name, found in self.senses.items():
            if name not in self.readings:
                role: Role = {"number": "number", "order": "number", "labels": "labels"}.get(found.kind, "leave-out")  # type: ignore[assignment]
                self._take(name, role)

    # What is not clear

    def questions(self) -> Iterable[Question]:
        if self._unclear_split:
            yield split_question(self._unclear_split, self.split_words)
        classes = self._classes()
        if not classes:
            yield self._class_question()
        elif all(self.senses[name].kind == "name class" for name in classes):
            yield self._name_question(classes[0])
        if self._unclear_place:
            name = self._unclear_place
            sentence = (
                f'"{name}" says where photos come from, but there are only '
                f"{self.senses[name].facts.distinct}: kept together, few are left to validate with."
            )
            options = (quoted("columns", f"{role}={name}") for role in ("group", "leave-out", "class"))
            yield Question("group", sentence, tuple(options), (name,))

    def _name_question(self, name: str) -> Question:
        classes = self.senses[name].facts.counts
        shown = list_some([f'"{word}"' for word in classes])
        first = self.table.entries[0].parts[-1]
        sentence = (
            f"Neither folders nor a table say what the photos show. The names of the files may: {shown}, as in "
            f'"{first}".'
        )
        return Question("class", sentence, (quoted("columns", f"class={name}"),), (name,))

    def _class_question(self) -> Question:
        readings = [self.readings[name] for name, column in self.columns.items() if column.origin == "table"]
        order: tuple[Role, ...] = ("labels", "number", "group", "leave-out")
        for role in order:
            names = [
                r.column
                for r in readings
                if r.role == role and (role == "labels" or self.senses[r.column].facts.distinct > 1)
            ]
            if names:
                sentence = _WHY_NO_CLASS[role].format(name=names[0], **self._example(names[0]))
                return Question(
                    "class", sentence, tuple(quoted("columns", f"class={name}") for name in names[:3]), tuple(names)
                )
        return Question("class", "Nothing says what the photos show.", ())

    def _example(self, name: str) -> dict[str, str]:
        facts = self.senses[name].facts
        several = next((value for value in facts.counts if facts.mark and facts.mark in value), "")
        return {"example": f', such as "{several}"' if several else "", "distinct": f"{facts.distinct:,}"}


def split_question(name: str, words: Mapping[str, Split | None]) -> Question:
    """What is asked about a split column of which some words are not known."""
    unknown = [word for word, split in words.items() if split is None]
    said = list_some([f'"{word}"' for word in unknown])
    pairs = ",".join(f"{word}={split}" for word, split in zip(unknown, _SUGGESTED, strict=False))
    verb = "means" if len(unknown) == 1 else "mean"
    sentence = f'"{name}" names splits, but what {said} {verb} is not known.'
    return Question("split", sentence, (quoted("splits", pairs), quoted("columns", f"leave-out={name}")), (name,))


def quoted(option: str, words: str) -> str:
    """An option of the command line with its words, quoted where a shell would part them."""
    return f"--{option} {words}" if re.fullmatch(r"[\w=,.-]+", words) else f'--{option} "{words}"'


def no_class_folders(source: str) -> BadDataset:
    """The error for photos about which nothing is said."""
    return BadDataset(
        f'The photos in "{source}" lie in no class folders, so nothing says what each of them shows.',
        "Put the photos of each class into a folder named after it and give the folder that holds these, "
        "or add a CSV file with a column of file names and a column of labels.",
    )


_SUGGESTED = ("train", "validation", "test")
_WHY_NO_CLASS: dict[Role, str] = {
    "labels": '"{name}" has several labels for one photo{example}; so far Graft learns one class of each. As classes, '
    "each combination in a cell is a class of its own, and of several rows the first counts.",
    "number": '"{name}" holds numbers, and numbers are not classes: so far Graft learns classes. As classes, each of '
    "its {distinct} numbers is a class of its own, without an order.",
    "group": '"{name}" may be what the photos show, or which of them belong together.',
    "leave-out": 'No column surely says what the photos show; "{name}" may.',
}
