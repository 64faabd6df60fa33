"""Requests that never end, over real sockets to a server of this process."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from dashboard.server import bodies, connections
from dashboard.server.bodies import STREAMLIT_UPLOADS, bounded
from dashboard.server.connections import PatientProtocol, is_too_many

SECONDS = 60  # until a test gives up: what ends, ends in less than one


async def size_of_body(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def talk(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.receive_text()


@pytest.fixture
def address(monkeypatch) -> Iterator[tuple[str, int]]:
    """Where a server with Graft's protocol and its limits on bodies answers; it waits for half a second."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(bodies, "SILENCE_SECONDS", 0.5)
    routes = [Route("/{rest:path}", size_of_body, methods=["GET", "PUT"]), WebSocketRoute("/stream", talk)]
    app = Starlette(routes=routes, middleware=[Middleware(bounded)])
    with serving(app) as found:
        yield found


@contextlib.contextmanager
def serving(app) -> Iterator[tuple[str, int]]:
    server = uvicorn.Server(uvicorn.Config(app, http=PatientProtocol, ws="websockets-sansio", log_level="critical"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join(SECONDS)


@pytest.fixture
def connect(address) -> Iterator[Callable[[bytes], socket.socket]]:
    """connect(b"GET ...") opens a connection and sends that."""
    with contextlib.ExitStack() as stack:

        def connect(content: bytes) -> socket.socket:
            opened = stack.enter_context(socket.create_connection(address, SECONDS))
            opened.sendall(content)
            return opened

        yield connect


def read_all(opened: socket.socket) -> bytes:
    """What comes until the server closes; fails where it does not."""
    with contextlib.suppress(ConnectionResetError), opened.makefile("rb") as file:
        return file.read()
    return b""


PUT = b"PUT /x HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Drip: "])
def test_a_half_sent_head_ends(connect, sent):
    assert read_all(connect(sent)) == b""


def test_300_half_sent_heads_end_and_others_are_answered_meanwhile(connect):
    opened = [connect(b"GET / HTTP/1.1\r\nHost:") for _ in range(300)]
    whole = connect(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert read_all(whole).startswith(b"HTTP/1.1 200")
    assert all(read_all(each) == b"" for each in opened)


def test_letters_that_drip_do_not_lengthen_the_wait(connect):
    opened = connect(b"GET / HTTP/1.1\r\nX: ")
    with contextlib.suppress(ConnectionError):
        for _ in range(200):  # at most 20 s
            opened.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                if opened.recv(1) == b"":
                    return
            opened.sendall(b"x")
        pytest.fail("it still waits")


def test_a_second_request_that_stays_half_ends_too(connect):
    opened = connect(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT")
    answer = read_all(opened)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_body_that_stops_in_the_middle_is_ended_with_a_sentence(connect):
    answer = read_all(connect(PUT + b"Content-Length: 100\r\n\r\nabc"))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"Nothing arrived for a minute." in answer


def test_an_answer_that_takes_longer_than_any_wait_is_given(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(bodies, "SILENCE_SECONDS", 0.05)

    async def answer_late(scope, receive, send):
        await Request(scope, receive).body()
        await asyncio.to_thread(threading.Event().wait, 0.5)
        await PlainTextResponse("at last")(scope, receive, send)

    with serving(bounded(answer_late)) as address, socket.create_connection(address, SECONDS) as opened:
        opened.sendall(PUT + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")
        assert read_all(opened).endswith(b"at last")


def test_a_websocket_stays_open_though_nothing_is_said(address, connect):
    head = (
        b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    opened, other = connect(head), connect(b"GET / HT")
    assert opened.recv(12) == b"HTTP/1.1 101"
    assert read_all(other) == b""  # by now the wait for a head is over
    opened.sendall(b"\x89\x80\0\0\0\0")  # a ping is answered
    received = b""
    while b"\x8a\0" not in received:
        received += opened.recv(1_000)


# Sizes


@pytest.mark.parametrize("head", [b"Content-Length: 70000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n11170\r\n"])
def test_a_body_that_is_no_file_is_small(connect, head):
    answer = read_all(connect(PUT + head + b"x" * 70_000 + b"\r\n0\r\n\r\n"))
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")  # reset where it was still being sent


def test_a_small_body_arrives_whole(connect):
    answer = read_all(connect(PUT + b"Content-Length: 60000\r\nConnection: close\r\n\r\n" + b"x" * 60_000))
    assert answer.endswith(b"60000")


def test_a_file_that_streamlit_keeps_in_memory_needs_room_there(connect, monkeypatch):
    monkeypatch.setattr(bodies.psutil, "virtual_memory", lambda: SimpleNamespace(available=10**6))
    head = f"PUT {STREAMLIT_UPLOADS}a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc".encode()
    answer = read_all(connect(head))
    assert answer.startswith(b"HTTP/1.1 507")
    assert b"memory of the computer is full" in answer


# How many


def peers(**counts: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(client=(name, 1)) for name, count in counts.items() for _ in range(count)]


def test_one_computer_cannot_take_all_connections_and_this_one_always_gets_in():
    most = connections.MOST_FROM_ONE
    assert not is_too_many(("a", 1), peers(a=most), 480)
    assert is_too_many(("a", 1), peers(a=most + 1), 480)
    assert not is_too_many(("b", 1), peers(a=most + 1, b=1), 480)
    assert is_too_many(("b", 1), peers(a=50, b=50), 99)
    assert not is_too_many(("127.0.0.1", 1), peers(a=500, b=500), 480)
    assert not is_too_many(None, peers(a=500), 480)
