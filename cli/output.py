"""Options and output shared by all commands. Results go to standard output, everything else to standard error."""

import io
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from core.home import Progress as ProgressCallback
from core.home import silent
from core.names import shorten, visible

LONGEST_WORD = 255  # in an error: file systems allow no longer names
LONGEST_ERROR = 1_500


class OutputLost(Exception):
    """Standard output takes no more: whoever read it has ended, or its disk is full."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.sentence = (
            "" if isinstance(reason, BrokenPipeError) else f"The output cannot be written: {reason.strerror}."
        )


def given_path(text: str) -> Path:
    """A path as it was typed. An empty one is a variable that the shell does not know, and not the folder one is in."""
    if not text:
        raise typer.BadParameter("nothing is given; perhaps a variable of the shell is not set")
    return Path(text)


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="The folder that holds everything (else GRAFT_HOME).",
        show_default=False,
        parser=given_path,
        metavar="PATH",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, and say nothing else.")]


def prepare_output() -> None:
    """Make the three standard streams usable, however this process was started; for a whole process, once.

    Closed ones are opened on nothing, else the database might get their number. Letters that an encoding does not have
    are written as `\\U0001f98b`. Nobody's Python warnings are shown. What cannot be said on standard error is left
    unsaid: a training does not end for it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives
    sys.stderr = _BestEffort(sys.stderr or open(os.devnull, "w"))  # type: ignore[assignment]  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


class _BestEffort:
    """A stream that is written to as long as somebody takes it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def give_up_output() -> None:
    """Standard output leads nowhere from now on: at its end Python would try once more to write what it holds."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


@contextmanager
def _to_standard_output() -> Iterator[None]:
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        raise OutputLost(error) from error


def print_error(sentence: str) -> None:
    """Print one line to standard error: without control characters, and not the whole of an endless name."""
    words = visible(re.sub(r"\s*\n\s*", " ", sentence))
    for long in set(re.findall(rf"[^\s\"']{{{LONGEST_WORD + 1},}}", words)):
        words = words.replace(long, shorten(long))
    print(shorten(words, LONGEST_ERROR), file=sys.stderr, flush=True)


def print_line(sentence: str) -> None:
    """Print to standard output, at once even into a pipe."""
    with _to_standard_output():
        print("\n".join(visible(line) for line in sentence.split("\n")))


def print_json(value: Any) -> None:
    """Print a value as one line of JSON. Raises ValueError for NaN and infinities, which JSON does not have."""
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    with _to_standard_output():
        print(json.dumps(value, ensure_ascii=not is_unicode, allow_nan=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table. In a pipe it is as wide as its rows need, so that none is wrapped."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(escape(visible(column)), overflow="fold")
    for row in rows:
        table.add_row(*(escape(visible(str(value))) for value in row))
    width = None if sys.stdout.isatty() else 10_000
    with _to_standard_output():
        Console(width=width, soft_wrap=width is not None).print(table)


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[ProgressCallback]:
    """Show a progress bar on standard error; yields the callback that moves it."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None, visible=False)

        def progress(done: int, total: int, activity: str) -> None:
            bar.update(task, completed=done, total=total or None, description=escape(activity), visible=True)

        yield progress
