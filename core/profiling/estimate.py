"""What a run will cost on this machine, from what a short calibration measured. ComputeConfig only."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from core.backbones import BackboneCard, architecture_features
from core.datasets import Dataset
from core.job import CLEAN_SAMPLE_LIMIT
from core.plans import Phase, Plan, num_views, relative_step_costs, resizes_progressively
from core.tasks import Task, label_kind

# Python with all that it loads, libraries included, before any network is; measured as resident memory.
PROCESS_BYTES = 900 * 2**20
FORWARD_BATCH_SIZE = 64  # photos, where nothing learns
# Building the network, tracing it for the cut and loading it again at the end take about alike.
# START_SECONDS is what does not depend on the network.
START_TIMES, START_SECONDS = 3, 0.4
EPOCH_SECONDS = 0.008  # of an epoch beside its steps, its scores and writing: sums, events, curves
# Writing what crosses the cut into files, with checks, and reading it again from memory; per byte.
KEEP_SECONDS, TAKE_SECONDS = 3e-9, 1e-9


@dataclass(frozen=True)
class CostProfile:
    """Seconds and bytes for one image on this machine, for one backbone, image size, batch size and precision.

    The lists have one entry per place where the network can be cut: entry k is the cut before stage k, and the last
    one is the cut before the head. prefix: a forward pass of what lies before the cut. suffix: a training step
    (forward, backward, update) of what lies after it. step_bytes: memory that the step holds per image.
    cached_bytes: what crosses the cut, per image, when it is kept.
    """

    prefix_seconds: tuple[float, ...]
    suffix_seconds: tuple[float, ...]
    step_bytes: tuple[float, ...]
    cached_bytes: tuple[float, ...]
    parameters: tuple[int, ...]  # of the backbone, per stage
    forward_bytes: float = 0.0  # memory that one image holds where nothing learns
    decode_seconds: float = 0.0
    augment_seconds: float = 0.0
    step_seconds: float = 0.0  # of a step beside the network: Python, events
    start_seconds: float = 0.0  # building the network
    save_seconds: float = 0.0  # of a checkpoint, however small, and of each byte in it
    save_seconds_per_byte: float = 0.0
    teacher_seconds: float = 0.0  # of a look of the teacher, where the plan names one
    teacher_forward_bytes: float = 0.0  # memory that the look holds; what is kept of it; the teacher's weights
    teacher_cached_bytes: int = 0
    teacher_bytes: int = 0
    correction: float = 1.0  # what runs on this machine really took, as a factor of what was foretold

    @property
    def forward_seconds(self) -> float:
        """One image through the whole backbone, without learning."""
        return self.prefix_seconds[-1]


@dataclass(frozen=True)
class Estimate:
    """memory_bytes: of the whole process, on a processor; kept activations lie in files and are not in it."""

    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class Counts:
    """Photos that teach, and photos that judge."""

    training: int
    validation: int

    @property
    def scored(self) -> int:
        """Photos that are scored at an epoch's end."""
        return self.validation + min(self.training, max(self.validation, 1), CLEAN_SAMPLE_LIMIT)


def caches_activations(plan: Plan, phase: Phase) -> bool:
    """Whether what comes before the cut is computed once per photo: something is frozen, photos stay the same."""
    return plan.augmentation.off and phase.first_trainable_stage > 0


def estimate(
    plan: Plan,
    training: int,
    validation: int,
    calibration: CostProfile,
    head_parameters: int,
    decoded: bool = False,
    micro_batch_size: int | None = None,
    cached_stages: Container[int] = (),
) -> Estimate:
    """Time and memory of a plan. training, validation: images of each split. decoded: the pixel store exists.

    micro_batch_size: of a batch, where this machine's memory does not hold all of it. cached_stages: the cuts for which
    an earlier run kept what lies before them says about photos as they are.
    """
    c, photos = calibration, Counts(training, validation)
    images = training + validation
    seconds = 0.0 if decoded else images * c.decode_seconds
    seconds += START_SECONDS + START_TIMES * c.start_seconds
    seconds += photos.scored * c.forward_seconds  # the best epoch, at the end
    seconds += _frozen_bytes(plan, c.parameters) * c.save_seconds_per_byte
    seconds += _lessons(plan, training) * (c.teacher_seconds + KEEP_SECONDS * c.teacher_cached_bytes)
    last_cut = 0
    for phase in plan.phases:
        known = phase.first_trainable_stage == last_cut or phase.first_trainable_stage in cached_stages
        seconds += _looking_seconds(plan, phase, photos, c, known)
        seconds += sum(phase_seconds(plan, phase, photos, c, head_parameters))
        last_cut = phase.first_trainable_stage
    memory = _memory(
        plan, c, head_parameters, min(plan.batch_size, micro_batch_size or plan.batch_size, max(training, 1))
    )
    return Estimate(float(seconds * c.correction), int(memory))


def _lessons(plan: Plan, training: int) -> int:
    """How many photos a teacher looks at, before there is anything to learn."""
    return (plan.fixed_views or 0) * training


def caching_seconds(phase: Phase, c: CostProfile) -> float:
    """The frozen part of a phase looks at one photo, and what it says is kept."""
    return c.prefix_seconds[phase.first_trainable_stage] + KEEP_SECONDS * c.cached_bytes[phase.first_trainable_stage]


def _looking_seconds(plan: Plan, phase: Phase, photos: Counts, c: CostProfile, known: bool) -> float:
    """What the frozen part computes before and between a phase's epochs. known: of photos as they are, it is kept."""
    if phase.first_trainable_stage == 0:
        return 0.0
    one = caching_seconds(phase, c)
    # Photos that judge never change, so what lies before the cut is computed once for them in any case.
    same = photos.training + photos.validation if plan.augmentation.off else photos.scored
    seconds = 0.0 if known else same * one
    if caches_views(plan, phase):
        seconds += num_views(plan, phase) * photos.training * (one + c.augment_seconds)
    return seconds


def caches_views(plan: Plan, phase: Phase) -> bool:
    """Whether what the frozen part says about changed photos is kept for several epochs."""
    return not plan.augmentation.off and 0 < num_views(plan, phase) < phase.epochs


def phase_seconds(plan: Plan, phase: Phase, photos: Counts, c: CostProfile, head_parameters: int) -> tuple[float, ...]:
    """Each epoch of a phase: its steps, its scores, its checkpoint; without the correction."""
    if not resizes_progressively(plan, phase):
        return (_epoch_seconds(plan, phase, photos, c, head_parameters, 1.0),) * phase.epochs
    return tuple(
        _epoch_seconds(plan, phase, photos, c, head_parameters, share) for share in relative_step_costs(plan, phase)
    )


def _epoch_seconds(
    plan: Plan, phase: Phase, photos: Counts, c: CostProfile, head_parameters: int, share: float
) -> float:
    """share: of what the network takes for photos at full size."""
    cut = phase.first_trainable_stage
    taken = TAKE_SECONDS * c.cached_bytes[cut] if cut > 0 else 0.0
    learn = c.suffix_seconds[cut]
    if caches_activations(plan, phase) or caches_views(plan, phase):
        learn += taken
    else:
        learn = share * (learn + c.prefix_seconds[cut]) + (0.0 if plan.augmentation.off else c.augment_seconds)
    judge = c.forward_seconds - c.prefix_seconds[cut] + taken
    steps = -(-photos.training // plan.batch_size)
    # Twice: last, and best, which most epochs are when they end.
    save = 2 * (c.save_seconds + c.save_seconds_per_byte * _checkpoint_bytes(plan, c.parameters, head_parameters))
    return EPOCH_SECONDS + photos.training * learn + steps * c.step_seconds + photos.scored * judge + save


def _memory(plan: Plan, c: CostProfile, head_parameters: int, micro_batch_size: int) -> float:
    """The most that the process holds: in a step, a look at many photos, or writing a checkpoint."""
    earliest = plan.first_trainable_stage
    learning = 4 * _learning(plan, c.parameters, head_parameters)
    step = learning + micro_batch_size * c.step_bytes[earliest]
    look = FORWARD_BATCH_SIZE * max(c.forward_bytes, c.teacher_forward_bytes)
    weights = _weights(c, head_parameters) + c.teacher_bytes
    return PROCESS_BYTES + weights + _states(plan) * learning + max(step, look, learning)


def room_needed(plan: Plan, parameters: Sequence[int], head_parameters: int = 0) -> int:
    """Bytes on the disk that a run cannot do without: what stays frozen once, and the last checkpoint, the best one
    and the one that is being written. What is kept only to be faster does without where there is no room.

    parameters: of the backbone, per stage.
    """
    return _frozen_bytes(plan, parameters) + 3 * _checkpoint_bytes(plan, parameters, head_parameters)


def _learning(plan: Plan, parameters: Sequence[int], head_parameters: int) -> int:
    return sum(parameters[plan.first_trainable_stage :]) + head_parameters


def _weights(c: CostProfile, head_parameters: int) -> int:
    return 4 * (sum(c.parameters) + head_parameters)


def _states(plan: Plan) -> int:
    """Numbers that the optimizer remembers for each that learns."""
    return 2 if plan.optimizer.kind == "adamw" else 1


def _checkpoint_bytes(plan: Plan, parameters: Sequence[int], head_parameters: int) -> int:
    copies = 1 + _states(plan) + (plan.optimizer.ema_decay > 0)  # the average is saved beside the weights it follows
    return 4 * _learning(plan, parameters, head_parameters) * copies


def _frozen_bytes(plan: Plan, parameters: Sequence[int]) -> int:
    return 4 * sum(parameters[: plan.first_trainable_stage])


def learning_parameters(plan: Plan, parameters: tuple[int, ...], head_parameters: int) -> int:
    """How many numbers learn in at least one phase. parameters: of the backbone, per stage."""
    learns = [any(phase.stage_rates[i] > 0 for phase in plan.phases) for i in range(len(parameters))]
    return head_parameters + sum(count for count, free in zip(parameters, learns, strict=True) if free)


def head_parameters(features: int, tasks: Sequence[Task]) -> int:
    """One linear layer per task, with its bias."""
    return sum((features + 1) * label_kind(task).head_width(task) for task in tasks)


def head_size(plan: Plan, dataset: Dataset, card: BackboneCard) -> int:
    """Parameters of the plan's new heads. dataset: the version that the plan names."""
    tasks = [dataset.task(name) for name in plan.tasks]
    return head_parameters(architecture_features(card.architecture), tasks)
