"""Counts as bars, drawn with st.html: every name escaped."""

from collections.abc import Iterable, Mapping

import streamlit as st

from dashboard.shared.texts import escape_html

SPLIT_COLOURS = {"train": "var(--accent)", "validation": "var(--training)", "test": "var(--test)"}


def count_bars(counts: Mapping[str, int]) -> None:
    """A bar per name, as long as its count, in the order given."""
    top = max(counts.values(), default=0) or 1
    rows = (
        f'<span class="name" title="{escape_html(name)}">{escape_html(name)}</span>'
        f'<i style="width:{100 * count / top:.1f}%"></i><span>{count:,}</span>'
        for name, count in counts.items()
    )
    st.html(f'<div class="bars">{"".join(rows)}</div>')


def split_bar(counts: Mapping[str, int]) -> None:
    """How many photos each split has, as one bar; the names and figures stand below."""
    parts = "".join(
        f'<span style="flex:{count};background:{SPLIT_COLOURS[name]}"></span>'
        for name, count in counts.items()
        if count
    )
    key = "".join(
        f'<span class="key" style="--of:{SPLIT_COLOURS[name]}">{escape_html(name)} {count:,}</span>'
        for name, count in counts.items()
    )
    st.html(f'<div class="split" style="height:16px">{parts}</div><p class="muted small figures-line">{key}</p>')


def checks(lines: Iterable[tuple[str, str]]) -> None:
    """[(level, sentence), ...] with a sign each; level is "ok", "look" or "stop"."""
    items = "".join(f'<li class="{escape_html(level)}">{escape_html(sentence)}</li>' for level, sentence in lines)
    st.html(f'<ul class="checks">{items}</ul>')
