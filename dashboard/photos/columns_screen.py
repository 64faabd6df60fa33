"""The screen "What do these columns mean?": the guess filled in, its consequence beside it, changed by a click."""

import base64
from collections.abc import Mapping
from itertools import islice

import streamlit as st

from core.datasets import (
    SPLITS,
    ColumnChoice,
    Consequence,
    Reading,
    Role,
    Split,
    Understanding,
    consequence,
    decide,
    examples,
    roles_for,
    still_missing,
)
from core.errors import BadInput
from dashboard.glossary import GLOSSARY
from dashboard.navigation import always_in_sight
from dashboard.photos.bars import show_rejected, show_split_bar
from dashboard.photos.importing import ColumnsToDecide, look_again, start_decided, throw_away
from dashboard.session import state
from dashboard.shared.texts import escape_html, escape_markdown, pluralize, show_note

MOST_COLUMNS = 24  # shown at once; the others behind a click
MOST_CLASSES = 8  # bars of each task
MOST_WORDS = 12  # of a split column that are asked for

TITLES: dict[Role, str] = {
    "photo": "Photo",
    "class": "Class",
    "one-of": "One class together",
    "group": "Group",
    "split": "Split",
    "number": "Number",
    "labels": "Several labels",
    "leave-out": "Leave out",
}


def show_columns(job_id: str, waiting: ColumnsToDecide) -> None:
    """Show the columns of a source that a job looked at, until its import is started or cancelled."""
    state.watch_job(job_id)  # a refresh comes back here
    guessed = waiting.preview.understanding
    st.title("What do these columns mean?")
    show_note(_introduction(guessed))
    for question in guessed.questions:
        st.warning(escape_markdown(question.sentence), icon=":material/help:")
    left, right = st.columns([1.25, 1], gap="large")
    with left, st.container(key="asked_columns"):
        choice = _ask(guessed, job_id)
    if (photo := _other_photo_column(guessed, choice)) is not None:
        look_again(state.home(), waiting, photo)
    with right:
        photos, missing = _show_consequence(waiting, choice)
    _show_buttons(waiting, choice, photos, missing)


def _introduction(guessed: Understanding) -> str:
    table = guessed.table
    where = " and ".join(table.tables[:3]) if table.tables else "the names of files and folders"
    if guessed.is_remembered:
        return f"Filled in from {where} as you decided before, for a table with the same columns."
    return f"This is what Graft makes of {where}. Change what is wrong; what comes of it is shown at once."


# The columns


def _ask(guessed: Understanding, key: str) -> ColumnChoice:
    """A row for each column; gives what stands in them."""
    st.header("Columns", help=GLOSSARY["column roles"])
    roles: dict[str, Role] = {}
    readings = list(enumerate(guessed.readings))
    for number, reading in readings[:MOST_COLUMNS]:
        roles[reading.column] = _ask_role(guessed, reading, f"{key}_{number}")
    if len(readings) > MOST_COLUMNS:
        with st.expander(f"{len(readings) - MOST_COLUMNS:,} more"):
            for number, reading in readings[MOST_COLUMNS:]:
                roles[reading.column] = _ask_role(guessed, reading, f"{key}_{number}")
    words = _ask_words(guessed, ColumnChoice(roles), key)
    return ColumnChoice(roles, words)


def _ask_role(guessed: Understanding, reading: Reading, key: str) -> Role:
    about, choice = st.columns([1.6, 1], vertical_alignment="center")
    about.html(
        f'<p class="column"><b>{escape_html(reading.column)}</b> '
        f'<span class="muted small">{escape_html(examples(guessed, reading.column))}</span><br>'
        f'<span class="muted small">{escape_html(_because(guessed, reading))}</span></p>'
    )
    roles = roles_for(guessed, reading.column)
    with choice:
        return st.selectbox(
            f"What {escape_markdown(reading.column)} means",
            roles,
            index=roles.index(reading.role),
            format_func=TITLES.__getitem__,
            label_visibility="collapsed",
            disabled=len(roles) == 1,
            key=f"role_{key}",
        )


def _because(guessed: Understanding, reading: Reading) -> str:
    if reading.role == "split":
        said = [f"{word} is {split}" for word, split in guessed.split_words.items() if split and word.lower() != split]
        return f"{reading.reason}: {', '.join(said[:MOST_WORDS])}" if said else reading.reason
    return reading.reason


def _ask_words(guessed: Understanding, choice: ColumnChoice, key: str) -> dict[str, Split]:
    """What words of a split column mean that are not known."""
    try:
        words = decide(guessed, choice).split_words
    except BadInput:
        return {}  # said beside, where the consequence is
    unknown = [word for word, split in words.items() if split is None]
    if not unknown:
        return {}
    st.header("Words of the split")
    chosen: dict[str, Split] = {}
    for number, word in enumerate(unknown[:MOST_WORDS]):
        name, where = st.columns([1.5, 1], vertical_alignment="center")
        name.html(f'<p class="column"><b>{escape_html(word)}</b></p>')
        with where:
            split = st.selectbox(
                f"Split of {escape_markdown(word)}",
                SPLITS,
                index=None,
                placeholder="Choose",
                label_visibility="collapsed",
                key=f"word_{key}_{number}",
            )
        if split:
            chosen[word] = split
    if len(unknown) > MOST_WORDS:
        show_note(f"It has {len(unknown) - MOST_WORDS:,} more words: it hardly is a split.", small=True)
    return chosen


# What comes of it


def _show_consequence(waiting: ColumnsToDecide, choice: ColumnChoice) -> tuple[int, str]:
    """Show it; gives how many photos there would be, and what is missing before they can be imported: that stands
    beside the button, which is in sight on a phone, too."""
    st.header("What comes of it")
    try:
        decided = decide(waiting.preview.understanding, choice)
    except BadInput as error:
        return 0, str(error)
    found = consequence(decided)
    _show_figures(found)
    for note in decided.table.notes:
        show_note(note, small=True)
    _show_photos(found, waiting.preview.thumbnails)
    show_rejected(found.rejected)
    return len(found.photos), still_missing(decided)


def _other_photo_column(guessed: Understanding, choice: ColumnChoice) -> str | None:
    photos = (name for name, role in choice.roles.items() if role == "photo")
    return next((name for name in photos if name != guessed.table.photo_column), None)


def _show_buttons(waiting: ColumnsToDecide, choice: ColumnChoice, photos: int, missing: str) -> None:
    verb = "Add" if waiting.request.adding_to else "Import"
    with always_in_sight(), st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"{verb} {pluralize(photos, 'photo')}",
            key="import_columns",
            type="primary",
            disabled=bool(missing) or photos == 0,
        ):
            start_decided(state.home(), waiting.request, choice)
        if st.button("Cancel", key="cancel_columns", type="tertiary"):
            throw_away(state.home(), waiting.request)
            state.watch_job(None)
            st.rerun()
        if missing:
            st.html(f'<p class="missing">{escape_html(missing)}</p>')


def _show_figures(found: Consequence) -> None:
    for task, counts in found.classes.items():
        st.html(f'<p class="muted"><b class="loud">{escape_html(task)}</b>: {_classes(counts)}</p>')
        _show_bars(dict(islice(counts.items(), MOST_CLASSES)))
        if len(counts) > MOST_CLASSES:
            show_note(f"And {len(counts) - MOST_CLASSES:,} more.", small=True)
    if found.groups:
        kept = "no split parts one" if found.are_drawn else "the splits are kept as they came"
        show_note(f"{pluralize(found.groups, 'group')} of photos: {kept}.")
    if found.photos:
        show_note("Splits, drawn by chance:" if found.are_drawn else "Splits, as they came:")
        show_split_bar({str(split): count for split, count in found.splits.items()})


def _classes(counts: Mapping[str, int]) -> str:
    return escape_html(pluralize(len(counts), "class", "classes"))


def _show_bars(counts: Mapping[str, int]) -> None:
    """A bar per class, as long as its count."""
    longest = max(counts.values(), default=1)
    rows = (
        f'<span class="name" title="{escape_html(name)}">{escape_html(name)}</span>'
        f'<i style="width:{100 * count / longest:.1f}%"></i><span>{count:,}</span>'
        for name, count in counts.items()
    )
    st.html(f'<div class="bars">{"".join(rows)}</div>')


def _show_photos(found: Consequence, thumbnails: Mapping[str, bytes]) -> None:
    shown = [photo for photo in found.photos if photo.name in thumbnails]
    figures = "".join(
        f'<figure><img alt="{escape_html(photo.name)}" src="{_data_url(thumbnails[photo.name])}"><figcaption>'
        f"<b>{escape_html(', '.join(filter(None, photo.labels.values())) or 'no label')}</b>"
        f"<br>{escape_html(' · '.join(filter(None, [photo.group, photo.split])))}</figcaption></figure>"
        for photo in shown
    )
    st.html(f'<div class="first-photos">{figures}</div>')


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
