"""`graft`: its commands, what goes for all of them, and how errors reach the user."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli import inspect, photos, predict, training
from cli.screen import complain
from core.errors import BadPlan, GraftError, NotFound
from core.home import open_home

FAILED, WRONG_USE = 1, 2

app = typer.Typer(
    name="graft",
    help="Teach a pretrained network to tell your own photos apart. Without a command, the dashboard opens.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for room in (photos, training, inspect, predict):
    room.add_to(app)


@app.callback(invoke_without_command=True)
def graft(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="The folder that holds everything (else GRAFT_HOME).")] = None,
    port: Annotated[int, typer.Option(help="Where the dashboard answers; 0 lets the system choose.")] = 8501,
    share_on_network: Annotated[
        bool, typer.Option("--share-on-network", help="Other computers may open the dashboard, too.")
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
) -> None:
    if home is not None:
        os.environ["GRAFT_HOME"] = str(home)  # every command asks there, unless it is given a home of its own
    if context.invoked_subcommand is None:
        from dashboard.server import serve  # loads streamlit

        serve(open_home(), port, share_on_network, not no_browser)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line; ends the process with 0, 1 for a job that failed, or 2 for wrong use."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


# typer exports BadParameter alone; what it is a kind of is every wrong use of a command.
_WrongUse: type[Exception] = typer.BadParameter.__bases__[0]


def run(arguments: Sequence[str]) -> int:
    """The same, with the exit status as the value."""
    try:
        return app(args=list(arguments), prog_name="graft", standalone_mode=False) or 0
    except _WrongUse as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "graft"
        said = error.format_message()  # type: ignore[attr-defined]
        complain(f"{said}{'' if said[-1] in '.?!' else '.'} See `{command} --help`.")
        return WRONG_USE
    except GraftError as error:
        complain(str(error))
        return WRONG_USE if isinstance(error, NotFound | BadPlan) else FAILED
    except (KeyboardInterrupt, typer.Abort):
        complain("Ended.")
        return FAILED
