"""What a person says about columns, put over what was guessed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.datasets.columns.facts import is_empty, is_one_of
from core.datasets.columns.guessing import split_question, split_words
from core.datasets.columns.roles import ROLES, ColumnChoice, Question, Reading, Role, Understanding
from core.errors import BadInput
from core.tasks import SPLITS, Split

_PAIRS = re.compile(rf",(?=\s*(?:{'|'.join(ROLES)})\s*=)")


def parse_choice(columns: Sequence[str] = (), splits: Sequence[str] = ()) -> ColumnChoice:
    """What `--columns group=patient_id,class=dx` and `--splits 1=train,2=test` say.

    "class=a,b" names one column "a,b", or two, whichever there are. Raises BadInput.
    """
    roles: dict[str, Role] = {}
    for pair in (pair for text in columns for pair in _PAIRS.split(text)):
        role, is_pair, name = (part.strip() for part in pair.partition("="))
        if role not in ROLES or not is_pair or not name:
            raise BadInput(f'"{pair}" is no role with a column.', f"Say role=column; the roles are {', '.join(ROLES)}.")
        roles[name] = role  # type: ignore[assignment]
    words: dict[str, Split] = {}
    for pair in (pair for text in splits for pair in text.split(",")):
        word, _, split = (part.strip() for part in pair.rpartition("="))
        if split not in SPLITS or not word:
            raise BadInput(
                f'"{pair}" is no word with its split.', f"Say word=split; the splits are {', '.join(SPLITS)}."
            )
        words[word] = split  # type: ignore[assignment]
    return ColumnChoice(roles, words)


def decide(guessed: Understanding, choice: ColumnChoice) -> Understanding:
    """With the roles of a choice in place of the guessed ones. Once a person names classes, groups or a split, what
    was guessed to be one of these is left out. Raises BadInput for columns that are not there, and for roles that do
    not fit what stands in them.
    """
    if not choice:
        return guessed
    roles = _matched(choice.roles, [reading.column for reading in guessed.readings])
    given = set(roles.values())
    freed: set[Role] = {"class", "one-of"} if given & {"class", "one-of"} else set()
    freed |= given & {"group", "split"}
    readings = tuple(_decided(reading, roles, freed) for reading in guessed.readings)
    decided = replace(guessed, readings=readings)
    words = {**_words(decided), **_matched_words(choice.split_words, _words(decided))}
    decided = replace(decided, split_words=words)
    _refuse_what_does_not_fit(decided)
    return replace(decided, questions=tuple(_left(decided, roles)))


def _decided(reading: Reading, roles: Mapping[str, Role], freed: set[Role]) -> Reading:
    if reading.column in roles:
        return Reading(reading.column, roles[reading.column], "as you said", is_decided=True)
    if reading.role in freed:
        return replace(reading, role="leave-out", reason="another column was chosen")
    return reading


def _matched(roles: Mapping[str, Role], columns: Sequence[str]) -> dict[str, Role]:
    """The roles by columns as they are written in the table; "a,b" may be two of them."""
    by_name = {name.casefold(): name for name in reversed(columns)}
    matched: dict[str, Role] = {}
    for said, role in roles.items():
        names = [said] if said.casefold() in by_name else [part.strip() for part in said.split(",")]
        for name in names:
            if name.casefold() not in by_name:
                raise BadInput(f'There is no column "{name}".', f"There are: {', '.join(columns[:20])}.")
            matched[by_name[name.casefold()]] = role
    return matched


def _words(understanding: Understanding) -> dict[str, Split | None]:
    """What the words of the split columns name."""
    table = understanding.table
    words: dict[str, Split | None] = {}
    for name in understanding.columns("split"):
        words |= split_words(table.column(name), table)
    return words


def _matched_words(said: Mapping[str, Split], words: Iterable[str]) -> dict[str, Split]:
    by_word = {word.casefold(): word for word in words}
    for word in said:
        if word.casefold() not in by_word:
            there_are = f"There are: {', '.join(list(by_word.values())[:20])}." if by_word else ""
            raise BadInput(f'No split column says "{word}".', there_are or "Name one: --columns split=COLUMN.")
    return {by_word[word.casefold()]: split for word, split in said.items()}


def _refuse_what_does_not_fit(decided: Understanding) -> None:
    one_of = decided.columns("one-of")
    if one_of and not is_one_of(decided.table.column(name).values for name in one_of):
        raise BadInput(
            f"Not every photo has exactly one yes among {', '.join(one_of)}, so they are not one class.",
            "Take each as a class of its own, or leave out those that are something else.",
        )
    for name in decided.columns("class"):
        if all(is_empty(value, name) for value in decided.table.column(name).values):
            raise BadInput(f'The column "{name}" is empty.', "Choose another one as the class.")


def _left(decided: Understanding, roles: Mapping[str, Role]) -> Iterable[Question]:
    """What is still to be asked."""
    if None in decided.split_words.values():
        yield split_question(decided.columns("split")[0], decided.split_words)
    said = {reading.role for reading in decided.readings if reading.is_decided}
    answered = {
        "split": lambda question: True,  # asked anew above
        "class": lambda question: bool(said & {"class", "one-of"}),
        "group": lambda question: "group" in said or bool(roles.keys() & set(question.columns)),
    }
    yield from (question for question in decided.questions if not answered[question.about](question))
