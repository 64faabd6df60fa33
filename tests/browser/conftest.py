"""A running Graft in a home of its own, and a real browser."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

# --no-sandbox: in a container the browser often runs as root. The others keep it from calling home at its start.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
HERE_ONLY = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:")
LOOK_ON_PATH = ("chromium", "chromium-browser", "google-chrome", "chrome")


def installed_browser() -> str | None:
    """GRAFT_BROWSER, else a chromium or chrome on the path; None means Playwright's own."""
    named = os.environ.get("GRAFT_BROWSER")
    return named or next((found for name in LOOK_ON_PATH if (found := shutil.which(name))), None)


@contextmanager
def served(home: Path, log: Path) -> Iterator[str]:
    """Graft as a user starts it, at a port the system chooses; gives its address."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "core.cli", "--port", "0", "--home", str(home), "--no-browser"]
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


@pytest.fixture(scope="module")
def graft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Graft with an empty home."""
    folder = tmp_path_factory.mktemp("graft")
    with served(folder / "home", folder / "log.txt") as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=installed_browser(), args=ARGUMENTS)
        except Error as error:
            if os.environ.get("GRAFT_REQUIRE_BROWSER") == "1":
                raise
            pytest.skip(f"no browser can be started: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Page]]:
    """open_tab(width=..., dark=...) opens a tab of its own profile. The test fails on an error in a page, and on any
    request that leaves this machine."""
    contexts, wrong = [], []

    def open_one(width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if HERE_ONLY.match(request.url) else wrong.append(request.url))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def page(open_tab: Callable[..., Page]) -> Page:
    return open_tab()
