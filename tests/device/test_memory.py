"""Memory that runs out: the run goes on in smaller parts, from the same step, and says so."""

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch

from core.backbones import get_card
from core.device.devices import resolve_device
from core.device.memory import in_smaller_batches, is_out_of_memory
from core.errors import GraftError
from core.job.batches import split_microbatches
from core.job.context import Job
from core.job.events import Ended, Stepped, Warned
from core.models.build import load_trained_model
from core.objectives import BatchOutput, Loss
from core.plans import NO_AUGMENTATION, Optimizer, Plan
from core.profiling.cost_profile import max_micro_batch, profile_costs
from core.training import setup
from core.training.loop import train
from tests.fixtures.engine import RESNET, VIT, make_plan, phase, run_through

pytestmark = pytest.mark.slow

SGD = Optimizer(kind="sgd")


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """holds(n): from now on a training step of more than n photos is out of memory."""

    def limit(photos: int) -> None:
        def loss(self: Loss, output: BatchOutput, whole: Callable = Loss.by_term) -> torch.Tensor:
            if len(output.features) > photos:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return whole(self, output)

        monkeypatch.setattr(Loss, "by_term", loss)

    return limit


def plan_of(backbone: str = VIT, **changes: object) -> Plan:
    return make_plan(phase(backbone, epochs=2), backbone=backbone, augmentation=NO_AUGMENTATION, **changes)


def test_the_run_goes_on_in_halves_and_learns_the_same(job_for: Callable[..., Job], holds: Callable[[int], None]):
    plan = plan_of(optimizer=SGD)
    plenty, scarce = job_for(plan, "plenty"), job_for(plan, "scarce")
    expected = [e for e in run_through(plenty) if isinstance(e, Stepped)]
    holds(3)
    events = run_through(scarce)
    steps = [e for e in events if isinstance(e, Stepped)]
    assert [e.step for e in steps] == [e.step for e in expected]
    assert [e.loss for e in steps] == pytest.approx([e.loss for e in expected], rel=1e-4)
    assert [e.accuracy for e in steps] == [e.accuracy for e in expected]
    ours, theirs = (
        load_trained_model(job.home, plan, job.dataset.tasks, job.folder, "last").state_dict()
        for job in (scarce, plenty)
    )
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-3, atol=1e-5)


def test_it_says_how_many_photos_fit_and_halves_no_more_than_it_must(
    job_for: Callable[..., Job], holds: Callable[[int], None]
):
    holds(3)
    warnings = [e.sentence for e in run_through(job_for(plan_of())) if isinstance(e, Warned)]
    assert warnings == [
        f"Memory ran out at {tried} photos at once. The run goes on from the same step with {tried // 2} at once; a "
        "step still learns from 8 photos."
        for tried in (8, 4)
    ]


def test_what_fitted_is_remembered_for_the_next_estimate(job_for: Callable[..., Job], holds: Callable[[int], None]):
    holds(3)
    job = job_for(plan_of())
    assert max_micro_batch(job.home, job.plan, resolve_device("cpu")) is None
    run_through(job)
    assert max_micro_batch(job.home, job.plan, resolve_device("cpu")) == 2


def test_a_resumed_run_begins_with_the_parts_that_fitted(job_for: Callable[..., Job], holds: Callable[[int], None]):
    job = job_for(plan_of())
    holds(3)
    events = train(job)
    for event in events:
        if isinstance(event, Stepped) and event.step == 3:
            break
    events.close()  # type: ignore[attr-defined]
    assert not [e for e in run_through(job) if isinstance(e, Warned)]


def test_a_later_run_begins_with_the_parts_that_fitted(job_for: Callable[..., Job], holds: Callable[[int], None]):
    holds(3)
    run_through(job_for(plan_of(), "first"))
    warnings = [e.sentence for e in run_through(job_for(plan_of(), "later")) if isinstance(e, Warned)]
    assert warnings == [
        "The memory of this machine does not hold a step of 8 photos: it is computed 2 photos at once, and still "
        "learns from all of them."
    ]


def test_a_processor_is_not_asked_for_more_than_is_free(job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch):
    job = job_for(plan_of())
    found = profile_costs(job.home, job.plan, get_card(VIT), resolve_device("cpu"))
    monkeypatch.setattr(setup, "known_cost_profile", lambda *arguments: found)
    free = 4.5 * found.step_bytes[0] / 0.8
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free, total=2**33))
    warnings = [e.sentence for e in run_through(job) if isinstance(e, Warned)]
    assert [sentence for sentence in warnings if "it is computed 4 photos at once" in sentence]


def test_when_not_even_one_photo_fits_one_sentence_says_what_to_do(
    job_for: Callable[..., Job], holds: Callable[[int], None]
):
    holds(0)
    with pytest.raises(GraftError, match="not even photo by photo") as raised:
        run_through(job_for(plan_of()))
    assert "smaller photo size" in raised.value.remedy


def test_batch_norm_never_gets_a_part_of_one_photo(job_for: Callable[..., Job], holds: Callable[[int], None]):
    holds(1)
    with pytest.raises(GraftError, match="not even photo by photo"):
        run_through(job_for(plan_of(RESNET)))


def test_batch_norm_trains_in_micro_batches_of_two(job_for: Callable[..., Job], holds: Callable[[int], None]):
    holds(2)
    assert isinstance(run_through(job_for(plan_of(RESNET), "two"))[-1], Ended)


@pytest.mark.parametrize(("rows", "most"), [(8, 8), (8, 3), (9, 4), (5, 2), (1, 4), (3, 1)])
def test_parts_hold_every_row_once_and_none_is_alone_without_need(rows: int, most: int):
    parts = [part["source"] for part in split_microbatches({"source": np.arange(rows)}, most)]
    assert np.concatenate(parts).tolist() == list(range(rows))
    assert max(map(len, parts)) <= most + 1
    assert min(map(len, parts)) >= min(2, rows, most)


def test_the_forward_batch_is_halved_until_it_fits():
    seen = []

    def work(rows: np.ndarray) -> tuple[torch.Tensor, ...]:
        seen.append(len(rows))
        if len(rows) > 3:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 12 bytes.")
        return (torch.from_numpy(rows) * 2,)

    [doubled] = in_smaller_batches(work, np.arange(10))
    assert doubled.tolist() == [2 * n for n in range(10)]
    assert seen == [10, 5, 2, 3, 5, 2, 3]


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))

    def work(rows: np.ndarray) -> tuple[torch.Tensor, ...]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        in_smaller_batches(work, np.arange(4))


ALLOCATES = """
import resource
import torch
from core.device.memory import is_out_of_memory
torch.ones(8) @ torch.ones(8)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
try:
    torch.empty(2**30)
except Exception as error:
    print(is_out_of_memory(error), type(error).__name__)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as only Linux does")
def test_a_processor_whose_memory_really_ran_out_is_recognised():
    done = subprocess.run([sys.executable, "-c", ALLOCATES], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("True"), done.stdout + done.stderr
