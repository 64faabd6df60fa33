"""How long work says how far it is: it calls a function, and whoever waits decides what to show."""

from collections.abc import Callable

# (done, total, what is being done in a few words). `total` is 0 while it is not known.
Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, doing: str) -> None:
    """The listener of those who do not want to know."""
