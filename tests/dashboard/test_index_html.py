"""The HTML of every page, without a browser."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from dashboard.server import index_html
from dashboard.server.index_html import IndexHtml, address_instead, is_page


@pytest.mark.parametrize("path", ["/", "/plan", "/train", "/nonsense", "/a/b"])
def test_an_address_in_the_bar_is_a_page(path: str) -> None:
    assert is_page(path)


@pytest.mark.parametrize(
    "path",
    ["/_stcore/health", "/plan/_stcore.js", "/static/js/index.js", "/graft/runs/a/curves", "/favicon.png", "//x/y",
     "/media/a", "/component/x/y"],
)  # fmt: skip
def test_what_a_page_asks_for_is_none(path: str) -> None:
    assert not is_page(path)


def test_the_page_brings_its_look_and_asks_nothing_by_a_relative_address() -> None:
    html = index_html.index_html()
    assert "--accent" in html.split("<body>")[1].split("</style>")[0]
    assert '"./' not in html
    assert "<title>Graft</title>" in html


def test_the_scripts_and_fonts_that_are_fetched_early_are_there() -> None:
    """A newer Streamlit may call them otherwise: then pages would jump while they open."""
    html = index_html.index_html()
    assert html.count('import("/static/js/') == len(index_html._ELEMENTS)
    assert html.count('rel="preload"') == 3


def test_a_page_that_is_not_there_leads_to_the_first_one_with_its_name() -> None:
    assert address_instead("a b", "dataset=1") == "/?dataset=1&unknown=a+b"
    assert address_instead("photos", "dataset=1") == "/?dataset=1"
    assert address_instead("photos", "") == "/"
    assert answer("/nonsense") == (307, "/?unknown=nonsense")


def test_a_page_is_answered_and_all_else_passed_on() -> None:
    assert answer("/plan") == (200, None)
    assert answer("/graft/fonts/x") == (418, None)


def answer(path: str) -> tuple[int, str | None]:
    """Status and where it leads to, with an app behind that answers 418."""
    sent: list[MutableMapping[str, Any]] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    asyncio.run(IndexHtml(behind)(scope, receive, send))
    location = dict(sent[0]["headers"]).get(b"location")
    return sent[0]["status"], location.decode() if location else None
