"""Names that people give to things."""

from collections.abc import Collection


def unused_name(wanted: str, used: Collection[str]) -> str:
    """`wanted`, or with the first number after it that makes it unlike all `used` ones; capitals make no difference."""
    taken = {name.casefold() for name in used}
    candidates = (wanted if number == 1 else f"{wanted} {number}" for number in range(1, len(taken) + 2))
    return next(name for name in candidates if name.casefold() not in taken)
