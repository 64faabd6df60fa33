"""Graft as a user starts it, and a browser to look at it: for the browser tests and for tools/screenshots.py."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

# --no-sandbox: in a container the browser often runs as root. The others keep it from calling home at its start.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LOOK_ON_PATH = ("chromium", "chromium-browser", "google-chrome", "chrome")


def installed_browser() -> str | None:
    """GRAFT_BROWSER, else a chromium or chrome on the path; None means Playwright's own."""
    named = os.environ.get("GRAFT_BROWSER")
    return named or next((found for name in LOOK_ON_PATH if (found := shutil.which(name))), None)


@contextmanager
def served(home: Path, log: Path, *arguments: str) -> Iterator[str]:
    """Graft as a user starts it, at a port the system chooses; gives its address."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "graft", "--port", "0", "--home", str(home), "--no-browser", *arguments]
    with log.open("w") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield address_of(server, log)
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def address_of(server: subprocess.Popen, log: Path, seconds: float = 90) -> str:
    """The address that the server printed, once it answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            try:
                urllib.request.urlopen(found[0] + "/_stcore/health", timeout=5)
            except OSError:
                pass
            else:
                return found[0]
        time.sleep(0.1)
    raise RuntimeError(f"Graft did not start:\n{log.read_text()}")


def start_browser(playwright: Playwright) -> Browser:
    """Raises playwright's Error where there is none."""
    return playwright.chromium.launch(executable_path=installed_browser(), args=ARGUMENTS)
