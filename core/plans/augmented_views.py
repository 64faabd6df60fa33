"""Which augmented view of a training photo an epoch is trained on, where the frozen part is run once per view.

Activations of an augmented photo can be cached like those of the clean photo, but each epoch would need new ones. So a
phase computes a number of views per photo, and is trained on them in rotation: its first epochs see a new view each,
exactly as without a cache; after that most epochs see one of the newest few views of each photo, and now and then an
epoch sees a new one, which replaces the oldest.
"""

from core.plans.plan import Phase, Plan, fits_heads

POOL = 4  # views of a photo to choose from; never fewer than two, or the one view would be learned by heart


def augments(plan: Plan, phase: Phase) -> bool:
    """Whether a phase learns from augmented photos. Heads are fitted to the photos as they are."""
    return not plan.augmentation.off and not fits_heads(plan, phase)


def num_views(plan: Plan, phase: Phase) -> int:
    """How many views of each training photo the frozen part computes in a phase; 0 when nothing is frozen.

    1 where photos are not augmented. Left to Graft, views take a quarter of the time of a new one in each epoch.
    """
    if phase.first_trainable_stage == 0:
        return 0
    if not augments(plan, phase):
        return 1
    if plan.fixed_views is not None:
        return min(phase.epochs, plan.fixed_views)
    chosen = plan.augmentation.cached_views
    if chosen == 0 or (chosen is None and plan.augmentation.mixes):  # activations of mixed photos are never cached
        return phase.epochs
    return min(phase.epochs, max(POOL, -(-phase.epochs // 4)) if chosen is None else chosen)


def views_in_words(plan: Plan) -> str:
    """How often photos are augmented anew where a part is frozen or a teacher is asked; "" where neither is so, or
    without augmentation.
    """
    frozen = [phase for phase in plan.phases if phase.first_trainable_stage > 0]
    if not plan.augmentation.off and plan.fixed_views:
        return (
            f"The teacher looks at {plan.fixed_views} changed views of each photo, and the epochs take turns with them."
        )
    if plan.augmentation.off or not frozen:
        return ""
    computed, epochs = sum(num_views(plan, phase) for phase in frozen), sum(phase.epochs for phase in frozen)
    if computed == epochs:
        return "Each epoch sees every photo changed anew."
    return (
        f"The frozen part looks at {computed} changed views of each photo, and the {epochs} epochs take turns with "
        f"them: {epochs / computed:.2g} times as quick as a new view in each."
    )


def newest_views(phase: Phase, views: int, first_epoch: int, epoch: int) -> tuple[int, ...]:
    """The few newest views at an epoch, the newest first. A view is numbered by the epoch that sees it first.

    views: of `num_views`. first_epoch: the phase's.
    """
    seen = [first_epoch + e for e in _epochs_with_a_new_view(phase.epochs, views) if first_epoch + e <= epoch]
    return tuple(reversed(seen[-POOL:]))


def views_at(phase: Phase, views: int, first_epoch: int, epoch: int) -> tuple[int, ...]:
    """The views to choose from in an epoch; a single one is new, and all photos are seen in it."""
    newest = newest_views(phase, views, first_epoch, epoch)
    return newest[:1] if newest[0] == epoch else newest


def views_remaining(phase: Phase, views: int, done: int) -> int:
    """How many views are still to be computed after so many epochs of the phase."""
    return sum(epoch >= done for epoch in _epochs_with_a_new_view(phase.epochs, views))


def _epochs_with_a_new_view(epochs: int, views: int) -> list[int]:
    """The first few epochs, then the rest of the views evenly over the rest of the epochs."""
    first = min(POOL, views)
    later = views - first
    return [*range(first), *(first + (i + 1) * (epochs - first) // (later + 1) for i in range(later))]
