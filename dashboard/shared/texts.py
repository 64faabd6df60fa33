"""Text and figures as a person reads them, safe in Markdown and in HTML whatever a user called a thing."""

import html
import re
import time

import streamlit as st

from core.errors import GraftError
from dashboard.session.sharing import without_paths

_MARKDOWN_MARKS = str.maketrans({mark: "\\" + mark for mark in r"\`*_{}[]<>()#+-.!|~:$&"})
_WITHIN_WORD = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")


def escape_markdown(text: str) -> str:
    """One line of text that Markdown (st.markdown, labels, toasts) shows letter by letter.

    A _ inside a word marks nothing and stays as it is: a screen reader is given a label as it was written.
    """
    return _WITHIN_WORD.sub("_", " ".join(text.split()).translate(_MARKDOWN_MARKS))


def escape_html(text: object) -> str:
    """Text that st.html shows letter by letter, in attributes too."""
    return html.escape(str(text), quote=True)


def show_error(error: GraftError) -> None:
    """Show what went wrong and what to do about it, in place."""
    sentence, remedy = (escape_markdown(without_paths(text)) for text in (error.sentence, error.remedy))
    st.error(f"**{sentence}** {remedy}", icon=":material/error:")


def show_note(text: str, small: bool = False) -> None:
    """Show a line of explanation in the muted colour."""
    st.html(f'<p class="muted{" small" if small else ""}">{escape_html(text)}</p>')


def pluralize(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun: pluralize(1, "photo") = "1 photo", pluralize(2, "class", "classes") = "2 classes"."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def format_compact(count: float) -> str:
    """A number in thousands or millions: 5418792 = "5.4 M", 24000 = "24 k"."""
    if count >= 1e6:
        return f"{count / 1e6:.1f} M" if count < 1e8 else f"{count / 1e6:.0f} M"
    return f"{count / 1e3:.0f} k" if count >= 1e3 else f"{count:.0f}"


def format_probability(probability: float) -> str:
    """A probability in percent that never claims a certainty it does not have: 0.998 = "> 99 %"."""
    if 0.995 <= probability < 1:
        return ">\u00a099\u00a0%"
    return "<\u00a01\u00a0%" if 0 < probability < 0.005 else f"{100 * probability:.0f}\u00a0%"


def format_time(timestamp: float, now: float | None = None) -> str:
    """A point in time, in local time: "today at 17:42", "yesterday at 9:05", "3 May at 12:00"."""
    then, today = time.localtime(timestamp), time.localtime(now)
    clock = f"{then.tm_hour}:{then.tm_min:02}"
    days = (time.mktime((*today[:3], 0, 0, 0, 0, 0, -1)) - time.mktime((*then[:3], 0, 0, 0, 0, 0, -1))) / 86_400
    if days < 1:
        return f"today at {clock}"
    if days < 2:
        return f"yesterday at {clock}"
    year = "" if then.tm_year == today.tm_year else f" {then.tm_year}"
    return f"{then.tm_mday} {time.strftime('%B', then)}{year} at {clock}"
