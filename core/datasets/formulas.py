"""Cells of tables that leave Graft are words to a spreadsheet, never formulas, and come back as they were.

Names of files, classes and groups are what somebody typed or was sent: "=HYPERLINK(...)" would run where it is opened
(OWASP, "CSV Injection").
"""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WORD = "'"  # before a cell it says to a spreadsheet that a word follows


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula."""
    return text.startswith(_FORMULA)


def without_formula(text: str) -> str:
    """The text of a cell such that no spreadsheet runs it; `with_formula` gives it back."""
    return f"{_WORD}{text}" if is_formula(text.lstrip(_WORD)) else text


def with_formula(cell: str) -> str:
    """What a cell said before `without_formula`; so a spreadsheet shows it, too."""
    return cell[1:] if cell.startswith(_WORD) and is_formula(cell.lstrip(_WORD)) else cell
