"""What a new head on a frozen network's features says of its photos: how good it is, and whether more of them help.

Cross-validated, so that each photo is judged by a head that never saw it, and neither any photo of its group.
"""

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.evaluation.folds import group_folds
from core.home import write_json
from core.plans import Plan
from core.tasks import Interval, margin

FILE = "trials.json"
FOLDS = 5
FEWEST_PER_CLASS = 4  # of which each fold's training photos and their half still hold one or two
MOST_PHOTOS = 1_000  # more are judged well enough by the validation split, and would take long
LEAST_GAIN = 0.01  # of accuracy: less is no reason to go and take photos
SIGNIFICANT_ERRORS = 2.0  # standard errors from which a difference is more than chance


@dataclass(frozen=True)
class Trial:
    """photos: training and validation photos that were judged. right: of them, by heads that learned from the other
    folds. gain: accuracy of those heads minus that of heads that learned from half as many photos, on the same photos,
    with its paired standard error.
    """

    photos: int
    right: int
    gain: float
    gain_error: float

    @property
    def accuracy(self) -> Interval:
        return margin(self.right, self.photos)

    @property
    def more_photos_help(self) -> bool:
        """The curve of accuracy over the number of photos still rises at its end."""
        return self.gain > SIGNIFICANT_ERRORS * self.gain_error and self.gain >= LEAST_GAIN


def is_tried(plan: Plan, photos: int) -> bool:
    """Whether new heads are tried after a run over so many training and validation photos: the network was pretrained
    and frozen. Features that were trained know the training photos already.
    """
    stages = len(plan.phases[0].stage_rates)
    is_frozen = plan.first_trainable_stage == stages and plan.backbone.weights != "random"
    return is_frozen and photos <= MOST_PHOTOS


def try_features(features: np.ndarray, labels: np.ndarray, groups: Sequence[object], seed: int = 0) -> Trial | None:
    """Logistic regression in stratified folds that keep groups whole, on all and on half of what each may learn from.

    features: [photos, channels]. labels: int [photos], of classes. groups: of each photo; photos of one group are
    alike. None where a class has too few photos or groups for that.
    """
    classes, counts = np.unique(labels, return_counts=True)
    numbers = np.unique(np.asarray([str(group) for group in groups]), return_inverse=True)[1]
    fewest_groups = min((len(np.unique(numbers[labels == each])) for each in classes), default=0)
    if len(classes) < 2 or counts.min() < FEWEST_PER_CLASS or fewest_groups < FOLDS - 1 or len(labels) > MOST_PHOTOS:
        return None
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    folds = group_folds(labels, groups, min(FOLDS, fewest_groups), seed)
    right, right_of_half = np.zeros(len(labels)), np.zeros(len(labels))
    # Several threads wait for each other at each small step: beside other programs 12 seconds with two, 1.4 with one.
    with threadpool_limits(1):
        for learned, judged in folds:
            half = _half(learned, labels, numbers, rng)
            right[judged] = _right(features, labels, learned, judged)
            right_of_half[judged] = _right(features, labels, half, judged)
    differences = right - right_of_half
    error = float(np.std(differences, ddof=1)) / math.sqrt(len(labels))
    return Trial(len(labels), int(right.sum()), float(differences.mean()), error)


def _half(rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the groups of each class, at least one."""
    halves = []
    for label in np.unique(labels[rows]):
        of_class = rows[labels[rows] == label]
        present = rng.permutation(np.unique(groups[of_class]))
        halves.append(of_class[np.isin(groups[of_class], present[: -(-len(present) // 2)])])
    return np.concatenate(halves)


def _right(features: np.ndarray, labels: np.ndarray, learned: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Which of the judged photos a head names right that learned from others; bool [judged]."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    head = make_pipeline(StandardScaler(), LogisticRegression(C=1 / len(features[0]), max_iter=200))
    return head.fit(features[learned], labels[learned]).predict(features[judged]) == labels[judged]


def save_trials(folder: Path, trials: Mapping[str, Trial]) -> None:
    """Into a run's folder, by task. Raises DiskFull."""
    write_json(folder / FILE, {task: asdict(trial) for task, trial in trials.items()})


def load_trials(folder: Path) -> dict[str, Trial]:
    """By task; those that are there and can be read: a verdict does without."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        stored = json.loads((folder / FILE).read_bytes())
        return {task: Trial(**facts) for task, facts in stored.items()}
    return {}
