"""Photos that grow while a network learns from them: small ones first, which cost less, then as large as the plan says.

Howard's "progressive resizing" (fast.ai, 2018); Tan and Le, "EfficientNetV2", ICML 2021, section 4.2. Only photos that
teach are shrunk, and only where every stage learns: what a frozen part says of a photo is kept at one size.
"""

from core.plans.plan import Phase, Plan

GROWN_AFTER = 0.75  # of a phase's epochs: the rest is learned at full size
USUAL_STEP = 32  # pixels: what most networks halve a photo by, five times


def grows(plan: Plan, phase: Phase) -> bool:
    """Whether the photos that the phase learns from begin smaller than the plan's size."""
    return (
        phase.first_trainable_stage == 0
        and phase.start_image_size is not None
        and phase.start_image_size < plan.image_size
    )


def photo_size(plan: Plan, phase: Phase, epoch: int, step: int = USUAL_STEP) -> int:
    """The side in pixels of the photos that an epoch of the phase (from 0) learns from.

    step: of which it is a multiple, the nearest one to the straight line from `start_image_size` to the plan's size.
    """
    if not grows(plan, phase) or phase.start_image_size is None:
        return plan.image_size
    reached = min(1.0, epoch / (GROWN_AFTER * phase.epochs))
    if reached == 1:
        return plan.image_size
    side = phase.start_image_size + reached * (plan.image_size - phase.start_image_size)
    return min(plan.image_size, max(1, round(side / step)) * step)


def growth(plan: Plan, phase: Phase) -> tuple[float, ...]:
    """What each epoch's steps take, as a share of those at full size: they go with the number of pixels."""
    return tuple((photo_size(plan, phase, epoch) / plan.image_size) ** 2 for epoch in range(phase.epochs))
