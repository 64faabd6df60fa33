"""Autotuning: the fastest compute configuration that is safe, found by a race of a second or two on this machine.

The configuration of a run is decided here, before `train`, and is part of its job:

1. a resumed run has the configuration of its checkpoint;
2. a plan that was trained on this machine before has the configuration of then, whatever was measured since;
3. the winner of a race for this backbone, photo size, batch size and kind of step is stored and used again;
4. a race is held for a run that is long enough to make up for its seconds;
5. any other run has the default of its device (`core.device.default_compute_config`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from core.datasets import Task
from core.device import (
    ComputeConfig,
    allowed_precisions,
    compute_config_from,
    default_compute_config,
    is_out_of_memory,
    profile_store,
    release_memory,
    resolve_device,
    restored_threads,
    start_device,
)
from core.home import Home
from core.job import Job, Prepared
from core.models import TrainedModel, create_model, saved_compute_config
from core.plans import BackboneChoice, Head, Plan
from core.profiling import benchmarks
from core.profiling.benchmarks import BenchmarkSetup
from core.profiling.first_choices import first_choices, remember_choice

SIGNIFICANT = 0.95  # of the seconds of the safer or default candidate: a smaller gain may be noise
RACE_SECONDS = 0.5  # of turns that count, at least; never fewer rounds than MIN_ROUNDS
MIN_ROUNDS, MAX_ROUNDS, ELIMINATE_AFTER = 3, 9, 2
TURN_SECONDS = 0.2  # that one turn should last
FEW_THREADS = 4  # up to so many, all threads are faster than half of them: small steps suffer from many
TURNS = 15  # in a whole race, about
MIN_RUN_RATIO = 10  # a run must last so many times as long as a race that is to pay off

_CHOICE = "compute_config"
_MEASURED_TASK = Task("measured", tuple("0123456789"))

Benchmark = Callable[[BenchmarkSetup], float]  # seconds per image


def autotune_job(job: Job) -> Job:
    """The job with the compute configuration of its run, which is measured where that pays off.

    job.progress is called before a measurement begins. Raises what `core.models.create_model` raises.
    """
    device = resolve_device(job.plan.device)
    start_device(device)
    facts = saved_compute_config(job.folder)
    saved = compute_config_from(facts, device) if facts else None
    if saved is None:
        job.progress(Prepared("autotune", 0, 0))
        saved = _first_compute_config(job, device)
    return replace(job, compute_config=saved)


def _first_compute_config(job: Job, device: torch.device) -> ComputeConfig | None:
    """The configuration in which the plan was first trained here; decided now where it was not."""
    first = first_choices(job.home, job.plan, device)
    if _CHOICE in first:
        return compute_config_from(first[_CHOICE], device) if first[_CHOICE] else None
    chosen = compute_config_for_run(job.home, job.plan, len(job.dataset), device)
    remember_choice(job.home, job.plan, device, _CHOICE, chosen.facts() if chosen else None)
    return chosen


def compute_config_for_run(home: Home, plan: Plan, photos: int, device: torch.device) -> ComputeConfig | None:
    """The configuration of a new run over so many photos; None where the default of its device will do."""
    stored = stored_compute_config(home, plan, device)
    passes = photos * passes_per_photo(plan)
    if stored or passes < MIN_RUN_RATIO * TURNS * benchmarks.MIN_IMAGES:  # too few, however long each of them takes
        return stored
    try:
        model = random_model(home, plan)
        if _pays_off(plan, model, device, passes):
            return autotune_compute_config(home, plan, lambda: model, device)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    release_memory()  # the run itself can compute in micro-batches
    return None


def passes_per_photo(plan: Plan) -> int:
    """How often a photo goes through the network: once where all of it is frozen and photos are not augmented."""
    once = plan.augmentation.off and plan.first_trainable_stage == len(plan.phases[0].stage_rates)
    return 1 if once else plan.epochs


def _pays_off(plan: Plan, model: TrainedModel, device: torch.device, passes: int) -> bool:
    default = default_compute_config(model.backbone, device, plan.precision)
    rough_seconds = benchmarks.set_up(model, plan, default, plan.first_trainable_stage).rough_seconds
    turn_seconds = max(TURN_SECONDS, benchmarks.MIN_IMAGES * rough_seconds)
    return passes * rough_seconds >= MIN_RUN_RATIO * TURNS * turn_seconds


def autotune_compute_config(
    home: Home, plan: Plan, build: Callable[[], TrainedModel], device: torch.device
) -> ComputeConfig:
    """The fastest configuration, from a race where none is stored. Measured once and stored for good: runs of the same
    plan are to compute alike, and candidates that take turns are slowed alike by other programs.

    build: gives a model of the plan, with any weights; the race may change its layout and its mode.
    """
    stored = stored_compute_config(home, plan, device)
    if stored:
        return stored
    with restored_threads():
        fastest_config = _race(plan, build(), device)
    profile_store.write(home, _key(plan, device), fastest_config.facts())
    return fastest_config


def stored_compute_config(home: Home, plan: Plan, device: torch.device) -> ComputeConfig | None:
    """The result of an earlier race; does not measure."""
    facts = profile_store.read(home, _key(plan, device))
    return ComputeConfig(device, **facts) if facts else None


def random_model(home: Home, plan: Plan) -> TrainedModel:
    """A model of the plan to measure: with random weights, which cost as much and need not be downloaded, and a head
    that can be trained in steps.
    """
    backbone = BackboneChoice(name=plan.backbone.name, weights="random")
    return create_model(home, plan.model_copy(update={"backbone": backbone, "head": Head()}), [_MEASURED_TASK])


def _key(plan: Plan, device: torch.device) -> str:
    """All that the race depends on. The first trainable stage is part of it only where there is more than one
    precision: the faster memory layout does not depend on it, and a user would wait for each stage that is clicked.
    """
    stages, first = len(plan.phases[0].stage_rates), plan.first_trainable_stage
    if len(allowed_precisions(device, plan.precision)) == 1:
        first = stages if first == stages else 0
    kind = plan.backbone.name, plan.image_size, plan.batch_size, plan.precision, first
    return profile_store.key_of("compute config", *kind, device)


def _race(plan: Plan, model: TrainedModel, device: torch.device) -> ComputeConfig:
    """Precisions and the other memory layout compete first, then numbers of threads, both at the work that dominates
    the run: training steps, or forward passes where only the heads are trained. Where a step is trained in one
    precision, the frozen part may still run faster in another: that is raced last.
    """
    first, stages = plan.first_trainable_stage, len(model.stages)
    allowed = allowed_precisions(device, plan.precision)
    default = default_compute_config(model.backbone, device, plan.precision)
    others = [each for each in allowed if each != default.precision]
    setup = benchmarks.set_up(model, plan, default, first, TURN_SECONDS)

    def step(setup: BenchmarkSetup) -> float:
        return benchmarks.step_seconds(setup, first, benchmarks.SINGLE_RUN)

    def forward(setup: BenchmarkSetup) -> float:
        return benchmarks.forward_seconds(setup, benchmarks.SINGLE_RUN)

    work = forward if first == stages else step
    precisions = [replace(default, precision=each) for each in others]
    other_layout = replace(default, channels_last=not default.channels_last)
    winner = fastest(setup, [default, *precisions, other_layout], work)
    winner = fastest(setup, [replace(winner, threads=each) for each in thread_counts(device)], work)
    if work is forward:
        return replace(winner, inference_dtype=winner.precision)
    frozen = fastest(setup, [replace(winner, precision=each) for each in (default.precision, *others)], forward)
    return replace(winner, inference_dtype=frozen.precision)


def thread_counts(device: torch.device) -> tuple[int, ...]:
    """Candidates: as many threads as torch has chosen (the cores of the processor), and half of them where many."""
    threads = torch.get_num_threads()
    return (threads, threads // 2) if device.type == "cpu" and threads > FEW_THREADS else (threads,)


def fastest(setup: BenchmarkSetup, candidates: Sequence[ComputeConfig], work: Benchmark) -> ComputeConfig:
    """The first candidate, unless another one is significantly faster: in its best turn, and in most pairs of turns.

    They take turns, so that other programs slow them alike. The first round warms up and does not count. After
    ELIMINATE_AFTER rounds that count, a candidate is dropped whose best turn is slower than the worst of another one.
    """
    turns: dict[ComputeConfig, list[float]] = {candidate: [] for candidate in candidates}
    while len(turns) > 1 and not _is_decided(turns, len(setup.images)):
        for candidate, seconds in turns.items():
            seconds.append(work(benchmarks.with_compute_config(setup, candidate)))
        turns = _without_slow(turns)
    counted = np.array([seconds[1:] for seconds in turns.values()]).T
    return list(turns)[_winner(counted)]


def _without_slow(turns: dict[ComputeConfig, list[float]]) -> dict[ComputeConfig, list[float]]:
    if len(next(iter(turns.values()))) < 1 + ELIMINATE_AFTER:
        return turns
    best_worst = min(max(seconds[1:]) for seconds in turns.values())
    return {candidate: seconds for candidate, seconds in turns.items() if min(seconds[1:]) <= best_worst / SIGNIFICANT}


def _is_decided(turns: dict[ComputeConfig, list[float]], images: int) -> bool:
    rounds = len(next(iter(turns.values()))) - 1
    spent_seconds = sum(sum(seconds[1:]) for seconds in turns.values()) * images
    return rounds >= MIN_ROUNDS and (spent_seconds >= RACE_SECONDS or rounds >= MAX_ROUNDS)


def _winner(seconds: np.ndarray) -> int:
    """seconds: [rounds, candidates]."""
    winner = 0
    for other in range(1, seconds.shape[1]):
        ratio_of_best = seconds[:, other].min() / seconds[:, winner].min()
        median_ratio = np.median(seconds[:, other] / seconds[:, winner])
        if max(ratio_of_best, median_ratio) < SIGNIFICANT:
            winner = other
    return winner
