"""Which requests are answered at all: from the guard's own function, with requests as browsers send them."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.server.guard import guard, is_own_host, refusal
from dashboard.server.server import own_names

LOCAL = frozenset({"localhost"})


def asked(path: str = "/", method: str = "GET", address: str = "127.0.0.1", **headers: str) -> int | None:
    """The status with which the guard refuses; None where it lets pass."""
    headers = {"host": "localhost:8501"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "path": path,
        "method": method,
        "server": (address, 8501),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    found = refusal(scope, LOCAL)
    return found and found[0]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8501", "LocalHost:9000", "127.0.0.1:1", "[::1]:8501", "localhost."]
)
def test_its_own_names_are_answered_at_any_port(host):
    assert asked(host=host) is None


FOREIGN = """
    :8501 evil.test localhost.evil.test 127.0.0.1.evil.test localhost:99999 localhost:x localhost/x me@localhost
    0.0.0.0:8501 127.1 2130706433 192.168.1.9 [::1 localhost@evil.test localhost?x localhost#x
"""


@pytest.mark.parametrize("host", ["", " ", *FOREIGN.split()])
def test_a_name_that_was_only_pointed_here_is_refused(host):
    assert asked(host=host) == 400


def test_a_request_without_a_host_is_refused():
    assert refusal({"type": "http", "path": "/", "method": "GET", "headers": []}, LOCAL)[0] == 400


def test_shared_it_answers_to_the_machines_names_and_the_address_it_was_reached_at(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Lab-PC.school.example")
    names = own_names(share=True)
    for host in (
        "lab-pc",
        "LAB-PC:8501",
        "lab-pc.local:8501",
        "lab-pc.school.example",
        "localhost",
        "192.168.1.9:8501",
    ):
        assert is_own_host(host, names, "192.168.1.9")
    for host in ("192.168.1.8", "evil.test", "lab-pc.evil.test", "lab-pc-2", "local"):
        assert not is_own_host(host, names, "192.168.1.9")
    assert own_names(share=False) == LOCAL


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_only_its_own_origin_may_ask_to_the_port(method):
    own = {"host": "localhost:8501", "method": method}
    assert asked("/graft/x", origin="http://localhost:8501", **own) is None
    for origin in (
        "http://localhost:8502",
        "http://localhost",
        "http://127.0.0.1:8501",
        "http://0.0.0.0:8501",
        "null",
        "",
    ):
        assert asked("/graft/x", origin=origin, **own) == 403
    assert asked("/graft/x", host="localhost:9000", method=method, origin="http://localhost:9000") is None  # forwarded


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_may_open_the_start_page_and_nothing_else(site):
    followed = {"sec_fetch_site": site, "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert asked("/", **followed) is None
    for path in ("/graft/samples/leaves/0", "/_stcore/health", "/results", "/graft/runs/x/exports/python-zip", "//"):
        assert asked(path, **followed) == 403
    assert asked("/", **(followed | {"sec_fetch_dest": "iframe"})) == 403
    assert asked("/", sec_fetch_site=site, sec_fetch_mode="no-cors", sec_fetch_dest="image") == 403
    assert asked("/", method="POST", **followed) == 403


def test_its_own_pages_bookmarks_and_programs_may_ask():
    for site in ("same-origin", "none"):
        assert asked("/results", sec_fetch_site=site) is None
    assert asked("/graft/runs/x/curves") is None


@pytest.fixture
def client():
    async def talk(websocket):
        await websocket.accept()
        await websocket.send_text("hello")

    routes = [Route("/", lambda request: PlainTextResponse("page")), WebSocketRoute("/_stcore/stream", talk)]
    app = Starlette(routes=routes, middleware=[Middleware(guard, names=LOCAL)])
    with TestClient(app, base_url="http://127.0.0.1:8501") as client:
        yield client


STREAM = "ws://127.0.0.1:8501/_stcore/stream"


@pytest.mark.parametrize("headers", [{"origin": "http://127.0.0.1:8501"}, {}])
def test_a_websocket_opens_for_its_own_origin_and_for_programs(client, headers):
    with client.websocket_connect(STREAM, headers=headers) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8502", "http://localhost:8501", "http://evil.test", "null"])
def test_a_websocket_of_another_origin_does_not_open(client, origin):
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect(STREAM, headers={"origin": origin}):
        pass
    assert closed.value.code == 1008


def test_no_answer_can_be_framed_or_loaded_into_another_page(client):
    for answer in (client.get("/"), client.get("/nothing"), client.get("/", headers={"host": "evil.test"})):
        assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_refusal_is_a_sentence_for_who_reads_it(client):
    page = client.get("/", headers={"host": "evil.test", "accept": "text/html,*/*"})
    assert page.text.startswith("Graft does not answer under this name.")
    assert client.get("/", headers={"host": "evil.test"}).json()["error"] == page.text
