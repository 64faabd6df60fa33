"""Splits and checks of a dataset, drawn with st.html: every name escaped."""

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from core.datasets import Rejected
from dashboard.shared.texts import escape_html, pluralize, show_note

MAX_REJECTED_SHOWN = 200
SPLIT_COLOURS = {"train": "var(--accent)", "validation": "var(--training)", "test": "var(--test)"}


def show_split_bar(counts: Mapping[str, int]) -> None:
    """Show how many photos each split has, as one bar; the names and figures stand below."""
    parts = "".join(
        f'<span style="flex:{count};--of:{SPLIT_COLOURS[name]}"></span>' for name, count in counts.items() if count
    )
    legend = "".join(
        f'<span class="key" style="--of:{SPLIT_COLOURS[name]}">{escape_html(name)} {count:,}</span>'
        for name, count in counts.items()
    )
    st.html(f'<div class="split">{parts}</div><p class="muted small">{legend}</p>')


def show_checks(lines: Iterable[tuple[str, str]]) -> None:
    """Show [(level, sentence), ...] with a sign each; level is "ok", "warning" or "stop"."""
    items = "".join(f'<li class="{escape_html(level)}">{escape_html(sentence)}</li>' for level, sentence in lines)
    st.html(f'<ul class="checks">{items}</ul>')


def show_rejected(rejected: Sequence[Rejected]) -> None:
    """Show, folded, the files that were left out, each with its reason."""
    if not rejected:
        return
    with st.expander(f"{pluralize(len(rejected), 'file')} left out, and why", icon=":material/report:"):
        rows = "".join(
            f'<li class="warning"><b>{escape_html(file.name)}</b><br>{escape_html(file.reason)}</li>'
            for file in rejected[:MAX_REJECTED_SHOWN]
        )
        st.html(f'<ul class="checks small">{rows}</ul>')
        if len(rejected) > MAX_REJECTED_SHOWN:
            show_note(f"And {len(rejected) - MAX_REJECTED_SHOWN:,} more.")
