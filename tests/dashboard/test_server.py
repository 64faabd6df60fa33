"""The server as a user starts it: in a process of its own."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.datasets import inbox
from core.errors import BadInput, Refused
from dashboard.server import server
from dashboard.server.server import LOCAL_ADDRESS, options

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[tuple[subprocess.Popen, str, Path]]:
    """The process, its address, and what it printed."""
    folder = tmp_path_factory.mktemp("server")
    log = folder / "log.txt"
    command = [
        sys.executable,
        "-m",
        "dashboard.server",
        "--port",
        "0",
        "--no-browser",
        "--home",
        str(folder / "home"),
    ]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    yield process, wait_for_address(process, log), log
    process.kill()


def wait_for_address(process: subprocess.Popen, log: Path, seconds: float = 90) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found and answers(found[0] + "/_stcore/health"):
            return found[0]
        time.sleep(0.1)
    raise RuntimeError(log.read_text())


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5)
    except OSError:
        return False
    return True


def status(address: str, host: str) -> int:
    try:
        return urllib.request.urlopen(urllib.request.Request(address, headers={"Host": host}), timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def test_it_says_in_one_line_where_it_is(running):
    _, address, log = running
    assert log.read_text().splitlines()[0] == f"Graft is at {address}. Ctrl-C ends it; nothing is lost."


def test_pages_and_routes_answer_under_its_own_names_only(running):
    _, address, _ = running
    port = address.rsplit(":", 1)[1]
    for path in ("/", "/graft/fonts/inter.woff2"):
        assert status(address + path, f"localhost:{port}") == 200
        assert status(address + path, "evil.example") == 400


def raw(address: str, *lines: str, end: str = "\r\n\r\n") -> bytes:
    """What the server answers to these lines, until it closes the connection."""
    with socket.create_connection((LOCAL_ADDRESS, int(address.rsplit(":", 1)[1])), 60) as opened:
        opened.sendall(("\r\n".join(lines) + end).encode())
        with opened.makefile("rb") as file:
            return file.read()


def test_its_socket_opens_for_its_own_port_only(running):
    _, address, _ = running
    host = address.removeprefix("http://")
    upgrade = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {'A' * 22}==",
    )
    for origin in ("http://localhost:1", "http://127.0.0.1:1", "http://0.0.0.0", "null", "http://evil.test"):
        answer = raw(address, "GET /_stcore/stream HTTP/1.1", f"Host: {host}", f"Origin: {origin}", *upgrade)
        assert answer.startswith(b"HTTP/1.1 403")


def test_an_empty_host_and_a_half_sent_request_are_not_answered(running):
    _, address, _ = running
    assert raw(address, "GET / HTTP/1.1", "Host:", "Connection: close").startswith(b"HTTP/1.1 400")
    assert raw(address, "GET / HTTP/1.1", "Host: localhost", end="\r\nX-Half: ") == b""


def test_pages_and_streamlits_own_answers_cannot_be_framed(running):
    _, address, _ = running
    for path in ("/", "/results", "/_stcore/health", "/_stcore/host-config"):
        answer = urllib.request.urlopen(address + path, timeout=10)
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"


def test_ctrl_c_ends_it_though_an_upload_hangs(running):  # the last one: it ends the server
    process, address, log = running
    with socket.create_connection((LOCAL_ADDRESS, int(address.rsplit(":", 1)[1]))) as upload:
        head = f"PUT /graft/uploads/{'0' * 32}/0?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"
        upload.sendall(head.encode())
        assert answers(address)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert "Traceback" not in log.read_text()
    assert "leaked" not in log.read_text()


def test_a_taken_port_leads_to_the_next_free_one():
    with socket.socket() as other:
        other.bind((LOCAL_ADDRESS, 0))
        other.listen()
        taken = other.getsockname()[1]
        assert taken < server.find_free_port(LOCAL_ADDRESS, taken) <= taken + server.MAX_PORTS_TRIED


def test_port_0_stays_the_systems_choice():
    assert server.find_free_port(LOCAL_ADDRESS, 0) == 0


@pytest.mark.parametrize("port", [-5, 65_536, 10**30])
def test_a_port_that_can_be_none_is_said(port):
    with pytest.raises(BadInput, match=f"There is no port {port}"):
        server.find_free_port(LOCAL_ADDRESS, port)


def test_no_free_port_at_all_is_said(monkeypatch):
    monkeypatch.setattr(server, "MAX_PORTS_TRIED", 1)
    with socket.socket() as other:
        other.bind((LOCAL_ADDRESS, 0))
        other.listen()
        with pytest.raises(Refused, match="--port"):
            server.find_free_port(LOCAL_ADDRESS, other.getsockname()[1])


def test_it_is_private_and_quiet():
    chosen = options(LOCAL_ADDRESS, 8501)
    assert chosen["server.address"] == "127.0.0.1"
    assert chosen["server.enableAgentApi"] is False
    assert chosen["client.showErrorDetails"] == "none"
    assert chosen["browser.gatherUsageStats"] is False


def test_the_inbox_is_swept_again_and_again():
    swept = []

    async def sweep_three_times() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            swept.append(1)
            if len(swept) == 3:
                loop.call_soon_threadsafe(done.set)

        sweeping = asyncio.create_task(server._repeat(work, seconds=0))
        await asyncio.wait_for(done.wait(), 60)
        sweeping.cancel()

    asyncio.run(sweep_three_times())
    assert len(swept) >= 3


def test_uploads_that_nobody_imported_go_after_a_day(home):
    old, new = home.inbox / ("a" * 32), home.inbox / ("b" * 32)
    for folder in (old, new):
        folder.mkdir()
    unsent = home.inbox / "export-1.zip"
    unsent.write_bytes(b"zip")
    for left in (old, unsent):
        os.utime(left, (0, 0))
    inbox.delete_expired(home)
    assert list(home.inbox.iterdir()) == [new]
