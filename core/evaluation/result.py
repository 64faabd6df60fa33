"""How good a model is: what `results.json` of a run holds, each figure with its margin."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import SerializeAsAny, ValidationError, ValidationInfo, field_validator

from core.errors import NotFound
from core.evaluation.predictions import labelled_predictions
from core.home import write_json
from core.tasks import SPLITS, Frozen, Split, SplitResult, Task, label_kind

FILE = "results.json"


class TaskResult(Frozen):
    """One task's results, by split; a split that was not evaluated is not there. kind, classes: as in `Task`.

    Each split's result is of the type that the kind of label defines.
    """

    task: str
    classes: tuple[str, ...]
    kind: str = Task.kind
    splits: dict[Split, SerializeAsAny[SplitResult]]

    @field_validator("splits", mode="before")
    @classmethod
    def _read_as_the_kind_wrote_it(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict) or not {"task", "classes", "kind"} <= info.data.keys():
            return value  # refused by the fields' own types
        kind = label_kind(Task(info.data["task"], info.data["classes"], info.data["kind"]))
        return {
            split: result if isinstance(result, SplitResult) else kind.result.model_validate(result)
            for split, result in value.items()
        }

    @property
    def validation(self) -> SplitResult:
        return self.splits["validation"]

    @property
    def test(self) -> SplitResult | None:
        return self.splits.get("test")


class Result(Frozen):
    """A run's results. epoch: the best one, from 1, whose model was kept; or the mean of those in `soup` instead."""

    epoch: int
    tasks: tuple[TaskResult, ...]
    soup: tuple[int, ...] = ()

    @property
    def kept_in_words(self) -> str:
        """Which model was kept: "epoch 5", or "the mean of epochs 3, 5 and 6"."""
        return kept_in_words(self.epoch, self.soup)

    def task(self, name: str | None = None) -> TaskResult:
        """The task of that name; the first without one. Raises KeyError."""
        return self.tasks[0] if name is None else {task.task: task for task in self.tasks}[name]


def kept_in_words(epoch: int, soup: Sequence[int]) -> str:
    """The model of an epoch, or in its place the mean of those in `soup`."""
    if not soup:
        return f"epoch {epoch}"
    *most, last = map(str, soup)
    return f"the mean of epochs {', '.join(most)} and {last}"


def make_result(predictions: pd.DataFrame, tasks: Sequence[Task], epoch: int, soup: Sequence[int] = ()) -> Result:
    """The results of all splits that the predictions hold, and of validation even if it has no image."""
    present = [s for s in SPLITS if s == "validation" or (predictions["split"] == s).any()]
    return Result(
        epoch=epoch,
        soup=tuple(soup),
        tasks=tuple(
            TaskResult(
                task=task.name,
                classes=task.classes,
                kind=task.kind,
                splits={split: evaluate(predictions, task, split) for split in present},
            )
            for task in tasks
        ),
    )


def evaluate(predictions: pd.DataFrame, task: Task, split: Split) -> SplitResult:
    """One task on one split; images without a label are left out."""
    return label_kind(task).evaluate(task, split, labelled_predictions(predictions, task, split))


def save_result(folder: Path, result: Result) -> None:
    """Into a run's folder, whole. Raises DiskFull."""
    write_json(folder / FILE, result.model_dump(mode="json"))


def load_result(folder: Path) -> Result:
    """A run's results. Raises NotFound when it has none (yet), or none that can be read."""
    try:
        return Result.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError as error:
        raise NotFound("This run has no results yet.", "Wait until it has finished.") from error
    except (OSError, ValidationError) as error:
        raise NotFound(f'"{folder / FILE}" does not hold results as this Graft writes them.', "Train again.") from error
