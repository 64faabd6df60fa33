"""What a run will cost on this machine, from what a short calibration measured. Arithmetic only."""

from dataclasses import dataclass

from core.plans.plan import Phase, Plan

# Python with torch, timm and the server around it, before any network is loaded; measured as resident memory.
PROCESS_BYTES = 600 * 2**20
CLEAN_SAMPLE_LIMIT = 2_000  # training photos that are scored without augmentation at each epoch's end


@dataclass(frozen=True)
class Calibration:
    """Seconds and bytes for one image on this machine, for one backbone, image size, batch size and precision.

    The lists have one entry per place where the network can be cut: entry k is the cut before stage k, and the last
    one is the cut before the head. prefix: a forward pass of what lies before the cut. suffix: a training step
    (forward, backward, update) of what lies after it. step_bytes: memory that the step holds per image.
    kept_bytes: what crosses the cut, per image, when it is kept.
    """

    prefix_seconds: tuple[float, ...]
    suffix_seconds: tuple[float, ...]
    step_bytes: tuple[float, ...]
    kept_bytes: tuple[float, ...]
    parameters: tuple[int, ...]  # of the backbone, per stage
    decode_seconds: float = 0.0
    augment_seconds: float = 0.0
    start_seconds: float = 0.0  # building the network and reading its weights
    correction: float = 1.0  # what runs on this machine really took, as a factor of what was foretold

    @property
    def forward_seconds(self) -> float:
        """One image through the whole backbone, without learning."""
        return self.prefix_seconds[-1]


@dataclass(frozen=True)
class Estimate:
    seconds: float
    memory_bytes: int
    disk_bytes: int


def keeps_activations(plan: Plan, phase: Phase) -> bool:
    """Whether what comes before the cut is computed once per photo: something is frozen, photos stay the same."""
    return plan.augmentation.off and phase.first_learning > 0


def estimate(
    plan: Plan, training: int, validation: int, calibration: Calibration, head_parameters: int, decoded: bool = False
) -> Estimate:
    """Time and memory of a plan. training, validation: images of each split. decoded: the pixel store exists."""
    c = calibration
    side = -(-plan.image_size * 115 // 100)
    images = training + validation
    scored = validation + min(training, max(validation, 1), CLEAN_SAMPLE_LIMIT)
    seconds = c.start_seconds + (0.0 if decoded else images * c.decode_seconds)
    kept_bytes = 0.0
    last_cut = 0
    for phase in plan.phases:
        cut = phase.first_learning
        # Photos that judge never change, so what lies before the cut is computed once for them in any case.
        kept = images if keeps_activations(plan, phase) else scored
        if cut != last_cut:
            seconds += kept * c.prefix_seconds[cut]
            kept_bytes = max(kept_bytes, kept * c.kept_bytes[cut])
        last_cut = cut
        learn = c.suffix_seconds[cut]
        if not keeps_activations(plan, phase):
            learn += c.prefix_seconds[cut] + c.augment_seconds
        judge = c.forward_seconds - c.prefix_seconds[cut]
        seconds += phase.epochs * (training * learn + scored * judge)
    earliest = min(phase.first_learning for phase in plan.phases)
    learning = sum(c.parameters[earliest:]) + head_parameters
    states = 2 if plan.optimiser.kind == "adamw" else 1
    weights = 4 * (sum(c.parameters) + head_parameters) + 4 * learning * (1 + states)
    batch = min(plan.batch_size, max(training, 1))
    memory = (
        PROCESS_BYTES + 2 * weights + batch * c.step_bytes[earliest] + kept_bytes
    )  # twice: the best model is kept beside
    return Estimate(seconds * c.correction, int(memory), int(images * 3 * side * side + 4 * weights))


def learning_parameters(plan: Plan, parameters: tuple[int, ...], head_parameters: int) -> int:
    """How many numbers learn in at least one phase. parameters: of the backbone, per stage."""
    learns = [any(phase.stage_rates[i] > 0 for phase in plan.phases) for i in range(len(parameters))]
    return head_parameters + sum(count for count, free in zip(parameters, learns, strict=True) if free)


def head_parameters(features: int, classes: tuple[int, ...]) -> int:
    """One linear layer per task, with its bias."""
    return sum((features + 1) * count for count in classes)


def in_words(seconds: float) -> str:
    """A duration as a person says it: "about 1 min 20 s"."""
    if seconds < 10:
        return f"about {max(1, round(seconds))} s"
    if seconds < 60:
        return f"about {5 * round(seconds / 5)} s" if seconds < 57.5 else "about 1 min"
    if seconds < 600:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"about {minutes} min {rest} s" if rest else f"about {minutes} min"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} min"
    hours, minutes = divmod(5 * round(seconds / 300), 60)
    return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"
