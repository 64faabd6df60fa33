"""`graft predict`, `graft export` and `graft save-photos`."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from cli.output import (
    HomeOption,
    JsonOption,
    given_path,
    print_error,
    print_json,
    print_line,
    print_table,
    progress_bar,
)
from core.errors import BadDataset
from core.home import open_home
from core.tasks import label_kind

RunArgument = Annotated[str, typer.Argument(help="The run's name, or the beginning of its id.")]


def register(app: typer.Typer) -> None:
    app.command()(predict)
    app.command()(export)
    app.command("save-photos")(save_photos)


def predict(
    run: RunArgument,
    files: Annotated[list[Path], typer.Argument(help="Photos.", parser=given_path, metavar="FILES...")],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Ask a trained model what is on photos."""
    from core.exports import load_predictor

    trained = load_predictor(open_home(home), run)
    rows, predictions, failures = [], [], 0
    with progress_bar(quiet=json) as progress, closing(trained.iter_predictions(files)) as answers:
        for done, (file, prediction) in enumerate(zip(files, answers, strict=True), start=1):
            progress(done, len(files), "Photos")
            if isinstance(prediction, BadDataset):
                print_error(f"{file}: {prediction}")
                failures += 1
                continue
            predictions.append({"file": str(file), "answers": prediction})
            for task in trained.tasks:
                rows.append((file, task.name, *label_kind(task).prediction_in_words(prediction[task.name])))
    if json:
        print_json(predictions)
    elif rows:
        print_table(["photo", "label", "answer", "probability"], rows)
    if failures:
        raise typer.Exit(1)


def export(
    run: RunArgument,
    file: Annotated[Path, typer.Argument(help="The file to write.", parser=given_path, metavar="FILE")],
    format: Annotated[str, typer.Option(help="One of the exports that `graft doctor` lists.")] = "python-zip",
    home: HomeOption = None,
) -> None:
    """Write a trained model with all that it needs into one file."""
    from core.exports import RUN_EXPORTS, get_export
    from core.runs import get_run

    where = open_home(home)
    print_line(f"Written: {get_export(RUN_EXPORTS, format).save(where, get_run(where, run), file)}")


def save_photos(
    dataset: Annotated[str, typer.Argument(help="The dataset's name.")],
    file: Annotated[Path, typer.Argument(help="The file to write.", parser=given_path, metavar="FILE")],
    format: Annotated[str, typer.Option(help="One of the exports that `graft doctor` lists.")] = "photos-zip",
    home: HomeOption = None,
) -> None:
    """Write a dataset's photos with their labels into one file."""
    from core.datasets import load_dataset
    from core.exports import DATASET_EXPORTS, get_export

    where = open_home(home)
    print_line(f"Written: {get_export(DATASET_EXPORTS, format).save(where, load_dataset(where, dataset), file)}")
