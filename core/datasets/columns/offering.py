"""What a person is shown of a column, and which roles it may have."""

from itertools import islice

from core.datasets.columns.facts import Facts
from core.datasets.columns.roles import Role, Understanding
from core.datasets.sources.names import PICTURES, ending

EXAMPLES = 3
EXAMPLE_LETTERS = 24


def roles_for(understanding: Understanding, column: str) -> tuple[Role, ...]:
    """The roles that a column may be given. A number, or several labels, stay what they are until they are classes on
    purpose; only columns of files can name the photos, and only those of yes and no are one class together.
    """
    if column == understanding.table.photo_column:
        return ("photo",)
    found = understanding.table.column(column)
    facts, guessed = Facts(found.values), understanding.reading(column).role
    roles: list[Role] = ["class", "group", "split", "leave-out"]
    if facts.is_yes_no:
        roles.insert(1, "one-of")
    if guessed not in roles:
        roles.insert(-1, guessed)
    names_files = sum(ending(value) in PICTURES for value in facts.counts)
    if found.origin == "table" and 2 * names_files > facts.distinct:
        roles.insert(0, "photo")
    return tuple(roles)


def examples(understanding: Understanding, column: str) -> str:
    """A few of its values, the first ones that differ."""
    table = understanding.table
    values = table.said if column == table.photo_column else table.column(column).values
    different = islice(dict.fromkeys(value for value in values if value), EXAMPLES)
    return ", ".join(v if len(v) <= EXAMPLE_LETTERS else f"{v[: EXAMPLE_LETTERS - 4]} ..." for v in different)


def still_missing(decided: Understanding) -> str:
    """What has to be decided before an import, in one sentence; "" when nothing has."""
    if not (decided.columns("class") or decided.columns("one-of")):
        return "Choose the column that says what the photos show: its role is Class."
    if any(question.about == "split" for question in decided.questions):
        return "Choose which split each of these words means."
    return ""
