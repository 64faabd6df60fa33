"""The server as a user starts it: in a process of its own."""

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
