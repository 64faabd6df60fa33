"""Estimates without waiting: costs are measured on a thread, for pages that show what is known and ask again."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from core.backbones import BackboneCard, get_card
from core.datasets import Dataset
from core.device import resolve_device
from core.home import Home
from core.plans import Plan
from core.profiling.before_start import count_all, machine_state
from core.profiling.cost_profile import profile_costs, with_teacher
from core.profiling.estimate import CostProfile, Estimate, estimate

# One at a time: two measurements at once would measure each other.
_pool = ThreadPoolExecutor(1, "graft-profiling")
MAX_MEASUREMENTS = 200  # in memory; the oldest goes first
FRESH_SECONDS = 60.0  # after which a measurement is repeated


@dataclass(frozen=True)
class Measurement:
    """A cost profile that is being measured or is done. requested_at: on the monotonic clock, in seconds."""

    profile: "Future[CostProfile]"
    requested_at: float


_measurements: dict[str, Measurement] = {}


def estimate_in_background(home: Home, plan: Plan, dataset: Dataset, head_size: int) -> Estimate | None:
    """Time and memory of a plan on this machine; None while they are being measured, which this call begins.

    dataset: the version that the plan names. head_size: parameters of the new heads. Raises what `profile_costs` and
    `with_teacher` do.
    """
    profile = _profile_in_background(home, plan, get_card(plan.backbone.name))
    if not profile.done():
        return None
    photos = count_all(home, plan, dataset)
    return estimate(plan, photos, profile.result(), head_size, machine_state(home, plan, dataset))


def _profile_in_background(home: Home, plan: Plan, card: BackboneCard) -> "Future[CostProfile]":
    """The newest measurement for this backbone, dataset, batch size and precision; begun where there is none.

    It is repeated after FRESH_SECONDS, because a run may have corrected it since, or the machine may be idle now. Until
    the new measurement is done, the earlier one is returned.
    """
    sizes = f"{plan.image_size} {plan.batch_size} {plan.precision} {plan.optimizer.kind}"
    photos = f"{plan.source.id} {plan.source.version}"
    trainable = plan.first_trainable_stage
    teacher = plan.teacher.model_dump_json() if plan.teacher else ""
    key = f"{home.root} {card.architecture} {sizes} {photos} {trainable} {plan.device} {teacher}"
    known = _measurements.get(key)
    now = time.monotonic()
    if known is None or (known.profile.done() and now - known.requested_at > FRESH_SECONDS):
        requested = _pool.submit(lambda: _measure(home, plan, card))
        while len(_measurements) >= MAX_MEASUREMENTS:
            _measurements.pop(next(iter(_measurements)))
        _measurements[key] = Measurement(known.profile if known else requested, now)
        requested.add_done_callback(lambda done: _measurements.update({key: Measurement(done, now)}))
    return _measurements[key].profile


def _measure(home: Home, plan: Plan, card: BackboneCard) -> CostProfile:
    device = resolve_device(plan.device)
    return with_teacher(home, plan, profile_costs(home, plan, card, device), device)
