from tests.fixtures.plans import card, dataset, stages

__all__ = ["card", "dataset", "stages"]
