"""A soup: the mean of the weights of several good epochs, in place of the best one where it is better by validation.

The greedy soup of Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy
without increasing inference time", ICML 2022, algorithm 1. Its ingredients are there fine-tuned models of several
trainings that began with the same weights; here they are the best epochs of one phase, which costs no other training.
Batch norm's statistics are no weights: of a mean they are estimated anew, as Izmailov et al. do, "Averaging Weights
Leads to Wider Optima and Better Generalization", UAI 2018, section 3.2.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.activations import FeaturePipeline
from core.job import CLEAN_SAMPLE_LIMIT, Event, Prepared, TrainingContext
from core.models import TrainedModel, load_tensors, split_frozen_names
from core.plans import Phase
from core.training.batch_norm import estimate_batch_norm
from core.training.validation import validation_loss

if TYPE_CHECKING:
    from core.training.state import TrainingState


@dataclass(frozen=True, eq=False)
class Ingredient:
    """The weights of an epoch that may go into the soup.

    epoch: from 1. loss: on validation, the mean over the tasks. tensors: by name, those that change in the phase, in
    the memory of the host; nothing writes to them any more.
    """

    epoch: int
    loss: float
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Soup:
    """The mean of some ingredients. epochs: theirs, in order. loss: its own on validation. tensors: by name."""

    epochs: tuple[int, ...]
    loss: float
    tensors: Mapping[str, Tensor]


def keep_ingredient(
    ingredients: Sequence[Ingredient], most: int, model: TrainedModel, phase: Phase, epoch: int, loss: float
) -> list[Ingredient]:
    """The best of the ingredients and of the epoch that has just ended, at most so many, the best first."""
    if len(ingredients) == most and loss >= ingredients[-1].loss:
        return list(ingredients)
    state, names = model.state_dict(), split_frozen_names(model, [phase])[1]
    tensors = {name: state[name].detach().to("cpu", copy=True).contiguous() for name in names}
    return sorted([*ingredients, Ingredient(epoch, loss, tensors)], key=lambda each: each.loss)[:most]


def make_soup(
    context: TrainingContext, state: TrainingState, pipeline: FeaturePipeline
) -> Generator[Event, None, Soup | None]:
    """Begin with the best ingredient, and add each of the others that lowers the validation loss of the mean.

    None where none does. The model has its own weights again afterwards, also when this is closed in between.
    """
    best, *others = state.ingredients
    chosen, soup = [best], Soup((best.epoch,), best.loss, best.tensors)
    for each in others:
        mean = mean_of([*chosen, each])
        with own_weights_afterwards(state.model, mean):
            load_tensors(state.model, mean)
            yield from _estimate_statistics(context, state, pipeline)
            loss = yield from validation_loss(context, pipeline)
            if loss < soup.loss:
                chosen = [*chosen, each]
                soup = Soup(tuple(sorted(one.epoch for one in chosen)), loss, _copies(state.model, mean))
    return soup if len(chosen) > 1 else None


def mean_of(ingredients: Sequence[Ingredient]) -> dict[str, Tensor]:
    """The mean of their tensors by name; of integers, those of the first."""
    first = ingredients[0].tensors
    return {
        name: torch.stack([each.tensors[name] for each in ingredients]).mean(dim=0)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }


@contextmanager
def own_weights_afterwards(model: TrainedModel, names: Mapping[str, object]) -> Iterator[None]:
    """A block after which the model's tensors of these names are what they were, to the bit."""
    own = _copies(model, names)
    try:
        yield
    finally:
        load_tensors(model, own)


def _copies(model: TrainedModel, names: Mapping[str, object]) -> dict[str, Tensor]:
    state = model.state_dict()
    return {name: state[name].detach().clone() for name in names}


def _estimate_statistics(
    context: TrainingContext, state: TrainingState, pipeline: FeaturePipeline
) -> Generator[Prepared, None, None]:
    """Of the batch norms: from training photos as the last epoch saw them."""
    rows, epoch = context.source.training, state.position.epoch - 1
    some = rows[:: -(-len(rows) // CLEAN_SAMPLE_LIMIT)]  # evenly from all of them; more tell the same
    features = partial(pipeline.training_features, epoch=epoch)
    yield from estimate_batch_norm(context, pipeline, some, features, state.micro_batch_size)


def soup_in_words(soup: Soup | None, best_epoch: int, best_loss: float) -> str:
    """Whether it was worth it, for the history of the run."""
    if soup is None or soup.loss >= best_loss:
        return f"No mean of the best epochs was better than epoch {best_epoch} by validation, so that one is kept."
    *most, last = map(str, soup.epochs)
    return (
        f"The soup, the mean of epochs {', '.join(most)} and {last}, is kept: its validation loss is {soup.loss:.3f}, "
        f"that of the best epoch, {best_epoch}, was {best_loss:.3f}."
    )
