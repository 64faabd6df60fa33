"""How long a network roughly takes for a set of photos, before it is chosen, fetched and measured."""

from core.backbones import BackboneCard, describe_stages, list_gallery
from core.datasets import Dataset
from core.home import Home
from core.plans import make_plan
from core.profiling.background import estimate_in_background
from core.profiling.estimate import head_size


def rough_seconds(home: Home, dataset: Dataset, card: BackboneCard) -> float | None:
    """Seconds in which a new head learns these photos on top of a network, on this computer.

    Two networks that are always here are measured at once: what a new plan begins with, and the quickest. Another takes
    what the larger of these takes that computes no more than it, times how much more it computes for a photo. A rough
    guess: networks differ in how fast they compute. None while that is measured, and where the computation is unknown.
    """
    measured = sorted(measured_networks(), key=lambda known: known.gmacs or 0.0)
    if not card.gmacs:
        return None
    known = next((each for each in reversed(measured) if (each.gmacs or 0.0) <= card.gmacs), measured[0])
    plan = make_plan(dataset, known, describe_stages(known), "feature-extraction")
    estimate = estimate_in_background(home, plan, dataset, head_size(plan, dataset, known))
    return None if estimate is None else estimate.seconds * max(1.0, card.gmacs / (known.gmacs or card.gmacs))


def measured_networks() -> list[BackboneCard]:
    """The first of what is installed with Graft, where it is, and the first starter."""
    always_here = [card for card in list_gallery() if card.source != "hub"]
    return list({card.source: card for card in reversed(always_here)}.values())
