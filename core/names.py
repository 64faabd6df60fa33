"""Names that people give to things, and texts of others as they may stand in a sentence."""

import re
import unicodedata
from collections.abc import Collection

ECHOED_LETTERS = 80


def unused_name(wanted: str, used: Collection[str]) -> str:
    """`wanted`, or with the first number after it that makes it unlike all `used` ones; capitals make no difference."""
    taken = {name.casefold() for name in used}
    candidates = (wanted if number == 1 else f"{wanted} {number}" for number in range(1, len(taken) + 2))
    return next(name for name in candidates if name.casefold() not in taken)


_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_device_of_windows(name: str) -> bool:
    """Whether Windows takes a name for one of its devices, with any ending: "con.zip" is the console."""
    return _DEVICES.fullmatch(name) is not None


def file_name(title: str) -> str:
    """A title as every system can call a file, without an ending."""
    name = re.sub(r"[^\w.-]+", "-", title).strip("-.") or "graft"
    return f"graft-{name}" if is_device_of_windows(name) else name


def shorten(text: object, letters: int = ECHOED_LETTERS) -> str:
    """A text of somebody else as a sentence may repeat it: on one line, its middle left out where it is long."""
    # Cut first: a name of a gigabyte is not looked through. Its end says more than its middle: endings of files.
    whole = str(text)
    half = letters // 2
    short = whole if len(whole) <= letters else f"{whole[:half]}…{whole[-half + 1 :]}"
    return visible(short)


# Letters that turn the direction of writing: "gpj.exe" shows as "exe.jpg" after one of them.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Other format characters stay: they join emoji and the letters of Persian and Indian scripts.
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """Without what a terminal would obey instead of show: control characters, turns of the writing direction, and
    bytes that are no text (`os.fsdecode` makes surrogates of them). Each becomes a space.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if letter in _TURNS or unicodedata.category(letter) in _INVISIBLE else letter for letter in text)
