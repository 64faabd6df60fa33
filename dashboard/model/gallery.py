"""Backbones as cards: search, compare, choose; weights that are not on this computer are fetched in the background."""

from collections.abc import Sequence

import streamlit as st

from core.backbones import (
    BackboneCard,
    download_weights,
    list_gallery,
    photos_per_second,
    search_backbones,
    weights_present,
)
from core.datasets import Dataset
from core.home import Home, Progress
from core.units import format_bytes, format_rough_duration
from dashboard.glossary import GLOSSARY
from dashboard.model.promises import Promises, quicker_network
from dashboard.navigation import show_next_button
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.job_progress import failed_job, show_failed_job, show_job, show_running_job, start_and_watch
from dashboard.shared.texts import escape_html, escape_markdown, format_compact, show_note

CARDS_AT_FIRST = 12
MAX_FOUND = 60
ANYWHERE, READY, TO_DOWNLOAD = "All", "Ready now", "To download"


def show_gallery(promises: Promises) -> None:
    home = state.home()
    text = st.text_input(
        "Search all pretrained models of timm", placeholder="resnet, vit, convnext ...", key="model_search"
    ).strip()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        size = st.segmented_control(
            "Size", ["All", "Small", "Medium", "Large"], default="All", required=True, help=GLOSSARY["parameters"]
        )
        where = st.segmented_control(
            "On this computer",
            [ANYWHERE, READY, TO_DOWNLOAD],
            default=ANYWHERE,
            required=True,
            help=GLOSSARY["ready"],
        )
    cards = search_backbones(text, MAX_FOUND) if text else list_gallery()
    matching = [
        card for card in cards if size in ("All", card.size.capitalize()) and where in (ANYWHERE, _location(home, card))
    ]
    if not matching:
        show_note("No model fits. Search for a shorter word, or choose All above.")
    _show_hidden_jobs(matching)
    _show_cards(home, matching, promises)


def _show_hidden_jobs(cards: Sequence[BackboneCard]) -> None:
    """Downloads whose card is not among those shown: they are seen here."""
    names = {card.name for card in cards}
    for job in background_jobs.running("download"):
        if job.subject not in names:
            show_job(job.id)
    failed = failed_job("download")
    if failed and failed.subject not in names:
        show_failed_job(failed)


def _location(home: Home, card: BackboneCard) -> str:
    return READY if weights_present(home, card) else TO_DOWNLOAD


def _show_cards(home: Home, cards: Sequence[BackboneCard], promises: Promises) -> None:
    show_all = len(cards) <= CARDS_AT_FIRST or st.session_state.get("all_models", False)
    failed, busy = failed_job("download"), {job.subject for job in background_jobs.running("download")}
    kept = busy | ({failed.subject} if failed else set())  # they stay in sight, with what became of them
    shown = [card for n, card in enumerate(cards) if show_all or n < CARDS_AT_FIRST or card.name in kept]
    chosen = state.current_card().name
    for first in range(0, len(shown), 2):
        for column, card in zip(st.columns(2), shown[first : first + 2], strict=False):
            with column:
                _show_card(home, card, card.name == chosen, promises(card))
    if len(cards) > CARDS_AT_FIRST:
        st.toggle(f"Show all {len(cards)}", key="all_models")


def _show_card(home: Home, card: BackboneCard, chosen: bool, promises: Sequence[str]) -> None:
    ready = weights_present(home, card)
    job = next((job for job in background_jobs.running("download") if job.subject == card.name), None)
    failed = failed_job("download")
    name = card.name.translate(str.maketrans("./ ", "___"))
    with st.container(
        key=f"card_{'chosen' if chosen else 'model'}_{name}", height="stretch", vertical_alignment="distribute"
    ):
        st.html(card_in_html(card, ready, promises))
        if failed and failed.subject == card.name:
            show_failed_job(failed)
        if job:
            show_running_job(job)
        elif chosen:
            st.button("Chosen", key=f"choose_{name}", width="stretch", icon=":material/check:", disabled=True)
        elif ready:
            if st.button("Choose", key=f"choose_{name}", width="stretch"):
                state.choose_card(card)
                st.rerun()
        elif st.button(
            f"Fetch, {format_bytes(card.weights_bytes)}",
            key=f"choose_{name}",
            width="stretch",
            icon=":material/download:",
            help="Downloads its weights once, from the Hugging Face hub. Your photos stay here.",
        ):
            _start_fetch(home, card)


def card_in_html(card: BackboneCard, ready: bool, promises: Sequence[str]) -> str:
    """In plain words first; what the field counts is folded."""
    return (
        f'<div class="row apart"><p class="title">{escape_html(card.title)}</p>{_location_pill(card, ready)}</div>'
        f'<p class="muted small">{escape_html(card.sentence)}</p>{_promises_in_html(promises)}{_details_in_html(card)}'
    )


def _promises_in_html(promises: Sequence[str]) -> str:
    return '<ul class="promises">' + "".join(f"<li>{escape_html(each)}</li>" for each in promises) + "</ul>"


def _details_in_html(card: BackboneCard) -> str:
    return (
        f'<details class="small"><summary>Figures and licence</summary>{_figures_in_html(card)}'
        f'<p class="muted small">{escape_html(card.licence)} · <span class="code">{escape_html(card.name)}</span></p>'
        "</details>"
    )


def _location_pill(card: BackboneCard, ready: bool) -> str:
    if card.source != "hub":
        return '<span class="pill good">always here</span>'
    return (
        '<span class="pill good">ready</span>'
        if ready
        else f'<span class="pill">{format_bytes(card.weights_bytes)}</span>'
    )


def _figures_in_html(card: BackboneCard) -> str:
    figures = [(format_compact(card.parameters), "parameters"), (f"{card.input_size} px", "photo size")]
    if card.gmacs is not None:
        figures.insert(1, (format_gmacs(card.gmacs), "GMACs"))
    if card.accuracy is not None:
        figures.append((f"{card.accuracy:.1f} %", "ImageNet"))
    if card.name in photos_per_second():
        figures.append((f"{photos_per_second()[card.name]:.3g}", "photos/s, two cores"))
    spans = "".join(f"<span><b>{escape_html(figure)}</b>{escape_html(what)}</span>" for figure, what in figures)
    return f'<div class="figures">{spans}</div>'


def format_gmacs(gmacs: float) -> str:
    """4.123 = "4.1", 0.0058 = "0.006"."""
    return f"{gmacs:.1f}" if gmacs >= 0.1 else f"{gmacs:.1g}"


def _start_fetch(home: Home, card: BackboneCard) -> None:
    def work(progress: Progress) -> BackboneCard:
        download_weights(home, card, progress=progress)
        return card

    start_and_watch("download", card.name, f"Fetching {card.title}", work)


def show_choice(promises: Promises) -> None:
    """Show what is chosen, what it promises, and the button to the next step."""
    card = state.current_card()
    with st.container(key="card_summary"):
        st.header("Your choice" if state.is_model_chosen() else "Suggested")
        st.html(f'<p class="title">{escape_html(card.title)}</p>{_promises_in_html(promises(card))}')
        dataset = state.current_dataset()
        if dataset is None:
            st.page_link("photos/page.py", label="First, choose photos", icon=":material/arrow_back:")
        else:
            _offer_quicker(dataset, card)
        with st.expander("Licence and origin"):
            st.caption(f"Licence of the weights: {escape_markdown(card.licence)}", help=GLOSSARY["licence"])
            if card.origin:
                st.caption(escape_markdown(card.origin))
    with st.expander("What do the figures mean?"):
        for name, key in (
            ("Parameters", "parameters"),
            ("GMACs", "compute"),
            ("ImageNet", "imagenet accuracy"),
            ("Licence", "licence"),
        ):
            st.markdown(f"**{name}.** {GLOSSARY[key]}")
    show_next_button("model", disabled=dataset is None)


def _offer_quicker(dataset: Dataset, chosen: BackboneCard) -> None:
    quicker = quicker_network(state.home(), dataset, chosen)
    if quicker is None:
        return
    title, seconds = escape_markdown(quicker.card.title), format_rough_duration(quicker.seconds)
    show_note(
        f"{format_rough_duration(quicker.chosen_seconds).capitalize()} is long to wait. {title} learns these photos in "
        f"{seconds}, and as a rule gets fewer right."
    )
    if st.button(f"Take {title}", key="take_quicker"):
        state.choose_card(quicker.card)
        st.rerun()
