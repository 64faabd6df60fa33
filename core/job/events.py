"""Events of a run. Every value is a plain number or word: no tensor leaves the engine."""

from dataclasses import dataclass, field

from core.activity import Preparation
from core.evaluation import EpochScores, Trial

CHECKPOINT_SECONDS = 60.0  # of training that a crash may cost
COST_SHARE = 0.05  # of the time, for checkpoints at the end of epochs


@dataclass(frozen=True)
class Prepared:
    """Work before, between or after the epochs moved on. done, total: photos; total 0: not known.

    view, views: which of how many views of each photo, where that matters.
    """

    kind: Preparation
    done: int
    total: int
    view: int = 0
    views: int = 0


@dataclass(frozen=True)
class PhaseBegan:
    """phase: its number, from 0. epoch: its first one, from 1 over the whole run."""

    phase: int
    name: str
    epoch: int
    epochs: int
    rates: dict[str, float]  # by stage name, the head as "head"


@dataclass(frozen=True)
class Stepped:
    """An optimizer step was taken. step: from 1, over the whole run. epoch: from 1. images: of this epoch so far.

    loss and accuracy are of this batch as it was trained on (augmented, with dropout); accuracy is None where no
    label counted. learning_rates: by stage name, after the schedule. reports: by curve, what the plan's objectives
    report beside the loss (`core.objectives.objective_curves`), and the loss and score of each of several tasks.
    """

    step: int
    epoch: int
    phase: int
    images: int
    loss: float
    accuracy: float | None
    learning_rates: dict[str, float]
    reports: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochEnded:
    """scores: by task, on the validation split and on the fixed clean sample of the training split. target: by curve,
    what is known of the target dataset, if the plan has one.
    """

    epoch: int
    phase: int
    step: int
    scores: dict[str, EpochScores]
    images_per_second: float  # of training alone, evaluation left out
    seconds: float
    best: bool  # the best so far, so this epoch's model is kept
    target: dict[str, float] = field(default_factory=dict)

    @property
    def best_in_words(self) -> str:
        """What it is best by; empty where it is not the best."""
        if not self.best:
            return ""
        return "the clearest answers in the other place so far" if self.target else "the lowest validation loss so far"


@dataclass(frozen=True)
class Checkpointed:
    """A checkpoint is on the disk."""

    epoch: int
    step: int


@dataclass(frozen=True)
class Warned:
    """One sentence that a user should know: another precision is used, the micro-batch was halved."""

    sentence: str


@dataclass(frozen=True)
class Noted:
    """One sentence for the history: what was chosen by measurement."""

    sentence: str


@dataclass(frozen=True)
class HeadsTried:
    """After the last epoch: by task, how good new heads on the frozen network's features are, cross-validated."""

    trials: dict[str, Trial]


@dataclass(frozen=True)
class Ended:
    """The last event. reason: "finished", "early" (early stopping) or "unstable" (the loss was not finite)."""

    reason: str
    epoch: int
    step: int
    sentence: str = ""
    facts: dict[str, float] = field(default_factory=dict)


Event = Prepared | PhaseBegan | Stepped | EpochEnded | Checkpointed | Warned | Noted | HeadsTried | Ended


def ignore_event(event: Event) -> None:
    """Listener that does nothing."""
