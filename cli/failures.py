"""What nobody foresaw becomes one sentence, and its traceback a part of the log that the sentence names."""

import getpass
import os
import secrets
import sqlite3
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from platformdirs import user_data_dir

from core.names import shorten

LOG = "graft.log"
LOG_BYTES = 2**20  # a longer log begins anew
REASON_LETTERS = 200


def explain(error: Exception, arguments: Sequence[str]) -> str:
    """What went wrong in one sentence, what to do, and where the log has the rest. arguments: of the command line."""
    reference = secrets.token_hex(4)
    log = _write_log(error, arguments, reference)
    details = f'Details: "{log}", {reference}.' if log else ""
    return f"{_in_words(error)} {details}".strip()


def _in_words(error: Exception) -> str:
    reason = shorten(error, REASON_LETTERS).strip().rstrip(".")
    if isinstance(error, MemoryError):
        return "There is not enough memory for that. Close other programs, or begin with fewer photos."
    if isinstance(error, sqlite3.OperationalError) and ("locked" in reason or "busy" in reason):
        return "Another program holds Graft's database. Try again when that has finished."
    if isinstance(error, sqlite3.Error):
        return (
            f"Graft's database cannot be used: {reason}. Put a copy of it back, or choose another folder with --home."
        )
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f'"{shorten(os.fsdecode(error.filename), REASON_LETTERS)}" cannot be used: {error.strerror}.'
    return f"Something in Graft went wrong: {type(error).__name__}{f': {reason}' if reason else ''}."


def _write_log(error: Exception, arguments: Sequence[str], reference: str) -> Path | None:
    """Add the traceback to the log: in Graft's folder, or where that cannot be, among the temporary files."""
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    said = " ".join(shorten(each) for each in arguments)
    text = f"{reference} {when} graft {said}\n{''.join(traceback.format_exception(error))}\n"
    for folder in (_home(arguments), Path(tempfile.gettempdir()) / f"graft-{_user()}"):
        with suppress(OSError, RuntimeError, ValueError):
            file = folder / LOG
            folder.mkdir(mode=0o700, exist_ok=True)  # of the home only the last folder: where no disk is, none is made
            is_full = file.exists() and file.stat().st_size > LOG_BYTES
            with file.open("w" if is_full else "a", encoding="utf-8", errors="backslashreplace") as log:
                log.write(text)
            return file
    return None


def _home(arguments: Sequence[str]) -> Path:
    chosen = os.environ.get("GRAFT_HOME") or user_data_dir("graft", appauthor=False)
    for place, argument in enumerate(arguments):
        if argument.startswith("--home="):
            chosen = argument.removeprefix("--home=")
        elif argument == "--home" and place + 1 < len(arguments):
            chosen = arguments[place + 1]
    return Path(os.path.expanduser(chosen))


def _user() -> str:
    with suppress(Exception):  # a user whom the system does not know
        return getpass.getuser()
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
