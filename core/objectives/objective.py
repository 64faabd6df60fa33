"""What every objective declares: its settings, what it needs, what it reports, and modules of its own.

Plans, pages and the command line read the settings without waiting for torch, so an objective's file imports torch
inside the functions that compute.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from core.objectives.batch_output import BatchOutput

Need = Literal["labels", "features", "teacher", "target_batch", "initial_weights"]
Term = Callable[["BatchOutput"], "Tensor"]  # gives a scalar


@dataclass(frozen=True)
class ObjectiveContext:
    """What an objective is made for.

    class_counts: by task, training photos per class, int64 [classes]. feature_count: numbers that the backbone gives
    for a photo. seed: the plan's.
    """

    class_counts: Mapping[str, np.ndarray]
    feature_count: int
    seed: int = 0


@dataclass(frozen=True)
class Report:
    """A scalar per step that becomes the curve `objective/<kind>/<name>`.

    title: of the curve. measure: called without gradients on the batch as it was learned from. panel: the title of the
    panel that it shares with other reports; "" for one of its own. help: what its panel says below the title.
    """

    name: str
    title: str
    measure: Term
    panel: str = ""
    help: str = "At each step, of the batch as it is learned from."


@dataclass(frozen=True)
class Slider:
    """The control of a number, as `Annotated[float, Slider(0, 1, 0.05)]`: its usual range, which a value may leave."""

    least: float
    most: float
    step: float


class Objective(BaseModel):
    """One term of the loss. A subclass gives `kind`, `title`, `needs` and `make_term`, and fields of its own.

    A field with a `title` has a control on the plan page, its `description` beside it: a switch for a bool, a slider
    where its annotation has a `Slider`, a list for a Literal, a box for any other number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: ClassVar[str]
    needs: ClassVar[frozenset[Need]]
    reports: ClassVar[tuple[Report, ...]] = ()

    kind: str
    weight: float = Field(default=1.0, ge=0, le=1_000)

    @abstractmethod
    def make_term(self, context: ObjectiveContext) -> Term:
        """The function that computes this term, without its weight."""

    def make_auxiliary(self, context: ObjectiveContext) -> nn.Module | None:
        """A module that learns beside the model and is thrown away after training: a projection, a domain classifier.

        The term finds it in `BatchOutput.auxiliary`, under this objective's kind.
        """
        return None

    def reports_of(self, tasks: Sequence[str]) -> tuple[Report, ...]:
        """What it reports in a plan of these tasks; an objective that reports something of each gives more here."""
        return self.reports

    @model_serializer(mode="wrap")
    def _with_its_kind(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Where defaults are left out, as for a plan's hash, the kind still tells two objectives apart.
        return {"kind": self.kind, **serialize(self)}
