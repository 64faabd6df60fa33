"""What the columns of a source mean: guessed with a reason, shown with its consequence, changed, remembered.

`sources` describes photos (`PhotoTable`); here each column gets a role (`guess`), a person may give another
(`choose`), and labeled photos come of it (`label`). What cannot be guessed safely is a question.
"""

from core.datasets.columns.deciding import decide, parse_choice
from core.datasets.columns.labeling import Consequence, consequence, label
from core.datasets.columns.offering import examples, roles_for, still_missing
from core.datasets.columns.remembered import remember
from core.datasets.columns.roles import ColumnChoice, Question, Reading, Role, Undecided, Understanding
from core.datasets.columns.understanding import understand

__all__ = [
    "ColumnChoice",
    "Consequence",
    "Question",
    "Reading",
    "Role",
    "Undecided",
    "Understanding",
    "consequence",
    "decide",
    "examples",
    "label",
    "parse_choice",
    "remember",
    "roles_for",
    "still_missing",
    "understand",
]
