"""Who may use a shared Graft: the page, the cookie, the limits on tries."""

import contextlib
import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from core.errors import BadInput
from dashboard.routes.urls import SIGN_OUT_URL
from dashboard.server import addresses
from dashboard.server.addresses import announcement, sign_in_link
from dashboard.server.guard import guard
from dashboard.server.pass_phrase import WORDS, choose_pass_phrase, is_same_phrase, make_pass_phrase
from dashboard.server.sign_in import SIGN_IN_URL, Door
from dashboard.server.tries import FREE_TRIES, LONGEST_WAIT_SECONDS, TRIES_A_MINUTE, Tries

PHRASE = "hedge harbor apple barrel"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def talk(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        with contextlib.suppress(RuntimeError):  # the browser has gone
            await websocket.send_text("over")


def shared(client=("192.168.1.7", 50_000)) -> TestClient:
    routes = [
        Route("/{rest:path}", lambda request: PlainTextResponse("inside")),
        WebSocketRoute("/_stcore/stream", talk),
    ]
    middleware = [Middleware(guard, names={"localhost"}), Middleware(Door, pass_phrase=PHRASE)]
    app = Starlette(routes=routes, middleware=middleware)
    return TestClient(app, base_url="http://localhost:8501", client=client, follow_redirects=False)


def sign_in(client: TestClient, pass_phrase: str = PHRASE, back_to: str = "/", **headers):
    return client.post(SIGN_IN_URL, data={"pass_phrase": pass_phrase, "back_to": back_to}, headers=headers)


def test_nothing_is_answered_before_signing_in():
    client = shared()
    for path in (
        "/",
        "/results?run=x",
        "/_stcore/host-config",
        "/graft/runs/x/curves",
        "/static/js/x.js",
        "/graft/sign-in/",
    ):
        assert client.get(path).status_code == 401
        page = client.get(path, headers=BROWSER)
        assert (page.status_code, "What is the pass-phrase?" in page.text, "inside" in page.text) == (401, True, False)
    for method in ("PUT", "POST", "DELETE", "OPTIONS"):
        assert client.request(method, "/graft/uploads/x/0").status_code == 401
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("ws://localhost:8501/_stcore/stream"):
        pass


@pytest.mark.parametrize("path", ["/graft/fonts/inter.woff2", "/_stcore/health"])
def test_what_the_sign_in_page_needs_is_open(path):
    assert shared().get(path).text == "inside"


@pytest.mark.parametrize(
    "path", ["/graft/fonts/../x", "/graft/fonts/a/b", "/_stcore/health/x", "/_stcore/healthy", "//_stcore/health"]
)
def test_nothing_hides_behind_what_is_open(path):
    answer = shared().send(shared().build_request("GET", f"http://localhost:8501{path}"))
    assert answer.status_code == 401


def test_the_right_words_open_everything_and_lead_back():
    client = shared()
    answer = sign_in(client, back_to="/results?run=x&task=a%20b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/results?run=x&task=a%20b")
    cookie = answer.headers["set-cookie"]
    assert re.match(r"graft-8501=[\w.-]+; HttpOnly; Max-Age=604800; Path=/; SameSite=lax$", cookie)
    assert client.get("/").text == "inside"
    with client.websocket_connect(
        "ws://localhost:8501/_stcore/stream", headers={"cookie": cookie.split(";")[0]}
    ) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize(
    "typed", ["HEDGE harbor Apple barrel", " hedge-harbor-apple-barrel ", "hedgeharborapplebarrel"]
)
def test_capitals_hyphens_and_spaces_make_no_difference(typed):
    assert sign_in(shared(), typed).status_code == 303


@pytest.mark.parametrize("typed", ["", "hedge harbor apple", PHRASE + " x", "x" * 100_000, "\ud83d", "hedge"])
def test_wrong_words_open_nothing_and_say_so(typed):
    client = shared()
    answer = client.post(SIGN_IN_URL, content=b"pass_phrase=" + typed.encode("utf-8", "replace"))
    assert answer.status_code == 403
    assert "This is not the pass-phrase." in answer.text
    assert "set-cookie" not in answer.headers
    assert client.get("/").status_code == 401


def test_a_cookie_of_another_start_or_made_up_is_none():
    first, second = shared(), shared()
    value = sign_in(first).cookies["graft-8501"]
    for forged in (value, value[:-1], value.split(".")[0], "", "x.y.z", "a" * 5_000):
        assert second.get("/", headers={"cookie": f"graft-8501={forged}"}).status_code == 401
    assert first.get("/", headers={"cookie": f"graft-8501={value}"}).text == "inside"
    assert first.get("/", headers={"cookie": f"graft-9000={value}"}).status_code == 401


def test_a_cookie_ends_after_a_week(monkeypatch):
    client = shared()
    sign_in(client)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 2_000_000_000)
    assert client.get("/").status_code == 401


def test_signing_out_ends_this_browsers_cookie_and_leads_to_the_sign_in_page():
    client = shared()
    sign_in(client)
    kept = dict(client.cookies)
    other = sign_in(TestClient(client.app, base_url=client.base_url, follow_redirects=False)).cookies
    answer = client.get(SIGN_OUT_URL)
    assert (answer.status_code, answer.headers["location"]) == (303, SIGN_IN_URL)
    assert answer.headers["cache-control"] == "no-store"
    assert dict(client.cookies) == {}
    assert client.get("/").status_code == 401
    assert "What is the pass-phrase?" in client.get(answer.headers["location"]).text
    assert client.get("/", headers={"cookie": f"graft-8501={kept['graft-8501']}"}).status_code == 401  # a copy of it
    assert client.get("/", headers={"cookie": f"graft-8501={other['graft-8501']}"}).text == "inside"
    assert sign_in(client).status_code == 303
    assert client.get("/").text == "inside"


def test_who_never_signed_in_may_sign_out_and_another_site_may_not_sign_anybody_out():
    client = shared()
    assert client.get(SIGN_OUT_URL).headers["location"] == SIGN_IN_URL
    sign_in(client)
    assert client.get(SIGN_OUT_URL, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/").text == "inside"


def test_a_tab_that_is_still_open_is_not_listened_to_after_signing_out():
    client = shared()
    cookie = sign_in(client).headers["set-cookie"].split(";")[0]
    with client.websocket_connect("ws://localhost:8501/_stcore/stream", headers={"cookie": cookie}) as socket:
        assert socket.receive_text() == "hello"
        socket.send_text("first")
        assert socket.receive_text() == "first"
        client.get(SIGN_OUT_URL)
        socket.send_text("second")
        assert socket.receive_text() == "over"


@pytest.mark.parametrize(
    "back_to",
    ["//evil.test", "/\\evil.test", "https://evil.test", "evil", "/\t/evil.test", "", "/x\r\nSet-Cookie: a=b"],
)
def test_signing_in_leads_to_graft_only(back_to):
    assert sign_in(shared(), back_to=back_to).headers["location"] == "/"


def test_the_page_of_another_site_cannot_sign_in_or_frame_it():
    assert sign_in(shared(), origin="http://evil.test").status_code == 403
    page = shared().get("/", headers=BROWSER)
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_an_address_is_shown_back_as_words_only():
    page = shared().get("/?x=%22%3E%3Cscript%3E&y='\"><script>alert(1)</script>", headers=BROWSER)
    assert "<script>alert" not in page.text


def test_a_guesser_has_to_wait_though_the_next_guess_is_right():
    client = shared()
    for _ in range(FREE_TRIES):
        assert sign_in(client, "wrong words").status_code == 403
    answer = sign_in(client)
    assert (answer.status_code, "set-cookie" in answer.headers) == (429, False)
    assert "Too many tries. Wait 30 seconds, then try again." in answer.text


# Limits on tries


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_waits_double_up_to_a_quarter_of_an_hour_and_end_when_it_was_right():
    clock = Clock()
    tries = Tries(clock)
    waits = []
    for _ in range(FREE_TRIES + 8):
        tries.add_wrong("a")
        waits.append(tries.seconds_to_wait("a"))
        clock.now += waits[-1]
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert LONGEST_WAIT_SECONDS == 900
    tries.forget("a")
    assert tries.seconds_to_wait("a") == 0


def test_one_address_that_guesses_does_not_keep_others_out():
    tries = Tries(Clock())
    for _ in range(FREE_TRIES):
        tries.add_wrong("a")
    assert tries.seconds_to_wait("b") == 0


def test_many_addresses_guess_no_faster_than_the_limit_for_all():
    clock = Clock()
    tries = Tries(clock)
    for number in range(TRIES_A_MINUTE):
        assert tries.seconds_to_wait(f"{number}") == 0
        tries.add_wrong(f"{number}")
        clock.now += 0.5
    assert tries.seconds_to_wait("another") == 30
    clock.now += 30
    assert tries.seconds_to_wait("another") == 0


def test_addresses_of_guessers_take_no_endless_memory():
    tries = Tries(Clock())
    for number in range(10_000):
        tries.add_wrong(f"{number}")
    assert len(tries._by_address) == 4_096


# The words


def test_words_are_made_up_anew_each_time_from_256_different_ones():
    assert len(set(WORDS.split())) == len(WORDS.split()) == 256
    made = {make_pass_phrase() for _ in range(50)}
    assert len(made) == 50
    assert all(len(set(phrase.split()) & set(WORDS.split())) >= 1 and len(phrase.split()) == 4 for phrase in made)


def test_a_chosen_pass_phrase_is_kept_unless_it_is_easily_guessed():
    assert choose_pass_phrase(True, "  green   tea leaves ") == "green tea leaves"
    assert len(choose_pass_phrase(True, None).split()) == 4
    assert choose_pass_phrase(False, "green tea leaves") is None
    for weak in ("short", "a b c d e f g", "x" * 201, "nul\0byte in it", "half \ud83d letter"):
        with pytest.raises(BadInput, match="A pass-phrase has 8 to 200 letters"):
            choose_pass_phrase(True, weak)


def test_words_of_any_script_are_compared_whole():
    assert is_same_phrase("Grüne Blätter im März", "grüne blätter im märz")
    assert not is_same_phrase("grüne blätter", "grune blatter")


# What the terminal says


def test_alone_it_says_its_address_in_one_line():
    assert announcement(8501, None) == "Graft is at http://127.0.0.1:8501. Ctrl-C ends it; nothing is lost."


def test_shared_it_says_address_words_and_what_sharing_means(monkeypatch):
    drawn = []
    monkeypatch.setattr(addresses, "network_host", lambda: "192.168.1.9")
    monkeypatch.setattr(addresses, "_qr_code", lambda text: drawn.append(text) or "CODE")
    said = announcement(8501, PHRASE)
    for part in (
        "http://192.168.1.9:8501",
        f"Pass-phrase: {PHRASE}\n",
        "Nothing is encrypted",
        "change and delete",
        "CODE",
    ):
        assert part in said
    assert drawn == [f"http://192.168.1.9:8501{SIGN_IN_URL}#hedge%20harbor%20apple%20barrel"]
    assert sign_in_link("http://h:1", "a#b") == f"http://h:1{SIGN_IN_URL}#a%23b"


@pytest.mark.parametrize(
    ("encoding", "is_drawn"), [("utf-8", True), ("cp437", True), ("cp1252", False), ("ascii", False)]
)
def test_a_qr_code_is_drawn_where_the_terminal_has_letters_for_it(monkeypatch, encoding, is_drawn):
    monkeypatch.setattr("sys.stdout", type("Terminal", (), {"encoding": encoding}))
    code = addresses._qr_code("http://192.168.1.9:8501/graft/sign-in#a")
    assert (len(code.splitlines()) > 10) == is_drawn


def test_the_network_address_is_none_of_this_computer_alone(monkeypatch):
    assert not addresses.network_host().startswith("127.")
    monkeypatch.setattr(addresses, "_ELSEWHERE", ("127.0.0.1", 9))
    assert addresses.network_host() == addresses.socket.gethostname()
