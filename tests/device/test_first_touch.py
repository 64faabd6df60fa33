"""A device is touched first in a thread of its own, while photos are decoded."""

import threading
from collections.abc import Callable

import pytest
import torch

from core.activity import activity_in_words
from core.device import first_touch, start_device
from core.device.first_touch import touch
from core.job import Job, Prepared
from core.training import setup
from tests.fixtures.engine import make_plan, phase, run_through

CPU, CARD = torch.device("cpu"), torch.device("cuda:7")


def test_a_processor_needs_none():
    assert start_device(CPU) is None


def test_it_draws_no_random_numbers():
    before = torch.get_rng_state()
    touch(CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_device_is_touched_once_whoever_asks(monkeypatch: pytest.MonkeyPatch):
    touched: list[torch.device] = []
    monkeypatch.setattr(first_touch, "_started", {})
    monkeypatch.setattr(first_touch, "touch", touched.append)
    threads = [start_device(CARD) for _ in range(3)]
    assert threads[0] is not None
    threads[0].join()
    assert touched == [CARD]
    assert len(set(threads)) == 1


def test_a_device_that_fails_is_left_to_the_run(monkeypatch: pytest.MonkeyPatch):
    def broken(device: torch.device) -> None:
        raise RuntimeError("no driver")

    monkeypatch.setattr(first_touch, "_started", {})
    monkeypatch.setattr(first_touch, "touch", broken)
    thread = start_device(CARD)
    assert thread is not None
    thread.join()
    assert not thread.is_alive()


def test_a_run_decodes_meanwhile_and_says_what_it_waits_for(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    ready = threading.Event()
    thread = threading.Thread(target=lambda: ready.wait(60), daemon=True)
    thread.start()
    monkeypatch.setattr(setup, "start_device", lambda device: thread)
    kinds = []
    for event in setup.setup_training(job_for(make_plan(phase(epochs=1)))):
        if isinstance(event, Prepared):
            kinds.append(event.kind)
            if event.kind == "start_device":
                ready.set()
    assert kinds == ["decode", "build", "start_device"]
    assert activity_in_words("start_device") == "Starting the graphics card"


def test_a_device_that_is_there_is_not_mentioned(job_for: Callable[..., Job]):
    events = run_through(job_for(make_plan(phase(epochs=1))))
    assert "start_device" not in [event.kind for event in events if isinstance(event, Prepared)]
