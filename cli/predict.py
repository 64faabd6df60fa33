"""`graft predict`, `graft export` and `graft save-photos`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.screen import HomeOption, JsonOption, complain, say, say_json, show_table
from core.errors import BadDataset
from core.home import open_home

RunArgument = Annotated[str, typer.Argument(help="The run's name, or the beginning of its id.")]


def add_to(app: typer.Typer) -> None:
    app.command()(predict)
    app.command()(export)
    app.command("save-photos")(save_photos)


def predict(
    run: RunArgument,
    files: Annotated[list[Path], typer.Argument(help="Photos.")],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Ask a trained model what is on photos."""
    from core.exports import load_predictor

    trained = load_predictor(open_home(home), run)
    rows, told, unread = [], [], 0
    for file, answer in zip(files, trained.answers(files), strict=True):
        if isinstance(answer, BadDataset):
            complain(f"{file}: {answer}")
            unread += 1
            continue
        told.append({"file": str(file), "answers": answer})
        for task, shares in answer.items():
            first = next(iter(shares))
            rows.append((file, task, first, f"{shares[first]:.1%}"))
    if json:
        say_json(told)
    elif rows:
        show_table(["photo", "label", "answer", "probability"], rows)
    if unread:
        raise typer.Exit(1)


def export(
    run: RunArgument,
    file: Annotated[Path, typer.Argument(help="The zip to write.")],
    home: HomeOption = None,
) -> None:
    """Write a trained model with all that it needs into one zip."""
    from core.exports import export_zip

    say(f"Written: {export_zip(open_home(home), run, file)}")


def save_photos(
    dataset: Annotated[str, typer.Argument(help="The dataset's name.")],
    file: Annotated[Path, typer.Argument(help="The zip to write.")],
    home: HomeOption = None,
) -> None:
    """Write a dataset's photos with their labels into one zip."""
    from core.datasets import load_dataset
    from core.exports import photos_zip

    say(f"Written: {photos_zip(load_dataset(open_home(home), dataset), file)}")
