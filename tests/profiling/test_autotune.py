"""Autotuning chooses the fastest compute configuration that is safe; the measured seconds are made up here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
import torch

from core.device import precision
from core.device.precision import ComputeConfig, compute_config_from, default_compute_config, restored_threads
from core.home import Home
from core.job.events import Stepped, Warned
from core.models.build import create_model
from core.models.model import TrainedModel
from core.models.weights_io import saved_compute_config
from core.plans import NO_AUGMENTATION, Plan
from core.profiling import autotune, benchmarks
from core.profiling.autotune import autotune_compute_config, compute_config_for_run, fastest
from core.profiling.benchmarks import BenchmarkSetup
from core.training.loop import train
from tests.fixtures.engine import RESNET, SPECIES, VIT, make_plan, phase, run_through

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
HEAD_ONLY = 0


@dataclass
class Machine:
    """A machine with made-up speed. step, forward: seconds per image in a configuration. benchmarked: in order."""

    step: Callable[[ComputeConfig], float] = lambda config: 1.0
    forward: Callable[[ComputeConfig], float] = lambda config: 1.0
    benchmarked: list[tuple[str, ComputeConfig]] = field(default_factory=list)

    def step_seconds(
        self, setup: benchmarks.BenchmarkSetup, first_trainable_stage: int, at_least: float = 0.0
    ) -> float:
        self.benchmarked.append(("step", setup.compute_config))
        return self.step(setup.compute_config)

    def forward_seconds(self, setup: BenchmarkSetup, min_seconds: float = 0.0) -> float:
        self.benchmarked.append(("forward", setup.compute_config))
        return self.forward(setup.compute_config)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """It has bf16, and as many threads as torch."""
    made = Machine()
    monkeypatch.setattr(benchmarks, "step_seconds", made.step_seconds)
    monkeypatch.setattr(benchmarks, "forward_seconds", made.forward_seconds)
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    with restored_threads():
        yield made


def model_of(home: Home, backbone: str = RESNET) -> TrainedModel:
    return create_model(home, make_plan(phase(backbone), backbone=backbone), [SPECIES])


def chosen(home: Home, learning: int = 99, backbone: str = RESNET, precision: str = "auto") -> ComputeConfig:
    plan = make_plan(phase(backbone, learning), backbone=backbone, precision=precision)
    return autotune_compute_config(home, plan, lambda: model_of(home, backbone), CPU)


def of_run(home: Home, plan: Plan, photos: int) -> ComputeConfig:
    """The configuration of a new run; the default of its device where none is chosen."""
    found = compute_config_for_run(home, plan, photos, CPU)
    return found or default_compute_config(model_of(home).backbone, CPU, plan.precision)


def test_bf16_is_chosen_where_it_is_clearly_faster(home: Home, machine: Machine):
    machine.step = machine.forward = lambda config: 0.5 if config.precision == "bf16" else 1.0
    assert chosen(home).precision == "bf16"


def test_a_gain_that_may_be_noise_is_not_worth_bf16(home: Home, machine: Machine):
    machine.step = machine.forward = lambda config: 0.97 if config.precision == "bf16" else 1.0
    assert (chosen(home).precision, chosen(home).inference_dtype) == ("fp32", "fp32")


def test_forward_passes_and_steps_may_be_fastest_in_different_precisions(home: Home, machine: Machine):
    machine.forward = lambda config: 0.5 if config.precision == "bf16" else 1.0
    machine.step = lambda config: 2.0 if config.precision == "bf16" else 1.0
    found = chosen(home)
    assert (found.precision, found.inference_dtype) == ("fp32", "bf16")


def test_where_only_the_head_is_trained_forward_passes_decide(home: Home, machine: Machine):
    machine.forward = lambda config: 0.5 if config.precision == "bf16" else 1.0
    machine.step = lambda config: 2.0 if config.precision == "bf16" else 1.0
    assert chosen(home, HEAD_ONLY).precision == "bf16"


def test_a_precision_that_the_plan_requests_is_used(home: Home, machine: Machine):
    machine.step = machine.forward = lambda config: 0.5 if config.precision == "bf16" else 1.0
    found = chosen(home, precision="fp32")
    assert (found.precision, found.inference_dtype) == ("fp32", "fp32")


@pytest.mark.parametrize("backbone", [RESNET, VIT])
def test_the_memory_format_is_the_default_unless_the_other_is_clearly_faster(
    home: Home, machine: Machine, backbone: str
):
    assert chosen(home, backbone=backbone).channels_last == (backbone == RESNET)
    machine.step = lambda config: 0.5 if config.channels_last != (backbone == RESNET) else 1.0
    assert chosen(home, 1, backbone).channels_last != (backbone == RESNET)


def test_half_of_many_threads_are_used_where_they_are_faster(
    home: Home, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(autotune, "thread_counts", lambda device: (3, 2))
    machine.step = lambda config: 0.5 if config.threads == 2 else 1.0
    assert chosen(home).threads == 2
    assert torch.get_num_threads() == 1


def test_few_threads_are_all_used(monkeypatch: pytest.MonkeyPatch):
    for everyone, tried in ((1, (1,)), (2, (2,)), (4, (4,)), (8, (8, 4)), (64, (64, 32))):
        monkeypatch.setattr(torch, "get_num_threads", lambda everyone=everyone: everyone)
        assert autotune.thread_counts(CPU) == tried


def test_candidates_take_turns_and_the_first_round_does_not_count(home: Home, machine: Machine):
    plan, slow_once = make_plan(), iter([99.0])
    one, other = ComputeConfig(CPU), ComputeConfig(CPU, channels_last=True)
    setup = benchmarks.set_up(model_of(home), plan, one)
    machine.benchmarked.clear()
    found = fastest(setup, [one, other], lambda t: next(slow_once, 1.0) + machine.step_seconds(t, 0))
    assert found == one
    assert [a for _, a in machine.benchmarked[:6]] == [one, other] * 3


def test_a_much_slower_candidate_is_dropped_after_two_rounds_that_count(home: Home, machine: Machine):
    one, slow, other = ComputeConfig(CPU), ComputeConfig(CPU, "bf16"), ComputeConfig(CPU, channels_last=True)
    setup = benchmarks.set_up(model_of(home), make_plan(), one)
    machine.benchmarked.clear()
    machine.step = lambda config: 2.0 if config == slow else 1.0
    assert fastest(setup, [one, slow, other], lambda t: machine.step_seconds(t, 0)) == one
    tried = [a for _, a in machine.benchmarked]
    assert (tried.count(slow), tried.count(one), tried.count(other)) == (3, 4, 4)


def test_a_single_lucky_turn_does_not_win(home: Home, machine: Machine):
    one, other = ComputeConfig(CPU), ComputeConfig(CPU, channels_last=True)
    setup = benchmarks.set_up(model_of(home), make_plan(), one)
    seconds = {one: iter([1.0] * 99), other: iter([1.0, 0.5] + [1.0] * 99)}
    assert fastest(setup, [one, other], lambda setup: next(seconds[setup.compute_config])) == one


def test_the_choice_is_measured_once_and_stored(home: Home, machine: Machine):
    first = chosen(home)
    machine.benchmarked.clear()
    machine.step = machine.forward = lambda config: 0.1 if config.precision == "bf16" else 1.0
    assert chosen(home) == first
    assert machine.benchmarked == []


def test_with_a_single_precision_another_stage_is_not_measured_anew(
    home: Home, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: False)
    chosen(home)
    machine.benchmarked.clear()
    chosen(home, 1)
    assert machine.benchmarked == []


def test_the_model_is_as_it_was_after_it_was_tried(home: Home):
    plan = make_plan()
    model = model_of(home)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layouts = {name: value.stride() for name, value in model.state_dict().items()}
    compute_config_for_run(home, plan, 10**9, CPU)
    for name, value in model_of(home).state_dict().items():
        assert torch.equal(value, before[name])
        assert value.stride() == layouts[name]


def test_a_short_run_is_not_measured_for(home: Home, machine: Machine):
    plan = make_plan(precision="auto")
    assert of_run(home, plan, photos=35).channels_last
    assert machine.benchmarked == []
    machine.step = lambda config: 1e-3
    assert of_run(home, plan, photos=1_000).channels_last
    assert {a.precision for _, a in machine.benchmarked} == {"fp32"}


def test_a_short_run_uses_an_earlier_measurement(home: Home, machine: Machine):
    machine.step = machine.forward = lambda config: 0.5 if config.precision == "bf16" else 1.0
    assert chosen(home) == of_run(home, make_plan(phase(), precision="auto"), photos=35)


def test_a_run_is_measured_for_where_it_is_ten_times_as_long(home: Home, machine: Machine):
    machine.step = lambda config: 1.0
    machine.forward = lambda config: 0.1 if config.precision == "bf16" else 1.0
    seen = autotune.MIN_RUN_RATIO * autotune.TURNS * benchmarks.MIN_IMAGES
    for photos, tried in ((seen - 1, False), (seen + 1, True)):
        machine.benchmarked.clear()
        plan = make_plan(phase(learning=0, epochs=9), precision="auto", augmentation=NO_AUGMENTATION)
        of_run(home, plan, photos)
        assert ("bf16" in {a.precision for _, a in machine.benchmarked}) == tried


def test_a_long_run_begins_in_the_fastest(home: Home, machine: Machine):
    machine.step = machine.forward = lambda config: 0.5 if config.precision == "bf16" else 1.0
    plan = make_plan(precision="auto")
    assert of_run(home, plan, photos=1_000).precision == "bf16"


def test_memory_that_runs_out_while_measuring_leaves_the_default(home: Home, machine: Machine):
    def too_much(compute_config: ComputeConfig) -> float:
        raise torch.OutOfMemoryError

    machine.step = too_much
    assert of_run(home, make_plan(), photos=1_000).precision == "fp32"


def test_facts_and_back():
    whole = ComputeConfig(CPU, "fp32", channels_last=True, inference_dtype="fp32", threads=3)
    assert compute_config_from(whole.facts(), CPU) == whole


def test_facts_with_a_precision_that_the_device_lacks_are_ignored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: False)
    for begun_in in (ComputeConfig(CPU, "bf16"), ComputeConfig(CPU, inference_dtype="bf16")):
        assert compute_config_from(begun_in.facts(), CPU) is None


def test_a_layout_is_taken_back():
    layer = torch.nn.Conv2d(3, 4, 3)
    strides = layer.weight.stride()
    there = ComputeConfig(CPU, channels_last=True).move(layer).weight.stride()
    assert there != strides
    assert ComputeConfig(CPU).move(layer).weight.stride() == strides


def test_a_frozen_part_in_bf16_goes_with_training_steps_in_fp32(job_for, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "_cpu_has_bf16", lambda: True)
    mixed = ComputeConfig(CPU, "fp32", channels_last=True, inference_dtype="bf16", threads=1)
    job = replace(job_for(make_plan(phase(learning=1), precision="auto")), compute_config=mixed)
    events = run_through(job)
    assert not [e for e in events if isinstance(e, Warned)]
    assert events[-1].reason == "finished"


def test_a_resumed_run_keeps_its_compute_configuration(job_for, monkeypatch: pytest.MonkeyPatch):
    began = ComputeConfig(CPU, channels_last=False, threads=1)
    job = replace(job_for(make_plan()), compute_config=began)
    events = train(job)
    next(e for e in events if isinstance(e, Stepped))
    events.close()
    assert autotune.autotune_job(job).compute_config == began
    run_through(replace(job, compute_config=replace(began, channels_last=True)))
    assert saved_compute_config(job.folder) == began.facts()


@pytest.mark.parametrize(("has_bf16", "allowed"), [(True, ("fp32", "bf16")), (False, ("fp32", "fp16"))])
def test_on_a_gpu_the_choice_is_between_fp32_and_the_safer_16_bit_precision(
    monkeypatch: pytest.MonkeyPatch, has_bf16: bool, allowed: tuple[str, ...]
):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    gpu = torch.device("cuda")
    assert precision.allowed_precisions(gpu) == allowed
    assert precision.default_compute_config(torch.nn.Linear(2, 2), gpu).precision == allowed[1]
    assert precision.default_compute_config(torch.nn.Linear(2, 2), gpu, "fp32").precision == "fp32"
    assert autotune.thread_counts(gpu) == (torch.get_num_threads(),)
