"""A shared Graft in a real browser: signing in, all of Streamlit behind the door, and a page that wants to frame it."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.server.addresses import sign_in_link
from tests.browser import journey as j
from tests.browser.serving import served
from tests.conftest import draw_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS = "green tea leaves"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("shared")
    with served(folder / "home", folder / "log.txt", "--share-on-network", "--pass-phrase", WORDS) as address:
        assert f"Pass-phrase: {WORDS}" in (folder / "log.txt").read_text(encoding="utf-8")
        yield address


@contextmanager
def another_site(text: str) -> Iterator[str]:
    """A page of another origin of this computer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_address[1]}"
        site.shutdown()


def test_words_open_graft_and_photos_and_files_pass_the_door(shared: str, page: Page, tmp_path: Path):
    page.goto(f"{shared}/?model=x")
    page.get_by_label("Pass-phrase").fill("black tea leaves")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the pass-phrase.")
    page.get_by_label("Pass-phrase").fill("Green-Tea-Leaves")
    page.get_by_label("Pass-phrase").press("Enter")
    expect(page.get_by_role("heading", name="Teach a network to see what you see")).to_be_visible(timeout=j.LONG)
    expect(page.get_by_text("A folder, zip or table on this computer")).to_have_count(0)

    folder = tmp_path / "photos"
    for number in range(6):
        draw_photo(folder / "oak" / f"{number}.png", 0, number)
        draw_photo(folder / "fir" / f"{number}.png", 1, number)
    j.drop_folder(page, folder)  # Graft's own upload route
    j.see_photos(page)
    j.go_to_plan(page)
    page.get_by_text("Show everything").click()
    j.settled(page)
    page.get_by_text("The plan as a file").click()
    j.settled(page)
    chosen = {"name": "mine.json", "mimeType": "application/json", "buffer": b"[]"}
    page.locator("input[type=file]").first.set_input_files(chosen)  # Streamlit's own
    expect(page.get_by_text('The plan file "mine.json"')).to_be_visible(timeout=j.LONG)


def test_the_address_of_the_qr_code_signs_in_and_keeps_the_words_out_of_sight(shared: str, page: Page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(sign_in_link(shared, WORDS))
    expect(page.get_by_role("heading", name="Teach a network to see what you see")).to_be_visible(timeout=j.LONG)
    assert "tea" not in page.url
    assert not [url for url in asked if "tea" in url.split("#")[0]]


@pytest.mark.parametrize("width", [1280, 1090, 400])
def test_sign_out_stands_above_each_screen_and_leads_to_the_sign_in_page(
    shared: str, open_tab: Callable[..., Page], width: int
):
    page = open_tab(width=width)
    page.goto(sign_in_link(shared, WORDS))
    expect(page.get_by_role("heading", name="Teach a network to see what you see")).to_be_visible(timeout=j.LONG)
    page.goto(f"{shared}/learn")
    expect(page.get_by_role("heading", name="What do the words mean?")).to_be_visible(timeout=j.LONG)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_label("Pass-phrase")).to_be_visible()
    page.goto(f"{shared}/learn")
    expect(page.get_by_label("Pass-phrase")).to_be_visible()
    assert not [cookie for cookie in page.context.cookies() if cookie["name"].startswith("graft-")]


def test_another_page_can_neither_frame_it_nor_load_its_pictures_nor_open_its_socket(graft: str, page: Page):
    text = f"""
        <iframe src="{graft}/"></iframe>
        <img src="{graft}/graft/samples/digits/0" onload="seen.push('picture')" onerror="seen.push('no picture')">
        <script>
        const seen = [], socket = new WebSocket("{graft.replace("http", "ws")}/_stcore/stream");
        socket.onopen = () => seen.push("socket"); socket.onerror = () => seen.push("no socket");
        </script>
    """
    with another_site(text) as site:
        page.add_init_script("window.seen = window.seen || []")
        page.goto(site)
        page.wait_for_function("seen.includes('no socket') && seen.includes('no picture')")
        assert page.evaluate("seen.includes('socket') || seen.includes('picture')") is False
        framed = page.frames[1]
        expect(page.locator("iframe")).to_be_visible()
        assert framed.url.startswith("chrome-error:") or framed.evaluate("document.body.innerText") == ""
