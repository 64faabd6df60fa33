"""Predictions of new photos as a table for spreadsheets, safe to open."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from core.datasets import without_formula
from core.exports.predictor import Prediction
from core.tasks import Task, label_kind


@dataclass(frozen=True)
class PhotoPrediction:
    """One photo and what the model predicts for it; prediction None where it could not be read, for that `reason`."""

    name: str
    prediction: Prediction | None
    reason: str = ""


def predictions_csv(photos: Sequence[PhotoPrediction], tasks: Sequence[Task]) -> str:
    """A row per photo with all that is predicted: of classes, the probability of each.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it (`without_formula`).
    """
    head = ["photo"]
    for task in tasks:
        prefix = f"{task.name}: " if len(tasks) > 1 else ""
        head += [f"{prefix}{title}" for title in label_kind(task).csv_columns(task)]
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([without_formula(title) for title in head])
    for photo in photos:
        row = [photo.name]
        for task in tasks:
            row += _cells(photo, task)
        writer.writerow([without_formula(cell) for cell in row])
    return "\ufeff" + file.getvalue()  # the mark by which spreadsheets know UTF-8


def _cells(photo: PhotoPrediction, task: Task) -> tuple[str, ...]:
    kind = label_kind(task)
    if photo.prediction is None:
        return f"not read: {photo.reason}", *[""] * (len(kind.csv_columns(task)) - 1)
    return kind.csv_cells(task, photo.prediction[task.name])
