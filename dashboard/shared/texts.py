"""Words and figures as a person reads them, safe in Markdown and in HTML whatever a user called a thing."""

import html
import time

import streamlit as st

from core.errors import GraftError

_MARKS = str.maketrans({mark: "\\" + mark for mark in r"\`*_{}[]<>()#+-.!|~:$&"})


def plain(text: str) -> str:
    """`text` so that Markdown (st.markdown, labels, toasts) shows it letter by letter."""
    return " ".join(text.split()).translate(_MARKS)


def escaped(text: object) -> str:
    """`text` so that st.html shows it letter by letter, in attributes too."""
    return html.escape(str(text), quote=True)


def show_error(error: GraftError) -> None:
    """What went wrong and what to do about it, in place."""
    st.error(f"**{plain(error.sentence)}** {plain(error.remedy)}", icon=":material/error:")


def quiet(text: str, style: str = "") -> None:
    """A line of explanation, less loud than what it explains."""
    st.html(f'<p class="quiet" style="{style}">{escaped(text)}</p>')


def many(count: int, thing: str, things: str | None = None) -> str:
    """many(1, "photo") = "1 photo"; many(2, "class", "classes") = "2 classes"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def in_bytes(count: float) -> str:
    """20480 = "20 kB", as disks and downloads are counted: by thousands."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def in_millions(count: float) -> str:
    """5418792 = "5.4 M", 24000 = "24 k"."""
    if count >= 1e6:
        return f"{count / 1e6:.1f} M" if count < 1e8 else f"{count / 1e6:.0f} M"
    return f"{count / 1e3:.0f} k" if count >= 1e3 else f"{count:.0f}"


def in_seconds(seconds: float) -> str:
    """95 = "1 min 35 s"."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s" if seconds % 60 and seconds < 600 else f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def when(moment: float, now: float | None = None) -> str:
    """A point in time as one says it: "today at 17:42", "yesterday at 9:05", "3 May at 12:00"."""
    then, today = time.localtime(moment), time.localtime(now)
    clock = f"{then.tm_hour}:{then.tm_min:02}"
    days = (time.mktime((*today[:3], 0, 0, 0, 0, 0, -1)) - time.mktime((*then[:3], 0, 0, 0, 0, 0, -1))) / 86_400
    if days < 1:
        return f"today at {clock}"
    if days < 2:
        return f"yesterday at {clock}"
    year = "" if then.tm_year == today.tm_year else f" {then.tm_year}"
    return f"{then.tm_mday} {time.strftime('%B', then)}{year} at {clock}"
