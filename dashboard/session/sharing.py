"""What changes where other computers reach Graft: no path on this one is asked for, and none is told."""

import os
import re
from pathlib import Path

import streamlit as st

_QUOTED_PATH = re.compile(r"""(?P<quote>["'])(?P<path>(?:/|~|\\\\|[A-Za-z]:[\\/])(?:(?!(?P=quote)).)*)(?P=quote)""")


def is_local_only() -> bool:
    """Whether only this computer reaches the server; otherwise pages must not offer paths on its disk."""
    return st.get_option("server.address") in (None, "127.0.0.1")


def without_paths(text: str) -> str:
    """A sentence for a page or a route: where Graft is shared, a file's last name in place of its whole path.

    Where things lie on this computer, and what its user is called, is nothing to others.
    """
    return text if is_local_only() else _QUOTED_PATH.sub(_shortened, text)


def _shortened(found: re.Match[str]) -> str:
    path, home = found["path"], os.environ.get("GRAFT_HOME", "")
    if home and Path(path).is_relative_to(home):
        return "Graft's folder"
    last = re.split(r"[\\/]", path.rstrip("/\\"))[-1]
    return f"{found['quote']}{last}{found['quote']}"
