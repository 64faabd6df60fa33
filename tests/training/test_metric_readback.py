"""Numbers on their way from a device: none is lost, and their order stays."""

import math

import torch

from core.job.events import Stepped
from core.training.metric_readback import DeferredMetrics

CPU = torch.device("cpu")


def stepped(number: int) -> Stepped:
    return Stepped(number, 1, 0, 8 * number, math.nan, None, {})


def test_on_a_processor_a_step_is_read_at_once():
    readings = DeferredMetrics(CPU)
    assert readings.add(stepped(1), torch.tensor([0.5, 2.0])) == [(stepped(1), (0.5, 2.0))]
    assert readings.rest() == []


def test_on_a_gpu_a_step_is_read_when_the_next_is_under_way():
    readings = DeferredMetrics(CPU, late=1)
    assert readings.add(stepped(1), torch.tensor([1.0])) == []
    assert [said.step for said, _ in readings.add(stepped(2), torch.tensor([2.0]))] == [1]
    assert [numbers for _, numbers in readings.rest()] == [(2.0,)]
    assert readings.rest() == []
