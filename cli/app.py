"""The `graft` command: its subcommands, common options, and how errors become messages and exit statuses."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from cli import best, compare, datasets, group, heads, inspect, label_next, predict, run_words, training, trying
from cli.failures import explain
from cli.output import HomeOption, OutputLost, give_up_output, prepare_output, print_error
from core.errors import BadPlan, GraftError, NotFound
from core.home import open_home

EXIT_FAILED, EXIT_USAGE = 1, 2

app = typer.Typer(
    name="graft",
    help="Teach a pretrained network to tell your own photos apart. Without a command, the dashboard opens.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (datasets, group, training, trying, heads, best, label_next, inspect, compare, run_words, predict):
    commands.register(app)


@app.callback(invoke_without_command=True)
def graft(
    context: typer.Context,
    home: HomeOption = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Where the dashboard answers; 0 lets the system choose.")
    ] = 8501,
    share_on_network: Annotated[
        bool, typer.Option("--share-on-network", help="Other computers may use the dashboard, with a pass-phrase.")
    ] = False,
    pass_phrase: Annotated[
        str | None,
        typer.Option(
            envvar="GRAFT_PASS_PHRASE", help="What they have to know; made up if not given.", show_default=False
        ),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
) -> None:
    if home is not None:
        os.environ["GRAFT_HOME"] = str(home)  # for the subcommand, which may have a --home of its own
    given = context.get_parameter_source("pass_phrase")
    if given is not None and given.name == "COMMANDLINE" and not share_on_network:
        raise typer.BadParameter("A pass-phrase is for a Graft that is shared: add --share-on-network.")
    if context.invoked_subcommand is None:
        from dashboard.server import choose_pass_phrase, serve  # loads streamlit

        serve(open_home(), port, choose_pass_phrase(share_on_network, pass_phrase), not no_browser)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and exit with its status."""
    prepare_output()
    status = run(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.flush()
    except OSError:
        give_up_output()
        status = EXIT_FAILED
    sys.exit(status)


# typer exports BadParameter alone; its base class covers every usage error.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns 0, 1 for a job that failed, or 2 for wrong use. Raises nothing."""
    try:
        return app(args=list(arguments), prog_name="graft", standalone_mode=False) or 0
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "graft"
        message = error.format_message()  # type: ignore[attr-defined]
        print_error(f"{message}{'' if message[-1] in '.?!' else '.'} See `{command} --help`.")
        return EXIT_USAGE
    except GraftError as error:
        print_error(str(error))
        return EXIT_USAGE if isinstance(error, NotFound | BadPlan) else EXIT_FAILED
    except SystemExit as ended:  # typer's own, where nobody reads its help any more
        return ended.code if isinstance(ended.code, int) else EXIT_FAILED
    except (KeyboardInterrupt, typer.Abort):
        print_error("Ended.")
    except OutputLost as lost:
        give_up_output()
        print_error(lost.sentence) if lost.sentence else None
    except Exception as error:  # the one place where what nobody foresaw ends
        print_error(explain(error, arguments))
    return EXIT_FAILED
