"""The average of the weights: against its formula, what is judged and kept, and that it leaves no trace."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.home import Home
from core.job.context import Job
from core.job.events import EpochEnded
from core.models.build import create_model, load_trained_model
from core.models.ema import ModelEma, decay_at
from core.plans import Optimizer
from core.training.validation import predict_logits
from tests.fixtures.engine import SPECIES, InMemory, make_plan, phase, run_through

HEAD = "heads.0.weight"


def test_it_follows_the_weights_as_the_formula_says(home: Home):
    model = create_model(home, make_plan(), [SPECIES])
    average = ModelEma(model, list(model.state_dict()), 0.9)
    expected = model.heads[0].weight.detach().numpy().copy()
    rng = torch.Generator().manual_seed(0)
    for step in range(1, 200):
        with torch.no_grad():
            model.heads[0].weight.normal_(generator=rng)
        average.update(step)
        kept = min(0.9, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * model.heads[0].weight.detach().numpy()
    assert average.tensors[HEAD].numpy() == pytest.approx(expected, abs=1e-5)


def test_the_first_steps_forget_quickly():
    assert decay_at(0.999, 1) == pytest.approx(2 / 11)
    assert decay_at(0.999, 100_000) == 0.999


def test_counters_are_taken_over_and_not_averaged(home: Home):
    model = create_model(home, make_plan(), [SPECIES])
    average = ModelEma(model, list(model.state_dict()), 0.9)
    counter = next(name for name in model.state_dict() if name.endswith("num_batches_tracked"))
    model.state_dict()[counter].fill_(7)
    average.update(1)
    assert average.tensors[counter] == 7


def test_a_model_that_was_the_average_for_a_while_is_itself_again_to_the_bit(home: Home):
    model = create_model(home, make_plan(), [SPECIES])
    average = ModelEma(model, list(model.state_dict()), 0.9)
    with torch.no_grad():
        model.heads[0].weight.add_(0.1)
    before = model.heads[0].weight.detach().clone()
    with pytest.raises(KeyError), average.swap_in():
        assert not torch.equal(model.heads[0].weight, before)
        raise KeyError
    assert torch.equal(model.heads[0].weight, before)


def test_what_is_judged_and_kept_is_the_average(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(epochs=1), optimizer=Optimizer(ema_decay=0.5)))
    (ended,) = [e for e in run_through(job) if isinstance(e, EpochEnded)]
    kept, learning = (load_file(job.folder / "last" / f"{name}.safetensors") for name in ("model", "training_state"))
    assert not torch.equal(kept[HEAD], learning[f"raw_weights/{HEAD}"])
    model = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder, "last")
    rows = job.dataset.indices("validation")
    logits = predict_logits(model, InMemory(32, job.dataset.labels(SPECIES)), rows)["species"].astype(np.float64)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -logs[np.arange(len(rows)), job.dataset.labels(SPECIES)[rows]].mean()
    assert loss == pytest.approx(ended.scores["species"].validation_loss, rel=1e-4)
