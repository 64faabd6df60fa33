"""The same plan on the same machine computes alike, whatever a race, the memory or the disk would say now."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from core.device import ComputeConfig, precision
from core.home import Home
from core.job.context import Job
from core.job.events import Warned
from core.models import read_facts
from core.plans import Augmentation, Plan
from core.profiling import autotune, autotune_job, first_choices, remember_choice
from tests.fixtures.engine import make_plan, phase, run_through

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
JobFor = Callable[..., Job]


@pytest.fixture
def race(monkeypatch: pytest.MonkeyPatch) -> Callable[[ComputeConfig | None], None]:
    """race(config): what a race of compute configurations would say from now on; None is that none is worth it."""
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)

    def says(winner: ComputeConfig | None) -> None:
        monkeypatch.setattr(autotune, "compute_config_for_run", lambda *_: winner)

    return says


FP32 = ComputeConfig(CPU, "fp32", threads=1)
BF16 = ComputeConfig(CPU, "bf16", threads=1)


def weights_of(job: Job) -> bytes:
    run_through(autotune_job(job))
    return (job.folder / "last" / "model.safetensors").read_bytes()


@pytest.mark.parametrize(("at_first", "later"), [(FP32, BF16), (BF16, FP32), (None, BF16), (BF16, None)])
def test_the_same_plan_gives_the_same_weights_whatever_a_race_says_now(
    job_for: JobFor, race: Callable, at_first: ComputeConfig | None, later: ComputeConfig | None
):
    plan = make_plan(phase(epochs=1), precision="auto")
    race(at_first)
    first = weights_of(job_for(plan, "first"))
    race(later)
    assert weights_of(job_for(plan, "again")) == first
    other = plan.model_copy(update={"batch_size": 9})
    assert autotune_job(job_for(other, "of another plan")).compute_config == later
    assert weights_of(job_for(replace_seed(plan), "with another seed")) != first, "weights do tell runs apart"


def replace_seed(plan: Plan) -> Plan:
    return plan.model_copy(update={"seed": plan.seed + 1})


def test_the_configurations_of_these_tests_give_different_weights(job_for: JobFor, race: Callable):
    race(None)
    plan = make_plan(phase(epochs=1), precision="auto")
    jobs = [replace(job_for(plan, name), compute_config=found) for name, found in (("a", FP32), ("b", BF16))]
    for job in jobs:
        run_through(job)
    first, other = ((job.folder / "last" / "model.safetensors").read_bytes() for job in jobs)
    assert first != other


def test_a_plan_that_was_computed_in_parts_is_again_though_memory_suffices_now(
    job_for: JobFor, monkeypatch: pytest.MonkeyPatch
):
    plan = make_plan(phase(epochs=1))
    monkeypatch.setattr("core.training.setup.max_micro_batch", lambda *_: 3)
    first = weights_of(job_for(plan, "first"))
    monkeypatch.setattr("core.training.setup.max_micro_batch", lambda *_: None)
    events = run_through(autotune_job(job_for(plan, "again")))
    assert [e.sentence for e in events if isinstance(e, Warned)] == [
        "The memory of this machine did not hold, when this plan was first trained here, a step of 8 photos: it is "
        "computed 3 photos at once, and still learns from all of them."
    ]
    assert (job_for(plan, "again").folder / "last" / "model.safetensors").read_bytes() == first


def test_a_plan_that_no_longer_fits_the_memory_is_computed_in_parts(job_for: JobFor, monkeypatch: pytest.MonkeyPatch):
    plan = make_plan(phase(epochs=1))
    run_through(job_for(plan, "first"))
    monkeypatch.setattr("core.training.setup.max_micro_batch", lambda *_: 3)
    (warning,) = [e for e in run_through(job_for(plan, "again")) if isinstance(e, Warned)]
    assert warning.sentence.startswith("The memory of this machine does not hold a step of 8 photos")


def test_as_many_views_are_learned_from_as_at_first_whatever_room_the_disk_has(
    job_for: JobFor, monkeypatch: pytest.MonkeyPatch
):
    plan = make_plan(phase(learning=1, epochs=4), augmentation=Augmentation(cached_views=2))
    found = []
    for name, room in (("first", False), ("again", True)):
        monkeypatch.setattr("core.activations.feature_pipeline.has_room_for_views", lambda *_, room=room: room)
        job = job_for(plan, name)
        run_through(job)
        found.append(read_facts(job.folder / "last")["cached_views"])
    assert found == [{"0": 4}, {"0": 4}]


def test_the_first_choice_stays_whoever_makes_it(home: Home):
    plan = make_plan()
    with ThreadPoolExecutor(4) as runs:
        list(runs.map(lambda number: remember_choice(home, plan, CPU, "of threads", number), range(8)))
    first = first_choices(home, plan, CPU)
    remember_choice(home, plan, CPU, "of threads", "another")
    remember_choice(home, plan, CPU, "of views", 2)
    assert first_choices(home, plan, CPU) == {**first, "of views": 2}
    assert first_choices(home, replace_seed(plan), CPU) == {}
