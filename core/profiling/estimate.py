"""The estimate: what a run will cost on this machine, from a cost profile. It computes, and measures nothing."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from core.backbones import BackboneCard, architecture_features
from core.datasets import Dataset
from core.evaluation import is_tried
from core.job import CHECKPOINT_SECONDS, CLEAN_SAMPLE_LIMIT, COST_SHARE, CROSS_VALIDATION_LIMIT, FORWARD_BATCH_SIZE
from core.plans import Phase, Plan, augments, fits_heads, num_views, relative_step_costs, resizes_progressively
from core.tasks import Task, label_kind

# Python with all that it loads, libraries included, before any network is; measured as resident memory.
PROCESS_BYTES = 900 * 2**20
# Building the network, tracing it for the cut and loading it again at the end take about as long as each other, the
# first two before the run computes anything; START_SECONDS does not depend on the network. Once a network was trained
# here, what that took instead counts: also opening files, the first touch of a device, what libraries load when used.
START_REPETITIONS, REPETITIONS_BEFORE, START_SECONDS = 3, 2, 0.4
TRIAL_SECONDS = 0.002  # per photo, of new heads that are cross-validated at the end
CHOICE_SECONDS = 0.004  # per photo, of the choice of the penalty of fitted heads
EPOCH_SECONDS = 0.008  # of an epoch beside its steps, evaluation and checkpoint: sums, events, curves
SNAPSHOT_SECONDS = 1e-9  # of copying the state into fresh memory, per byte
# Writing activations into files with checksums, and reading them again from memory; per byte.
CACHE_WRITE_SECONDS, CACHE_READ_SECONDS = 3e-9, 1e-9


@dataclass(frozen=True)
class CostProfile:
    """Seconds and bytes for one image on this machine, for one backbone, image size, batch size and precision.

    The lists have one entry per place where the network can be cut: entry k is the cut before stage k, and the last
    one is the cut before the head. prefix: a forward pass of what lies before the cut. suffix: a training step
    (forward, backward, update) of what lies after it. step_bytes: memory that the step holds per image.
    cached_bytes: activations at the cut, per image, as they are cached.
    """

    prefix_seconds: tuple[float, ...]
    suffix_seconds: tuple[float, ...]
    step_bytes: tuple[float, ...]
    cached_bytes: tuple[float, ...]
    parameters: tuple[int, ...]  # of the backbone, per stage
    forward_bytes: float = 0.0  # memory that one image holds in a forward pass without gradients
    decode_seconds: float = 0.0
    augment_seconds: float = 0.0
    step_seconds: float = 0.0  # of a step beside the network: Python, events
    start_seconds: float = 0.0  # building the network
    save_seconds: float = 0.0  # of a checkpoint, however small, and of each byte in it
    save_seconds_per_byte: float = 0.0
    teacher_seconds: float = 0.0  # of the teacher's forward pass, where the plan names one
    teacher_forward_bytes: float = 0.0  # memory of that pass; what is cached of it; the teacher's weights
    teacher_cached_bytes: int = 0
    teacher_bytes: int = 0
    correction: float = 1.0  # measured over estimated seconds of runs on this machine

    @property
    def forward_seconds(self) -> float:
        """One image through the whole backbone, without gradients."""
        return self.prefix_seconds[-1]


@dataclass(frozen=True)
class Estimate:
    """memory_bytes: of the whole process, on a processor; cached activations lie in files and are not in it.
    start_seconds: those of `seconds` before the first photo is computed.
    """

    seconds: float
    memory_bytes: int
    start_seconds: float = 0.0


@dataclass(frozen=True)
class Counts:
    """Numbers of training and validation photos, and of those of a target that is adapted to."""

    training: int
    validation: int
    target: int = 0

    @property
    def scored(self) -> int:
        """Photos that are evaluated at the end of an epoch: validation, and the clean sample of training."""
        return self.validation + min(self.training, max(self.validation, 1), CLEAN_SAMPLE_LIMIT)

    @property
    def trained(self) -> int:
        """Photos that the steps of an epoch are computed from: a batch has as many of the target as of the source."""
        return self.training * (2 if self.target else 1)

    @property
    def augmented(self) -> int:
        """Photos of which there are augmented views."""
        return self.training + self.target


def caches_activations(plan: Plan, phase: Phase) -> bool:
    """Whether the frozen part runs once per photo: there is one, and photos are not augmented."""
    return phase.first_trainable_stage > 0 and not augments(plan, phase)


@dataclass(frozen=True)
class MachineState:
    """What is known of this machine before a run. decoded: the pixel store exists. micro_batch_size: that fits the
    memory, where a whole batch does not. cached_stages: the cuts for which activations of clean photos are cached.
    start_seconds: what earlier runs of this network took before they computed anything, beside decoding.
    """

    decoded: bool = False
    micro_batch_size: int | None = None
    cached_stages: Container[int] = ()
    start_seconds: float | None = None


def estimate(
    plan: Plan, photos: Counts, costs: CostProfile, head_parameters: int, machine: MachineState = MachineState()
) -> Estimate:
    """Time and memory of a plan."""
    images = photos.training + photos.validation
    start_seconds = costs.correction * (0.0 if machine.decoded else (images + photos.target) * costs.decode_seconds)
    if machine.start_seconds is None:
        start_seconds += costs.correction * (START_SECONDS + REPETITIONS_BEFORE * costs.start_seconds)
    else:
        start_seconds += machine.start_seconds  # as measured
    seconds = (START_REPETITIONS - REPETITIONS_BEFORE) * costs.start_seconds
    seconds += photos.scored * costs.forward_seconds  # the best epoch, at the end
    if is_tried(plan, images) and not augments(plan, plan.phases[-1]):
        seconds += images * TRIAL_SECONDS
    seconds += sum(
        min(photos.training, CROSS_VALIDATION_LIMIT) * CHOICE_SECONDS for p in plan.phases if fits_heads(plan, p)
    )
    seconds += _frozen_bytes(plan, costs.parameters) * costs.save_seconds_per_byte
    teacher_passes = (plan.fixed_views or 0) * photos.training
    seconds += teacher_passes * (costs.teacher_seconds + CACHE_WRITE_SECONDS * costs.teacher_cached_bytes)
    last_cut = 0
    for phase in plan.phases:
        cut = phase.first_trainable_stage
        is_cached = cut == last_cut or cut in machine.cached_stages
        seconds += _prefix_seconds(plan, phase, photos, costs, is_cached)
        seconds += sum(phase_seconds(plan, phase, photos, costs, head_parameters))
        last_cut = cut
    seconds += 2 * _save_seconds(plan, costs, head_parameters)  # the end waits for the disk: best/ and last/
    micro_batch_size = min(plan.batch_size, machine.micro_batch_size or plan.batch_size, max(photos.training, 1))
    memory_bytes = _memory_bytes(plan, costs, head_parameters, micro_batch_size)
    seconds = start_seconds + seconds * costs.correction
    return Estimate(float(seconds), int(memory_bytes), float(start_seconds))


def caching_seconds(phase: Phase, costs: CostProfile) -> float:
    """One photo through the frozen part of a phase, into the activation cache."""
    cut = phase.first_trainable_stage
    return costs.prefix_seconds[cut] + CACHE_WRITE_SECONDS * costs.cached_bytes[cut]


def _prefix_seconds(plan: Plan, phase: Phase, photos: Counts, costs: CostProfile, is_cached: bool) -> float:
    """The frozen part before and between the epochs of a phase. is_cached: its activations of clean photos are."""
    if phase.first_trainable_stage == 0:
        return 0.0
    per_photo = caching_seconds(phase, costs)
    # Evaluation photos are never augmented, so their activations are cached in any case.
    clean = photos.scored if augments(plan, phase) else photos.training + photos.validation
    seconds = 0.0 if is_cached else (clean + photos.target) * per_photo
    if caches_views(plan, phase):
        seconds += num_views(plan, phase) * photos.augmented * (per_photo + costs.augment_seconds)
    return seconds


def caches_views(plan: Plan, phase: Phase) -> bool:
    """Whether activations of augmented photos are cached for several epochs."""
    return augments(plan, phase) and 0 < num_views(plan, phase) < phase.epochs


def phase_seconds(
    plan: Plan, phase: Phase, photos: Counts, costs: CostProfile, head_parameters: int
) -> tuple[float, ...]:
    """Each epoch of a phase: its steps, its evaluation, its checkpoint; without the correction."""
    if not resizes_progressively(plan, phase):
        return (_epoch_seconds(plan, phase, photos, costs, head_parameters),) * phase.epochs
    step_costs = relative_step_costs(plan, phase)
    return tuple(_epoch_seconds(plan, phase, photos, costs, head_parameters, each) for each in step_costs)


def _epoch_seconds(
    plan: Plan, phase: Phase, photos: Counts, costs: CostProfile, head_parameters: int, step_cost: float = 1.0
) -> float:
    """step_cost: the network's time per photo, relative to photos at full size."""
    cut = phase.first_trainable_stage
    read = CACHE_READ_SECONDS * costs.cached_bytes[cut] if cut > 0 else 0.0
    train = costs.suffix_seconds[cut]
    if caches_activations(plan, phase) or caches_views(plan, phase):
        train += read
    else:
        augment = costs.augment_seconds if augments(plan, phase) else 0.0
        train = step_cost * (train + costs.prefix_seconds[cut]) + augment
    evaluate = costs.forward_seconds - costs.prefix_seconds[cut] + read
    steps = -(-photos.training // plan.batch_size)
    epoch = EPOCH_SECONDS + photos.trained * train + steps * costs.step_seconds + photos.scored * evaluate
    return epoch + _checkpoint_seconds(plan, costs, head_parameters, epoch)


def _checkpoint_seconds(plan: Plan, costs: CostProfile, head_parameters: int, epoch_seconds: float) -> float:
    """What checkpoints take from an epoch: training waits for copies in memory; what is written meanwhile takes from
    the processor that trains, at the end of an epoch no more than its share.
    """
    # Most epochs are the best so far when they end, so each is copied.
    snapshot = SNAPSHOT_SECONDS * _state_bytes(plan, costs.parameters, head_parameters)
    save = _save_seconds(plan, costs, head_parameters)
    within = epoch_seconds // CHECKPOINT_SECONDS * (snapshot + save)
    return within + snapshot + min(2 * save, COST_SHARE * epoch_seconds)


def _save_seconds(plan: Plan, costs: CostProfile, head_parameters: int) -> float:
    """One checkpoint, onto the disk."""
    return costs.save_seconds + costs.save_seconds_per_byte * _checkpoint_bytes(plan, costs.parameters, head_parameters)


def _memory_bytes(plan: Plan, costs: CostProfile, head_parameters: int, micro_batch_size: int) -> float:
    """The most that the process holds: its state and a snapshot of it, beside a step, a forward pass without gradients,
    or, when checkpoints of the best and the last epoch are written at once, a second snapshot.
    """
    gradients = 4 * _trainable(plan, costs.parameters, head_parameters)
    step = gradients + micro_batch_size * costs.step_bytes[plan.first_trainable_stage]
    forward = FORWARD_BATCH_SIZE * max(costs.forward_bytes, costs.teacher_forward_bytes)
    unchanging = _frozen_bytes(plan, costs.parameters) + costs.teacher_bytes
    if any("initial_weights" in each.needs for each in plan.objectives):
        unchanging += 4 * sum(costs.parameters[plan.first_trainable_stage :])
    unchanging += _soup_bytes(plan, costs.parameters, head_parameters)
    state = _state_bytes(plan, costs.parameters, head_parameters)
    return PROCESS_BYTES + unchanging + 2 * state + max(step, forward, state)


def room_needed(plan: Plan, parameters: Sequence[int], head_parameters: int = 0) -> int:
    """Bytes on the disk that a run cannot do without: the frozen part once, the last checkpoint, the best one and the
    one that is being written. Caches do without where there is no room.

    parameters: of the backbone, per stage.
    """
    return _frozen_bytes(plan, parameters) + 3 * _checkpoint_bytes(plan, parameters, head_parameters)


def _trainable(plan: Plan, parameters: Sequence[int], head_parameters: int) -> int:
    return sum(parameters[plan.first_trainable_stage :]) + head_parameters


def _optimizer_moments(plan: Plan) -> int:
    """Numbers that the optimizer keeps for each trainable parameter."""
    return 2 if plan.optimizer.kind == "adamw" else 1


def _checkpoint_bytes(plan: Plan, parameters: Sequence[int], head_parameters: int) -> int:
    """Bytes on the disk of what changes in training."""
    return _state_bytes(plan, parameters, head_parameters) + _soup_bytes(plan, parameters, head_parameters)


def _soup_bytes(plan: Plan, parameters: Sequence[int], head_parameters: int) -> int:
    """Of the best epochs' weights, which are in memory once however many checkpoints are being written."""
    return 4 * _trainable(plan, parameters, head_parameters) * plan.soup


def _state_bytes(plan: Plan, parameters: Sequence[int], head_parameters: int) -> int:
    """Bytes in memory of what each step changes."""
    copies = 1 + _optimizer_moments(plan) + (plan.optimizer.ema_decay > 0)  # the EMA beside the raw weights
    return 4 * _trainable(plan, parameters, head_parameters) * copies


def _frozen_bytes(plan: Plan, parameters: Sequence[int]) -> int:
    return 4 * sum(parameters[: plan.first_trainable_stage])


def trainable_parameters(plan: Plan, parameters: tuple[int, ...], head_parameters: int) -> int:
    """How many parameters are trainable in at least one phase. parameters: of the backbone, per stage."""
    trainable = [any(phase.stage_rates[i] > 0 for phase in plan.phases) for i in range(len(parameters))]
    return head_parameters + sum(count for count, is_used in zip(parameters, trainable, strict=True) if is_used)


def head_parameters(features: int, tasks: Sequence[Task]) -> int:
    """One linear layer per task, with its bias."""
    return sum((features + 1) * label_kind(task).head_width(task) for task in tasks)


def head_size(plan: Plan, dataset: Dataset, card: BackboneCard) -> int:
    """Numbers that the plan's new heads learn. dataset: the version that the plan names."""
    tasks, features = [dataset.task(name) for name in plan.tasks], architecture_features(card.architecture)
    if plan.head.kind == "nearest_neighbors":  # it keeps the features and the label of each training photo
        return sum(len(dataset.labelled_rows([task], "train")) * (features + 1) for task in tasks)
    return head_parameters(features, tasks)
