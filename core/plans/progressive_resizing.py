"""Progressive resizing: a network is trained on small photos first, which cost less, then on photos of the plan's size.

Howard's "progressive resizing" (fast.ai, 2018); Tan and Le, "EfficientNetV2", ICML 2021, section 4.2. Only training
photos are made smaller, and only where every stage is trained: activations of a frozen part are cached at one size.
"""

from core.plans.plan import Phase, Plan

FULL_SIZE_AFTER = 0.75  # of a phase's epochs: the rest is trained at full size
USUAL_MULTIPLE = 32  # pixels: most networks halve a photo five times


def resizes_progressively(plan: Plan, phase: Phase) -> bool:
    """Whether the phase begins with photos smaller than the plan's size."""
    return (
        phase.first_trainable_stage == 0
        and phase.start_image_size is not None
        and phase.start_image_size < plan.image_size
    )


def image_size_at(plan: Plan, phase: Phase, epoch: int, step: int = USUAL_MULTIPLE) -> int:
    """The side in pixels of the training photos in an epoch of the phase (from 0).

    step: it is the multiple of this that is nearest to the straight line from `start_image_size` to the plan's size.
    """
    if not resizes_progressively(plan, phase) or phase.start_image_size is None:
        return plan.image_size
    reached = min(1.0, epoch / (FULL_SIZE_AFTER * phase.epochs))
    if reached == 1:
        return plan.image_size
    side = phase.start_image_size + reached * (plan.image_size - phase.start_image_size)
    return min(plan.image_size, max(1, round(side / step)) * step)


def relative_step_costs(plan: Plan, phase: Phase) -> tuple[float, ...]:
    """What the steps of each epoch cost relative to those at full size: in proportion to the number of pixels."""
    return tuple((image_size_at(plan, phase, epoch) / plan.image_size) ** 2 for epoch in range(phase.epochs))
