"""What a network promises for these photos, in plain words: how much it gets right, and how long it takes."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.backbones import BackboneCard
from core.datasets import Dataset
from core.errors import GraftError
from core.home import Home
from core.profiling import measured_networks, rough_seconds
from core.runs import list_runs
from core.units import format_rough_duration
from dashboard.glossary import CLOTHES_RIGHT
from dashboard.shared.texts import pluralize

Promises = Callable[[BackboneCard], list[str]]
REFRESH_SECONDS = 1.0
PATIENCE_SECONDS = 60.0


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
            licence_in_words(card),
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
    if card.name in CLOTHES_RIGHT:
        return f"Names {CLOTHES_RIGHT[card.name]} of 100 clothes right after ten photos of each of ten kinds."
    if card.accuracy is not None:
        return f"Names {card.accuracy:.0f} of 100 photos right among a thousand kinds of things (ImageNet)."
    return "How much it gets right was not measured."


def time_in_words(seconds: float, dataset: Dataset) -> str:
    """The time as roughly as it is known."""
    return f"Learns your {pluralize(len(dataset), 'photo')} in {format_rough_duration(seconds)} here, head only."


def licence_in_words(card: BackboneCard) -> str:
    """Whether a company may use the weights."""
    if card.commercial_use == "free":
        return f"Free for everybody, companies too ({card.licence})."
    if card.commercial_use == "no":
        return f"Not for companies: {card.licence}."
    return f"With terms of its own, which companies read first: {card.licence}."


@dataclass(frozen=True)
class QuickerNetwork:
    """A network that is here and learns these photos in less than half the time. Times are in seconds."""

    card: BackboneCard
    chosen_seconds: float
    seconds: float


def quicker_network(home: Home, dataset: Dataset, chosen: BackboneCard) -> QuickerNetwork | None:
    """Where the chosen network takes over a minute for these photos, one to offer in its place."""
    chosen_seconds = _seconds(home, dataset, chosen)
    if chosen_seconds is None or chosen_seconds <= PATIENCE_SECONDS:
        return None
    found = [(seconds, card) for card in measured_networks() if (seconds := _seconds(home, dataset, card)) is not None]
    seconds, card = min(found, key=lambda each: each[0], default=(chosen_seconds, chosen))
    return QuickerNetwork(card, chosen_seconds, seconds) if 2 * seconds < chosen_seconds else None


def _seconds(home: Home, dataset: Dataset, card: BackboneCard) -> float | None:
    try:
        return rough_seconds(home, dataset, card)
    except GraftError:  # without photos to learn from there is no time; the photos page says why
        return None


def _await_measurement(home: Home, dataset: Dataset) -> None:
    """While networks are measured, look again now and then."""

    def is_measured() -> bool:
        return all(_seconds(home, dataset, card) is not None for card in measured_networks())

    def look() -> None:
        if is_measured():
            st.rerun(scope="app")

    if not is_measured():
        st.fragment(look, run_every=REFRESH_SECONDS)()
