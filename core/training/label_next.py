"""Label these next: a head on kept features, the photos it would learn most from, and how good it is by now.

A round is: fit, ask, answer (`core.datasets.give_labels`). Fitting takes about a second, for the features are kept
(`core.activations.photo_features`) and the head is a simple one. Only photos in train are asked about or guessed:
validation photos judge, and those that were chosen because they are hard would judge too severely.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from core.activations import photo_features
from core.datasets import Dataset, open_to_suggestions
from core.errors import BadDataset, Refused
from core.evaluation import (
    CrossValidation,
    LabelledPhotos,
    cross_validate,
    fit_head,
    most_instructive,
    softmax,
    usual_choice,
)
from core.home import Home, Progress, silent, write_json
from core.plans import BackboneChoice, HeadKind
from core.tasks import Frozen, Interval, Task, margin

HEAD: HeadKind = "logistic_regression"
COUNT = 20  # photos of a round
ENOUGH_TO_JUDGE = 30  # labelled validation photos; with fewer, all labelled photos judge by turns


@dataclass(frozen=True)
class Guess:
    """What the head makes of a photo without a label. confidence: the probability of the suggested class."""

    image_id: str
    suggestion: str
    confidence: float


class CurvePoint(Frozen):
    """How good the head was with so many labels. judges: photos that judged, `by` validation or cross-validation.
    suggested: how many of the labels were taken from suggestions.
    """

    labels: int
    accuracy: Interval
    judges: int
    by: Literal["validation", "cross-validation"]
    suggested: int = 0

    @property
    def judged_in_words(self) -> str:
        """Behind "by"."""
        if self.by == "validation":
            return f"{self.judges:,} validation photos"
        return f"cross-validation on {self.judges:,} photos"


@dataclass(frozen=True)
class Round:
    """questions: the photos to ask about, the most unsure first. guesses: of all photos in train without a label, the
    surest last. curve: of the rounds until now, this one the last; without it where nothing judges yet.
    """

    questions: tuple[Guess, ...]
    guesses: tuple[Guess, ...]
    curve: tuple[CurvePoint, ...]
    seconds: float


def next_round(
    home: Home,
    dataset: Dataset,
    task: Task,
    backbone: BackboneChoice,
    image_size: int,
    count: int = COUNT,
    progress: Progress = silent,
) -> Round:
    """Fit a head to the labels that there are, and choose what to ask about next; the curve is kept with the dataset.

    progress: may raise to stop. Raises BadDataset where there is nothing to begin with, Refused where all photos in
    train have labels, and what `photo_features` raises.
    """
    refuse_what_cannot_be_asked(dataset, task)
    features = photo_features(home, dataset, backbone, image_size, progress)
    started = time.perf_counter()
    progress(0, 0, "Learning from the labels so far")
    probabilities, point = fit_and_judge(dataset, task, features)
    rows = np.flatnonzero(open_to_suggestions(dataset, task))
    guesses = _guesses(dataset, task, rows, probabilities[rows])
    chosen = most_instructive(features[rows], probabilities[rows], count)
    curve = _keep_point(dataset, task, backbone, image_size, point)
    by_confidence = sorted(guesses, key=lambda guess: guess.confidence)
    return Round(tuple(guesses[place] for place in chosen), tuple(by_confidence), curve, time.perf_counter() - started)


def refuse_what_cannot_be_asked(dataset: Dataset, task: Task) -> None:
    """Raises BadDataset for a task that has not two classes in train yet, Refused where nothing waits for a label."""
    if len(task.classes) < 2 or sum(count > 0 for count in dataset.counts(task, "train").values()) < 2:
        raise BadDataset(
            f'Only one class of "{task.name}" has a photo in train so far, so there is nothing to tell apart.',
            "Label a few photos of two classes first.",
        )
    if not open_to_suggestions(dataset, task).any():
        raise Refused(f'Every photo in train has a label for "{task.name}" already.', "Train a model with them.")


def fit_and_judge(dataset: Dataset, task: Task, features: np.ndarray) -> tuple[np.ndarray, CurvePoint | None]:
    """The answers of a head to all photos, float32 [photos, classes], and how good it is; None where nothing judges.

    It learns from the labelled photos in train, and is judged by validation photos where there are enough of them;
    else all labelled photos but those of the test take turns, and labels that were suggested teach but never judge.
    """
    _, train = _labelled(dataset, task, features, ["train"])
    rows, validation = _labelled(dataset, task, features, ["validation"])
    found = _cross_validated(train)
    head = fit_head(HEAD, train, found.choice if found else usual_choice(HEAD, train))
    probabilities = softmax(head.scores(features))
    suggested = int(dataset.is_suggested(task).sum())
    if len(rows) >= ENOUGH_TO_JUDGE:
        right = probabilities[rows].argmax(axis=1) == validation.labels
        return probabilities, _point(len(train), right, "validation", suggested)
    rows, photos = _labelled(dataset, task, features, ["train", "validation"])
    if not (answers := _cross_validated(photos)):
        return probabilities, None
    right = answers.probabilities.argmax(axis=1) == photos.labels
    by_persons = ~dataset.is_suggested(task)[rows]
    return probabilities, _point(len(train), right[by_persons], "cross-validation", suggested)


def read_curve(dataset: Dataset, task: Task, backbone: BackboneChoice, image_size: int) -> tuple[CurvePoint, ...]:
    """The points that are kept of a dataset's task, by labels; none where they cannot be read."""
    try:
        kept = json.loads(_curve_file(dataset, task, backbone, image_size).read_text(encoding="utf-8"))
        return tuple(CurvePoint.model_validate(each) for each in kept)
    except (OSError, ValueError, TypeError):
        return ()


def _keep_point(
    dataset: Dataset, task: Task, backbone: BackboneChoice, image_size: int, point: CurvePoint | None
) -> tuple[CurvePoint, ...]:
    """The curve with this point as its last: what was undone has more labels than there are now."""
    known = read_curve(dataset, task, backbone, image_size)
    if point is None:
        return known
    curve = (*(each for each in known if each.labels < point.labels), point)
    if curve != known:
        file = _curve_file(dataset, task, backbone, image_size)
        write_json(file, [each.model_dump(mode="json") for each in curve])
    return curve


def _curve_file(dataset: Dataset, task: Task, backbone: BackboneChoice, image_size: int) -> Path:
    key = f"{task.name} {backbone.model_dump_json()} {image_size}"
    return dataset.folder / f"label-curve-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"


def _labelled(
    dataset: Dataset, task: Task, features: np.ndarray, splits: Sequence[str]
) -> tuple[np.ndarray, LabelledPhotos]:
    """Rows of these splits with a label, and what a head learns from."""
    rows = np.flatnonzero(dataset.table["split"].isin(splits).to_numpy() & dataset.is_labelled(task))
    labels = dataset.labels(task)[rows]
    return rows, LabelledPhotos(features[rows], labels, len(task.classes), dataset.groups(rows))


def _cross_validated(photos: LabelledPhotos) -> CrossValidation | None:
    validating = cross_validate(HEAD, photos, seed=0)
    while True:
        try:
            next(validating)
        except StopIteration as ended:
            return ended.value


def _guesses(dataset: Dataset, task: Task, rows: np.ndarray, probabilities: np.ndarray) -> list[Guess]:
    image_ids, best = dataset.table["image_id"].to_numpy()[rows], probabilities.argmax(axis=1)
    confidences = probabilities[np.arange(len(rows)), best]
    return [
        Guess(str(image_id), task.classes[number], float(confidence))
        for image_id, number, confidence in zip(image_ids, best, confidences, strict=True)
    ]


def _point(
    labels: int, right: np.ndarray, by: Literal["validation", "cross-validation"], suggested: int
) -> CurvePoint | None:
    if not len(right):
        return None
    return CurvePoint(
        labels=labels, accuracy=margin(int(right.sum()), len(right)), judges=len(right), by=by, suggested=suggested
    )
