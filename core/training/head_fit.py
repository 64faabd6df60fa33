"""Heads fitted on cached features, in place of steps of the optimizer.

Where nothing but linear heads is trained, every photo's features are at hand and the loss is convex in the heads, so a
quasi-Newton method on all photos at once finds its minimum whatever the learning rate, the batches or the number of
photos (L-BFGS: Liu and Nocedal, Mathematical Programming 45, 1989). How simple a head should be, the photos say
themselves: the strength of an L2 penalty is chosen by cross-validation, as scikit-learn's `LogisticRegressionCV` does.

So that a strength means the same for every network, features are brought to mean 0 and, all channels together, to
variance 1; the heads that are evaluated and saved take them as they are (`Scaling.folded`).
"""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.activations import FeaturePipeline
from core.device import memory_budget
from core.evaluation import Fold, group_folds
from core.job import CROSS_VALIDATION_LIMIT, Noted, Prepared, TrainingContext
from core.models import TrainedModel
from core.objectives import BatchOutput
from core.plans import fits_heads
from core.tasks import NO_STRATUM, Task, label_kind
from core.training.state import TrainingState

# Of the penalty, relative to the mean loss of a photo: from "all photos look alike" to "each is known by heart".
STRENGTHS = tuple(10 ** (power / 2) for power in range(2, -11, -1))
# The search ends after so many strengths that do not lower the loss of a photo by so much, in nats: classes that lie
# apart gain a little from each weaker penalty, for ever.
PATIENCE, MIN_GAIN = 2, 0.002
FOLDS = 5
FOLD_ITERATIONS, EPOCH_ITERATIONS, HISTORY = 20, 3, 10
# Weight [outputs, channels] and bias [outputs] of each task's head, in the model's order.
Weights = tuple[Tensor, ...]


@dataclass(frozen=True)
class Scaling:
    """mean: of each channel, [channels]. scale: one number. Each channel by its own would make as much of those that
    hardly vary, by accident or because they say nothing, as of all others.
    """

    mean: Tensor
    scale: Tensor

    @classmethod
    def of(cls, features: Tensor) -> "Scaling":
        """features: [photos, channels]."""
        spread = features.var(dim=0, correction=0).mean().sqrt()
        return cls(features.mean(dim=0), spread.clamp_min(torch.finfo(features.dtype).tiny))

    def apply(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.scale

    def folded(self, weights: Weights) -> Weights:
        """The heads that give for features as they are what `weights` give for scaled ones."""
        pairs = [(w / self.scale, b - (w / self.scale) @ self.mean) for w, b in _pairs(weights)]
        return tuple(tensor for pair in pairs for tensor in pair)

    def unfolded(self, weights: Weights) -> Weights:
        """The inverse of `folded`."""
        pairs = [(w * self.scale, b + w @ self.mean) for w, b in _pairs(weights)]
        return tuple(tensor for pair in pairs for tensor in pair)


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """features: float32 [photos, channels], scaled. labels: by task, [photos]."""

    features: Tensor
    labels: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.features)

    def take(self, places: np.ndarray) -> "LabelledFeatures":
        index = torch.from_numpy(places).to(self.features.device)
        return LabelledFeatures(self.features[index], {task: each[index] for task, each in self.labels.items()})


@dataclass(frozen=True, eq=False)
class HeadFit:
    """What the heads are fitted to in one phase. strength: of the L2 penalty."""

    photos: LabelledFeatures
    scaling: Scaling
    strength: float


def is_fitted(context: TrainingContext, pipeline: FeaturePipeline) -> bool:
    """Whether the heads are fitted in this phase: the plan says so, all features are cached, and memory holds them once
    more; else they learn in steps.
    """
    wanted = len(context.source.training) * pipeline.model.num_features * torch.float32.itemsize
    has_room = wanted <= memory_budget(context.compute_config.device)
    return has_room and pipeline.is_head_only and fits_heads(context.plan, pipeline.phase_position.phase)


def prepare_head_fit(
    context: TrainingContext, state: TrainingState, pipeline: FeaturePipeline
) -> Generator[Prepared | Noted, None, HeadFit]:
    """Scale the training photos' features, and choose the strength of the penalty where none is chosen yet."""
    source, number = context.source, pipeline.phase_position.number
    features = pipeline.evaluation_features(source.training).float()
    scaling = Scaling.of(features)
    photos = LabelledFeatures(scaling.apply(features), context.labels_of(source.training))
    if number not in state.penalties:
        strength = yield from _choose_strength(context, state.model, photos)
        state.penalties[number] = strength
        yield Noted(f"The head is fitted with an L2 penalty of {strength:.2g}, chosen by cross-validation.")
    return HeadFit(photos, scaling, state.penalties[number])


def fit_epoch(context: TrainingContext, model: TrainedModel, fit: HeadFit) -> tuple[Tensor, BatchOutput]:
    """Improve the heads by some iterations, from what they are. Returns the loss of all photos before that, and the
    outputs that it is of.
    """
    heads = tuple(model.heads.parameters())
    start = fit.scaling.unfolded(tuple(each.detach() for each in heads))
    with torch.no_grad():
        output = _output(context.tasks, fit.photos, start)
        terms = context.label_loss.by_term(output)
    found = minimize(context, fit.photos, start, fit.strength, EPOCH_ITERATIONS)
    with torch.no_grad():
        for head, value in zip(heads, fit.scaling.folded(found), strict=True):
            head.copy_(value)
    return terms, output


def minimize(
    context: TrainingContext, photos: LabelledFeatures, start: Weights, strength: float, iterations: int
) -> Weights:
    """The heads that make the plan's loss and the L2 penalty of the weights small, after at most so many iterations."""
    weights = [each.clone().requires_grad_() for each in start]
    optimizer = torch.optim.LBFGS(
        weights, max_iter=iterations, history_size=HISTORY, line_search_fn="strong_wolfe",
        tolerance_grad=1e-6, tolerance_change=1e-9,
    )  # fmt: skip

    def closure() -> Tensor:
        optimizer.zero_grad()
        penalty = torch.stack([weight.square().sum() for weight, _ in _pairs(weights)]).sum()
        loss = context.label_loss(_output(context.tasks, photos, weights)) + strength / 2 * penalty
        loss.backward()
        return loss

    optimizer.step(closure)
    return tuple(each.detach() for each in weights)


def _choose_strength(
    context: TrainingContext, model: TrainedModel, photos: LabelledFeatures
) -> Generator[Prepared, None, float]:
    """The strength whose heads have the lowest loss on photos that they did not learn from.

    From the strongest on, each fold goes on from the heads of the strength before.
    """
    chosen = _sample(context, len(photos))
    folds = [(photos.take(chosen[learned]), photos.take(chosen[held])) for learned, held in _folds(context, chosen)]
    if not folds:
        return 1 / len(photos)  # scikit-learn's default, where photos are too few to ask them
    zero = tuple(torch.zeros_like(each) for each in model.heads.parameters())
    weights, best, lowest = [zero] * len(folds), 0, math.inf
    for number, strength in enumerate(STRENGTHS):
        loss = 0.0
        for fold, (learned, held) in enumerate(folds):
            weights[fold] = minimize(context, learned, weights[fold], strength, FOLD_ITERATIONS)
            loss += _held_out_loss(context.tasks, held, weights[fold]) / len(chosen)
            yield Prepared("cross_validate", number * len(folds) + fold + 1, len(STRENGTHS) * len(folds))
        if loss < lowest - MIN_GAIN:
            best, lowest = number, loss
        elif number - best >= PATIENCE:
            break
    # A penalty of the mean loss counts for less the more photos there are, as if it were one more photo.
    return STRENGTHS[best] * len(chosen) / len(photos)


def _sample(context: TrainingContext, photos: int) -> np.ndarray:
    """Places among the training photos, at random where there are many."""
    if photos <= CROSS_VALIDATION_LIMIT:
        return np.arange(photos)
    return np.sort(np.random.default_rng(context.plan.seed).choice(photos, CROSS_VALIDATION_LIMIT, replace=False))


def _folds(context: TrainingContext, places: np.ndarray) -> list[Fold]:
    """Folds of these places among the training photos, by the first task's classes."""
    source, task = context.source, context.tasks[0]
    rows = source.training[places]
    strata = label_kind(task).strata(task, source.labels[task.name][rows])
    counts = np.unique(strata[strata != NO_STRATUM], return_counts=True)[1]
    count = max(2, min(FOLDS, counts.min(initial=FOLDS)))
    return group_folds(strata, source.dataset.groups(rows), count, context.plan.seed)


def _held_out_loss(tasks: Sequence[Task], photos: LabelledFeatures, weights: Weights) -> float:
    """The sum of the photos' losses, as validation has them."""
    output, total = _output(tasks, photos, weights), 0.0
    for task in tasks:
        kind, labels = label_kind(task), output.labels[task.name]
        labelled = kind.is_labelled(labels)
        total += kind.losses(output.logits[task.name][labelled], labels[labelled]).sum().item()
    return total


def _output(tasks: Sequence[Task], photos: LabelledFeatures, weights: Sequence[Tensor]) -> BatchOutput:
    logits = {
        task.name: functional.linear(photos.features, weight, bias)
        for task, (weight, bias) in zip(tasks, _pairs(weights), strict=True)
    }
    return BatchOutput(photos.features, logits, dict(photos.labels))


def _pairs(weights: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(weights[::2], weights[1::2], strict=True)
