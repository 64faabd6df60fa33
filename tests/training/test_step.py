"""One step: metrics on their way from a device, and a batch that does not fit the memory."""

import math
import weakref
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import pytest
import torch

from core.job.context import Job
from core.job.events import Stepped, Warned
from core.objectives import BatchOutput, Loss
from core.training.loop import train
from core.training.step import DeferredMetrics
from tests.fixtures.engine import VIT, make_plan, phase

CPU = torch.device("cpu")


def stepped(number: int) -> Stepped:
    return Stepped(number, 1, 0, 8 * number, math.nan, None, {})


def test_on_a_processor_a_step_is_read_at_once():
    metrics = DeferredMetrics(CPU)
    assert metrics.push(stepped(1), torch.tensor([0.5, 2.0])) == [(stepped(1), (0.5, 2.0))]
    assert metrics.flush() == []


def test_on_a_gpu_a_step_is_read_when_the_next_is_under_way():
    metrics = DeferredMetrics(CPU, steps_late=1)
    assert metrics.push(stepped(1), torch.tensor([1.0])) == []
    assert [step.step for step, _ in metrics.push(stepped(2), torch.tensor([2.0]))] == [1]
    assert [numbers for _, numbers in metrics.flush()] == [(2.0,)]
    assert metrics.flush() == []


def test_the_graph_of_an_attempt_that_failed_is_freed_before_the_next(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    graphs: list[weakref.ref] = []
    alive: list[bool] = []

    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, loss: torch.Tensor) -> torch.Tensor:
            return loss.clone()

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            raise torch.OutOfMemoryError

    def loss(self: Loss, output: BatchOutput, whole: Callable = Loss.by_term) -> torch.Tensor:
        alive.extend(graph() is not None for graph in graphs)
        graphs[:] = [weakref.ref(output.features)]
        return Fails.apply(whole(self, output)) if len(output.features) > 3 else whole(self, output)

    monkeypatch.setattr(Loss, "by_term", loss)
    events = train(job_for(make_plan(phase(VIT, epochs=1), backbone=VIT)))
    before_first_step = takewhile(lambda event: not isinstance(event, Stepped), events)
    assert len([event for event in before_first_step if isinstance(event, Warned)]) == 2
    assert alive[:2] == [False, False]
