"""16 bits: where a loss is no number in them, the run goes back to its last checkpoint and on in 32, once."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from core.device import ComputeConfig, precision
from core.job import EpochEnded, Event, Job, Stepped, Warned
from core.models import read_facts
from core.training import loop, step
from core.training.loop import train
from tests.fixtures.engine import RESNET, make_plan, phase, run_through

BF16 = ComputeConfig(torch.device("cpu"), "bf16", threads=1)
PLAN = make_plan(phase(RESNET, epochs=3), precision="auto")
OVERFLOWS_FROM = 6  # the second epoch has the steps 5 to 8


@pytest.fixture(autouse=True)
def overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """From some step on, whatever is computed in 16 bits is no number."""
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    whole = step.forward

    def forward(context, state, *rest):  # type: ignore[no-untyped-def]
        output = whole(context, state, *rest)
        if state.compute_config.is_16_bit and state.position.step + 1 >= OVERFLOWS_FROM:
            return replace(output, logits={task: logits * torch.nan for task, logits in output.logits.items()})
        return output

    monkeypatch.setattr(step, "forward", forward)


def in_16_bits(job: Job) -> Job:
    return replace(job, compute_config=BF16)


def sentences(events: list[Event]) -> list[str]:
    return [event.sentence for event in events if isinstance(event, Warned)]


def test_a_run_goes_on_in_32_bits_and_says_so_once(job_for: Callable[..., Job]):
    job = in_16_bits(job_for(PLAN))
    events = run_through(job)
    assert sentences(events) == [
        "In 16 bits the loss was no longer a number; the run goes on from its last checkpoint in 32 bits."
    ]
    assert events[-1].reason == "finished"
    steps = [event.step for event in events if isinstance(event, Stepped)]
    back = next(number for number, one in enumerate(steps) if one < OVERFLOWS_FROM and number >= OVERFLOWS_FROM - 1)
    assert steps == [*range(1, OVERFLOWS_FROM), *range(steps[back], 13)]
    assert [event.epoch for event in events if isinstance(event, EpochEnded)][-2:] == [2, 3]
    assert read_facts(job.folder / "last")["compute_config"]["precision"] == "fp32"


def test_it_goes_back_to_the_last_good_state(job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch):
    job = in_16_bits(job_for(PLAN))
    went_back_to: list[int] = []

    def setup(job: Job, compute_config: ComputeConfig | None = None):  # type: ignore[no-untyped-def]
        _, state, _ = found = yield from whole(job, compute_config)
        went_back_to.append(state.position.step)
        assert all(value.isfinite().all() for value in state.model.state_dict().values())
        return found

    whole = loop.setup_training
    monkeypatch.setattr(loop, "setup_training", setup)
    run_through(job)
    assert went_back_to == [0, 4], "the end of the first epoch is its best, too"


@pytest.mark.slow
@pytest.mark.parametrize("step", [3, 6, 9])
def test_closed_before_or_after_and_resumed_it_is_bit_equal(job_for: Callable[..., Job], step: int):
    unbroken, broken = in_16_bits(job_for(PLAN, "unbroken")), in_16_bits(job_for(PLAN, "broken"))
    run_through(unbroken)
    events, has_gone_back = train(broken), False
    for event in events:
        has_gone_back = has_gone_back or isinstance(event, Warned)
        if isinstance(event, Stepped) and event.step == step and has_gone_back == (step >= OVERFLOWS_FROM):
            break
    events.close()
    run_through(broken)
    for which in ("last", "best"):
        ours, theirs = ((job.folder / which / "model.safetensors").read_bytes() for job in (unbroken, broken))
        assert ours == theirs


def test_a_loss_that_is_no_number_in_32_bits_either_ends_the_run(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    whole = step.forward

    def forward(*given):  # type: ignore[no-untyped-def]
        output = whole(*given)
        return replace(output, logits={task: logits * torch.nan for task, logits in output.logits.items()})

    monkeypatch.setattr(step, "forward", forward)
    events = run_through(in_16_bits(job_for(PLAN)))
    assert events[-1].reason == "unstable"
    assert len(sentences(events)) == 1
