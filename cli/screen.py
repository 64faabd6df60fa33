"""What commands share: the home option, tables, progress. Answers go to standard output, all else to standard error."""

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

from core.home import Progress as Tell
from core.home import silent

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The folder that holds everything (else GRAFT_HOME).", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, and say nothing else.")]


def complain(sentence: str) -> None:
    """One sentence on standard error."""
    print(sentence, file=sys.stderr, flush=True)


def say(sentence: str) -> None:
    print(sentence, flush=True)


def say_json(value: Any) -> None:
    """One line. What is no number becomes null, as JSON has it."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table as wide as it needs to be: in a pipe no row is cut."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row))
    wide = None if sys.stdout.isatty() else 10_000
    Console(width=wide, soft_wrap=wide is not None).print(table)


@contextmanager
def telling(quiet: bool = False) -> Iterator[Tell]:
    """A progress bar on standard error for work that tells how far it is."""
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

        def tell(done: int, total: int, doing: str) -> None:
            bar.update(task, completed=done, total=total or None, description=escape(doing), visible=True)

        yield tell
