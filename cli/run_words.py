"""`graft tag`: words by which a run is found again."""

from typing import Annotated

import typer

from cli.output import HomeOption, JsonOption, print_json, print_line
from core.home import open_home


def register(app: typer.Typer) -> None:
    app.command()(tag)


def tag(
    run: Annotated[str, typer.Argument(help="The run's name, or the beginning of its id.")],
    tags: Annotated[list[str] | None, typer.Argument(help="Tags to put on it.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take these tags away instead.")] = False,
    note: Annotated[str | None, typer.Option(help='A note on the run; "" takes it away.')] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Put tags or a note on a run, by which `graft runs --tag` and the page of all runs find it."""
    from core.runs import clean_tags, get_run, set_note, set_tags

    where = open_home(home)
    tagged = get_run(where, run)
    if tags and remove:
        gone = {each.casefold() for each in clean_tags(tags)}
        tagged = set_tags(where, tagged.id, [each for each in tagged.tags if each.casefold() not in gone])
    elif tags:
        tagged = set_tags(where, tagged.id, [*tagged.tags, *tags])
    if note is not None:
        tagged = set_note(where, tagged.id, note)
    if json:
        print_json({"run": tagged.id, "name": tagged.name, "tags": tagged.tags, "note": tagged.note})
        return
    words = ", ".join(tagged.tags) or "no tag"
    print_line(f'"{tagged.name}": {words}.{f" {tagged.note}" if tagged.note else ""}')
