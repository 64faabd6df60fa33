"""A running Graft in a home of its own, and a real browser."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from core.datasets import import_sample
from core.home import open_home
from tests.browser.journey import LONG
from tests.browser.serving import served, start_browser

expect.set_options(timeout=LONG)  # what is slow on a busy machine is not wrong
HERE_ONLY = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:")


@pytest.fixture(scope="package")
def graft_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graft") / "home"


@pytest.fixture(scope="package")
def graft(graft_home: Path) -> Iterator[str]:
    """The address of a Graft whose home was empty when the first of its tests began: starting one takes seconds."""
    with served(graft_home, graft_home.parent / "log.txt") as address:
        yield address


@pytest.fixture(scope="package")
def digits(graft: str, graft_home: Path) -> str:
    """The address of the photos of the built-in digits, for tests that change nothing of them."""
    return f"{graft}/?dataset={import_sample(open_home(graft_home), 'digits', 'Digits').id}"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed behind the last browser test of a worker: Playwright's event loop runs in its thread until then, and no
    other test could start one of its own."""
    with sync_playwright() as playwright:
        try:
            browser = start_browser(playwright)
        except Error as error:
            if os.environ.get("GRAFT_REQUIRE_BROWSER") == "1":
                raise
            pytest.skip(f"no browser can be started: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests: what a new one would load and compile again, Streamlit's and the charts' code, takes a second
    of processor for each tab."""
    profile = browser.new_context()
    profile.set_default_timeout(30_000)
    yield profile
    profile.close()


@pytest.fixture
def open_tab(profile: BrowserContext) -> Iterator[Callable[..., Page]]:
    """open_tab(width=..., dark=...) opens a tab; what its pages keep in the browser is cleared after the test. The test
    fails on an error in a page, and on any request that leaves this machine."""
    pages, wrong = [], []

    def open_one(width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        page = profile.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        pages.append(page)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if HERE_ONLY.match(request.url) else wrong.append(request.url))
        return page

    yield open_one
    for page in pages:
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear()")
        page.close()
    profile.clear_cookies()
    assert not wrong


@pytest.fixture
def page(open_tab: Callable[..., Page]) -> Page:
    return open_tab()
