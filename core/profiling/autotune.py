"""Which arithmetic is the fastest that is safe: candidates take turns on this machine for a second or two."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from core.device import (
    ComputeConfig,
    allowed_precisions,
    is_out_of_memory,
    profile_store,
    release_memory,
    threads_given_back,
    usual,
)
from core.home import Home
from core.models import TrainedModel
from core.plans import Plan
from core.profiling import benchmarks

CLEARLY = 0.95  # of the seconds of the safer or usual one: what gains less may have gained it by chance
RACE_SECONDS = 0.5  # of turns that count, at least; never fewer than FEWEST_ROUNDS
FEWEST_ROUNDS, MOST_ROUNDS, HOPELESS_AFTER = 3, 9, 2
TURN_SECONDS = 0.2  # that one turn should last
FEW_THREADS = 4  # with so few, all of them are faster than half of them: small steps are what suffers from many
TURNS = 15  # about so many there are in all
WORTH = 10  # times as long as the turns a run must be; in a shorter one they would take longer than they save

Work = Callable[[benchmarks.BenchmarkSetup], float]  # seconds of one image


def compute_config_for_run(
    home: Home, plan: Plan, model: TrainedModel, device: torch.device, photos: int
) -> ComputeConfig:
    """What a run over so many photos begins in: the fastest; what is fast as a rule, where the run is short and nobody
    has measured for it yet.
    """
    known = known_arithmetic(home, plan, device)
    if known:
        return known
    ordinary = usual(model.backbone, device, plan.precision)
    try:
        if _is_short(plan, model, ordinary, photos * times_seen(plan)):
            return ordinary
        return autotune_compute_config(home, plan, lambda: model, device)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    release_memory()  # the run itself computes in smaller parts
    return ordinary


def _is_short(plan: Plan, model: TrainedModel, ordinary: ComputeConfig, seen: int) -> bool:
    """Whether it takes less than ten times as long as the turns. seen: photos, each as often as it is computed."""
    if seen < WORTH * TURNS * benchmarks.FEWEST:  # however long one of them takes
        return True
    rough_seconds = benchmarks.begin(copy.deepcopy(model), plan, ordinary, first_trainable_stage(plan)).rough_seconds
    return seen * rough_seconds < WORTH * TURNS * max(TURN_SECONDS, benchmarks.FEWEST * rough_seconds)


def times_seen(plan: Plan) -> int:
    """How often a photo goes through the network: once where all of it is frozen and photos stay the same."""
    once = plan.augmentation.off and first_trainable_stage(plan) == len(plan.phases[0].stage_rates)
    return 1 if once else plan.epochs


def autotune_compute_config(
    home: Home, plan: Plan, build: Callable[[], TrainedModel], device: torch.device
) -> ComputeConfig:
    """Measured once for this backbone, photo size, batch size and kind of step, and kept for good: runs of the same
    plan shall compute alike, and candidates that take turns are slowed alike by what else the machine does.

    build: gives the plan's model; it is not changed.
    """
    known = known_arithmetic(home, plan, device)
    if known is None:
        with threads_given_back():
            known = _race_for(plan, copy.deepcopy(build()), device)
        profile_store.write(home, _key(plan, device), known.facts())
    return known


def known_arithmetic(home: Home, plan: Plan, device: torch.device) -> ComputeConfig | None:
    """The same, as far as it was measured."""
    facts = profile_store.read(home, _key(plan, device))
    return ComputeConfig(device, **facts) if facts else None


def _key(plan: Plan, device: torch.device) -> str:
    return profile_store.key_of("arithmetic", *_kind(plan, device), device)


def first_trainable_stage(plan: Plan) -> int:
    return min(phase.first_trainable_stage for phase in plan.phases)


def _kind(plan: Plan, device: torch.device) -> tuple[object, ...]:
    """What the choice depends on. From which stage on it learns only where there is more than one precision: which
    layout is the faster does not turn with it, and each further stage that is clicked would be waited for.
    """
    stages, learns = len(plan.phases[0].stage_rates), first_trainable_stage(plan)
    if len(allowed_precisions(device, plan.precision)) == 1:
        learns = stages if learns == stages else 0
    return plan.backbone.name, plan.image_size, plan.batch_size, plan.precision, learns


def _race_for(plan: Plan, model: TrainedModel, device: torch.device) -> ComputeConfig:
    """Precisions and the other layout against each other, then the number of threads; each for the kind of step that
    counts. Where the frozen part may look in another precision than the rest learns in, that is tried last.
    """
    learns, stages = first_trainable_stage(plan), len(model.stages)
    allowed = allowed_precisions(device, plan.precision)
    usually = replace(usual(model.backbone, device), precision=allowed[0])
    trial = benchmarks.begin(model, plan, usually, learns, TURN_SECONDS)

    def step(trial: benchmarks.BenchmarkSetup) -> float:
        return benchmarks.step_seconds(trial, learns, benchmarks.ONCE)

    def look(trial: benchmarks.BenchmarkSetup) -> float:
        return benchmarks.forward_seconds(trial, benchmarks.ONCE)

    kind = look if learns == stages else step
    shorter = [replace(usually, precision=each) for each in allowed[1:]]
    other_layout = replace(usually, channels_last=not usually.channels_last)
    chosen = fastest(trial, [usually, *shorter, other_layout], kind)
    chosen = fastest(trial, [replace(chosen, threads=each) for each in threads_to_try(device)], kind)
    if kind is look:
        return replace(chosen, inference_dtype=chosen.precision)
    looking = fastest(trial, [replace(chosen, precision=each) for each in allowed], look)
    return replace(chosen, inference_dtype=looking.precision)


def threads_to_try(device: torch.device) -> tuple[int, ...]:
    """As many as torch has chosen (the processor's cores), and half of them where they are many."""
    if device.type != "cpu":
        return (torch.get_num_threads(),)
    everyone = torch.get_num_threads()
    return (everyone, everyone // 2) if everyone > FEW_THREADS else (everyone,)


def fastest(trial: benchmarks.BenchmarkSetup, candidates: Sequence[ComputeConfig], work: Work) -> ComputeConfig:
    """The first of them, unless another one is clearly faster: by its best turn, and in most pairs of turns.

    They take turns, so that what slows the machine slows them alike. The first round warms up and does not count; who
    is slower at its best than another one at its worst is out after two that do.
    """
    rounds: dict[ComputeConfig, list[float]] = {candidate: [] for candidate in candidates}
    while len(rounds) > 1 and not _enough(rounds, trial):
        for candidate, turns in rounds.items():
            turns.append(work(benchmarks.with_compute_config(trial, candidate)))
        rounds = _still_racing(rounds)
    counted = np.array([turns[1:] for turns in rounds.values()]).T
    return list(rounds)[_winner(counted)]


def _still_racing(rounds: dict[ComputeConfig, list[float]]) -> dict[ComputeConfig, list[float]]:
    if len(next(iter(rounds.values()))) < 1 + HOPELESS_AFTER:
        return rounds
    worst_of_best = min(max(turns[1:]) for turns in rounds.values())
    return {candidate: turns for candidate, turns in rounds.items() if min(turns[1:]) <= worst_of_best / CLEARLY}


def _enough(rounds: dict[ComputeConfig, list[float]], trial: benchmarks.BenchmarkSetup) -> bool:
    counted = len(next(iter(rounds.values()))) - 1
    spent = sum(sum(turns[1:]) for turns in rounds.values()) * len(trial.images)
    return counted >= FEWEST_ROUNDS and (spent >= RACE_SECONDS or counted >= MOST_ROUNDS)


def _winner(seconds: np.ndarray) -> int:
    """seconds: [rounds, candidates]."""
    winner = 0
    for other in range(1, seconds.shape[1]):
        of_best = seconds[:, other].min() / seconds[:, winner].min()
        of_pairs = np.median(seconds[:, other] / seconds[:, winner])
        if max(of_best, of_pairs) < CLEARLY:
            winner = other
    return winner
