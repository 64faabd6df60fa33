"""What a network promises for these photos, in plain words: how much it gets right, and how long it takes."""

from collections.abc import Callable

import streamlit as st

from core.backbones import BackboneCard, list_gallery
from core.datasets import Dataset
from core.errors import GraftError
from core.home import Home
from core.profiling import rough_seconds
from core.runs import list_runs
from core.units import format_rough_duration
from dashboard.glossary import STARTERS_RIGHT
from dashboard.shared.texts import pluralize

Promises = Callable[[BackboneCard], list[str]]
REFRESH_SECONDS = 1.0


def promises_for(home: Home, dataset: Dataset | None) -> Promises:
    """A function that gives a network's sentences. dataset: the photos in use, if some were chosen."""
    reached = {} if dataset is None else _reached(home, dataset)
    if dataset is not None:
        _await_measurement(home, dataset)

    def promises(card: BackboneCard) -> list[str]:
        seconds = None if dataset is None else _seconds(home, dataset, card)
        return [
            accuracy_in_words(card, reached.get(card.name)),
            *([time_in_words(seconds, dataset)] if dataset is not None and seconds is not None else []),
        ]

    return promises


def _reached(home: Home, dataset: Dataset) -> dict[str, str]:
    """By backbone, what the newest run on these photos reached at its best."""
    runs = [run for run in list_runs(home) if run.plan.source.id == dataset.id]
    return {run.plan.backbone.name: run.progress.best.accuracy_text for run in reversed(runs) if run.progress.best}


def accuracy_in_words(card: BackboneCard, reached: str | None) -> str:
    """What it reached on these photos, else on others that it was tried on."""
    if reached:
        return f"Reached {reached} on these photos."
    if card.name in STARTERS_RIGHT:
        return f"Names {STARTERS_RIGHT[card.name]} of 100 clothes right after ten photos of each of ten kinds."
    if card.accuracy is not None:
        return f"Names {card.accuracy:.0f} of 100 photos right among a thousand kinds of things (ImageNet)."
    return "How much it gets right was not measured."


def time_in_words(seconds: float, dataset: Dataset) -> str:
    """The time as roughly as it is known."""
    return f"Learns your {pluralize(len(dataset), 'photo')} in {format_rough_duration(seconds)} here, head only."


def _seconds(home: Home, dataset: Dataset, card: BackboneCard) -> float | None:
    try:
        return rough_seconds(home, dataset, card)
    except GraftError:  # without photos to learn from there is no time; the photos page says why
        return None


def _await_measurement(home: Home, dataset: Dataset) -> None:
    """While the first network is measured, look again now and then."""
    first = list_gallery()[0]
    if _seconds(home, dataset, first) is not None:
        return

    def look() -> None:
        if _seconds(home, dataset, first) is not None:
            st.rerun(scope="app")

    st.fragment(look, run_every=REFRESH_SECONDS)()
