"""Out-of-fold answers, kept: what heads say of each training and validation photo that they did not learn from.

    cache/out_of_fold/<dataset>.v<version>.<digest>.npz, by task, network, photo size and kind of head

One file of plain arrays (no pickles): `image_ids`, `labels`, `probabilities`, and `facts` as JSON. They are made by
`core.training.compare_heads`, on the plan page and by `graft heads`, and read here by whoever asks which labels are
doubtful. Test photos are not among them. Like all of the cache they may be gone, and are then made again.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.home import Home, cache_budget, evict_oldest, whole_file
from core.plans import HEAD_KINDS, BackboneChoice, HeadKind, Plan
from core.tasks import Interval, margin

FORMAT = 1


@dataclass(frozen=True)
class HeadSubject:
    """What heads are compared on: one task's labels, seen by one network at one photo size."""

    dataset_id: str
    version: int
    task: str
    backbone: BackboneChoice
    image_size: int

    @classmethod
    def of(cls, plan: Plan, task: str) -> "HeadSubject":
        return cls(plan.source.id, plan.source.version, task, plan.backbone, plan.image_size)


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Answers of one kind of head to the labelled photos of `subject`, each from heads that saw no photo of its group.

    classes: of the task, in the order of the probabilities. image_ids: str [photos]. labels: int64 [photos].
    probabilities: float32 [photos, classes]. setting: what was chosen of the head (C or k; 0 for nothing).
    seconds: that all of it took, features apart.
    """

    subject: HeadSubject
    kind: HeadKind
    classes: tuple[str, ...]
    image_ids: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    setting: float
    seconds: float

    @property
    def accuracy(self) -> Interval:
        right = self.probabilities.argmax(axis=1) == self.labels
        return margin(int(right.sum()), len(right))


def save_out_of_fold(home: Home, answers: OutOfFold) -> None:
    """In place of what was kept of the same subject and kind. Raises DiskFull."""
    path = _path(home, answers.subject, answers.kind)
    facts = {
        "format": FORMAT,
        "subject": {**asdict(answers.subject), "backbone": answers.subject.backbone.model_dump()},
        "kind": answers.kind,
        "classes": answers.classes,
        "setting": answers.setting,
        "seconds": answers.seconds,
    }
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(
            file,
            facts=np.array(json.dumps(facts, ensure_ascii=False)),
            image_ids=answers.image_ids.astype(str),
            labels=answers.labels.astype(np.int64),
            probabilities=answers.probabilities.astype(np.float32),
        )
    evict_oldest(home.out_of_fold, cache_budget(home.out_of_fold), keep=path)


def read_out_of_fold(home: Home, subject: HeadSubject, kind: HeadKind) -> OutOfFold | None:
    """What is kept of one kind of head; None where there is nothing, or it cannot be read."""
    return _read(_path(home, subject, kind))


def compared_heads(home: Home, subject: HeadSubject) -> list[OutOfFold]:
    """What is kept of a subject, the most accurate head first."""
    found = [read_out_of_fold(home, subject, kind) for kind in HEAD_KINDS]
    return by_accuracy([each for each in found if each])


def list_out_of_fold(home: Home, dataset_id: str, version: int, task: str) -> list[OutOfFold]:
    """All that is kept of a dataset version's task, of whichever network, the most accurate first."""
    files = home.out_of_fold.glob(f"{dataset_id}.v{version}.*.npz") if home.out_of_fold.exists() else ()
    found = [each for file in sorted(files) if (each := _read(file))]
    return by_accuracy([each for each in found if each.subject.task == task])


def by_accuracy(answers: Sequence[OutOfFold]) -> list[OutOfFold]:
    return sorted(answers, key=lambda each: -each.accuracy.value)


def _read(path: Path) -> OutOfFold | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            image_ids, labels = arrays["image_ids"], arrays["labels"]
            probabilities = arrays["probabilities"]
        subject = {**facts["subject"], "backbone": BackboneChoice(**facts["subject"]["backbone"])}
        if facts["format"] != FORMAT or probabilities.shape != (len(image_ids), len(facts["classes"])):
            return None
        return OutOfFold(
            subject=HeadSubject(**subject),
            kind=facts["kind"],
            classes=tuple(facts["classes"]),
            image_ids=image_ids,
            labels=labels,
            probabilities=probabilities,
            setting=facts["setting"],
            seconds=facts["seconds"],
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def _path(home: Home, subject: HeadSubject, kind: HeadKind) -> Path:
    key = subject.task, subject.backbone.model_dump_json(), subject.image_size, kind
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    return home.out_of_fold / f"{subject.dataset_id}.v{subject.version}.{digest}.npz"
