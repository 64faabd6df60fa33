"""Options and output shared by all commands. Results go to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from core.home import Progress as ProgressCallback
from core.home import silent

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The folder that holds everything (else GRAFT_HOME).", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, and say nothing else.")]


def print_error(sentence: str) -> None:
    """Print one line to standard error."""
    print(sentence, file=sys.stderr, flush=True)


def print_line(sentence: str) -> None:
    """Print to standard output, at once even into a pipe."""
    print(sentence, flush=True)


def print_json(value: Any) -> None:
    """Print a value as one line of JSON. Raises ValueError for NaN and infinities, which JSON does not have."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table. In a pipe it is as wide as its rows need, so that none is wrapped."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row))
    width = None if sys.stdout.isatty() else 10_000
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
