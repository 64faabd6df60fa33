"""Photos that grow while a network learns from them: small ones first, which cost less, then as large as the plan says.

Howard's "progressive resizing" (fast.ai, 2018); Tan and Le, "EfficientNetV2", ICML 2021, section 4.2. Only photos that
teach are shrunk, and only where every stage learns: what a frozen part says of a photo is kept at one size.
"""

from core.plans.plan import Phase, Plan

GROWN_AFTER = 0.75  # of a phase's epochs: the rest is learned at full size
USUAL_STEP = 32  # pixels: what most networks halve a photo by, five times


def grows(plan: Plan, phase: Phase) -> bool:
    """Whether the photos that the phase learns from begin smaller than the plan's size."""
    return phase.first_learning == 0 and phase.grows_from is not None and phase.grows_from < plan.image_size


def photo_size(plan: Plan, phase: Phase, epoch: int, step: int = USUAL_STEP) -> int:
    """The side in pixels of the photos that an epoch of the phase (from 0) learns from.

    step: of which it is a multiple, the nearest one to the straight line from `grows_from` to the plan's size.
    """
    if not grows(plan, phase) or phase.grows_from is None:
        return plan.image_size
    reached = min(1.0, epoch / (GROWN_AFTER * phase.epochs))
    if reached == 1:
        return plan.image_size
    side = phase.grows_from + reached * (plan.image_size - phase.grows_from)
    return min(plan.image_size, max(1, round(side / step)) * step)


def growth(plan: Plan, phase: Phase) -> tuple[float, ...]:
    """What each epoch's steps take, as a share of those at full size: they go with the number of pixels."""
    return tuple((photo_size(plan, phase, epoch) / plan.image_size) ** 2 for epoch in range(phase.epochs))
