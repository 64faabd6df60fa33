"""Deterministic algorithms are on while a run that wants them trains, and off again afterwards."""

import os
from collections.abc import Callable

import torch

from core.device import deterministic_algorithms
from core.job import Job, Stepped
from core.training.loop import train
from tests.fixtures.engine import VIT, make_plan, phase, run_through


def is_on() -> bool:
    return torch.are_deterministic_algorithms_enabled()


def test_they_are_on_as_long_as_anybody_needs_them():
    one, other = deterministic_algorithms(), deterministic_algorithms()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert is_on()
    other.__exit__(None, None, None)
    assert not is_on()


def test_cublas_will_find_its_workspace_fixed():
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"]


def test_a_repeatable_run_trains_with_them_and_gives_them_back(job_for: Callable[..., Job]):
    plan = make_plan(phase(VIT, epochs=1), backbone=VIT)
    repeatable = plan.model_copy(update={"repeatable": True})
    for each, expected in ((plan, False), (repeatable, True)):
        events = train(job_for(each, str(expected)))
        assert {is_on() for event in events if isinstance(event, Stepped)} == {expected}
        assert not is_on()


def test_on_a_processor_they_change_no_bit(job_for: Callable[..., Job]):
    plan = make_plan(phase(epochs=1))
    jobs = [job_for(plan, "usual"), job_for(plan.model_copy(update={"repeatable": True}), "repeatable")]
    for job in jobs:
        run_through(job)
    usual, repeatable = ((job.folder / "last" / "model.safetensors").read_bytes() for job in jobs)
    assert usual == repeatable
