"""How long a network roughly takes for a set of photos, before it is chosen, fetched and measured."""

from core.backbones import BackboneCard, describe_stages, list_gallery
from core.datasets import Dataset
from core.home import Home
from core.plans import make_plan
from core.profiling.background import estimate_in_background
from core.profiling.estimate import head_size


def rough_seconds(home: Home, dataset: Dataset, card: BackboneCard) -> float | None:
    """Seconds in which a new head learns these photos on top of a network, on this computer.

    What the first starter takes, which is here and measured at once, times how much more this network computes for a
    photo; of one that computes less, the same, since the photos are read all the same. A rough guess: networks differ
    in how fast they compute. None while that is measured, and where the computation is not known.
    """
    known = list_gallery()[0]
    if not card.gmacs or not known.gmacs:
        return None
    plan = make_plan(dataset, known, describe_stages(known), "feature-extraction")
    estimate = estimate_in_background(home, plan, dataset, head_size(plan, dataset, known))
    return None if estimate is None else estimate.seconds * max(1.0, card.gmacs / known.gmacs)
