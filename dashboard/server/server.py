"""The one server: pages, routes and the runner, on this computer alone unless it is shared on purpose.

python -m dashboard.server --port 8501 --home ~/graft
"""

import argparse
import asyncio
import logging
import os
import socket
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from core.errors import GraftError, Refused
from core.home import Home, open_home
from dashboard import theme
from dashboard.routes import routes
from dashboard.server.shutdown import leave, shutdown_on_signal
from dashboard.shared import preload
from dashboard.shared.texts import show_error

APP = Path(__file__).parents[1] / "app.py"
OWN_ADDRESS, EVERY_ADDRESS = "127.0.0.1", "0.0.0.0"
# A page of another site can make its own name point to 127.0.0.1 (DNS rebinding); its requests then still say that
# name. So only these are answered.
OWN_HOSTS = ["127.0.0.1", "localhost"]
PORTS_TRIED = 50
CLOSING_SECONDS = 4

log = logging.getLogger("graft")


def serve(home: Home, port: int = 8501, share: bool = False, open_browser: bool = True) -> None:
    """Show the dashboard until Ctrl-C, then end the process. port 0: the system chooses. share: other computers may
    reach it, too.

    Raises Refused when no port is free.
    """
    os.environ["GRAFT_HOME"] = str(home.root)  # the pages find the same home there
    address = EVERY_ADDRESS if share else OWN_ADDRESS
    free = _free_port(address, port)
    if port and free != port:
        print(f"Port {port} is taken by another program; using {free} instead.", flush=True)
    hosts = ["*"] if share else OWN_HOSTS
    app = st.App(
        APP,
        routes=routes(home),
        lifespan=_life(home, share, open_browser),
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        on_script_error=_went_wrong,
    )
    status = 0
    try:
        app.run(config=options(address, free, hosts))
    except KeyboardInterrupt:
        pass  # the server passes the signal on once it has closed
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    leave(status)


def options(address: str, port: int, hosts: list[str]) -> dict[str, Any]:
    """Streamlit's configuration: private, quiet, and with Graft's look."""
    return {
        "server.address": address,
        "server.port": port,
        "server.allowedHosts": hosts,
        "server.headless": True,  # it would open the browser before the server answers
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "logger.hideWelcomeMessage": True,
        **theme.options(),
    }


def _free_port(address: str, wanted: int) -> int:
    """The wanted port, or the first free one after it; 0 stays 0. Raises Refused."""
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        with socket.socket() as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                return wanted if wanted == 0 else port
            except OSError:
                continue
    raise Refused(f"Port {wanted} and the {PORTS_TRIED} after it are taken.", "Choose another with --port.")


def _life(home: Home, share: bool, open_browser: bool) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """What begins and ends with the server: the runner, and the loading of torch."""

    @asynccontextmanager
    async def life(_app: Any) -> AsyncIterator[None]:
        from core.datasets import inbox  # loads pandas, which `python -m dashboard.server --help` does not need

        inbox.delete_expired(home)
        runners: list[Any] = []  # one, as soon as it can be loaded

        def close(seconds: float) -> None:
            for runner in runners:
                runner.close(seconds)

        preload.start_preload(on_loaded=lambda: runners.append(_start_runner(home)))
        shutdown_on_signal(close)
        _announce(share, open_browser)
        try:
            yield
        finally:
            await asyncio.to_thread(close, CLOSING_SECONDS)

    return life


def _start_runner(home: Home) -> Any:
    from core.execution import Worker  # loads torch: on the preload thread, once the first page is shown

    runner = Worker(home)
    runner.start()
    return runner


def _announce(share: bool, open_browser: bool) -> None:
    port = st.get_option("server.port")
    address = f"http://{OWN_ADDRESS}:{port}"
    others = f", and at http://{socket.gethostname()}:{port} for other computers of this network" if share else ""
    print(f"Graft is at {address}{others}. Ctrl-C ends it; nothing is lost.", flush=True)
    if open_browser:
        threading.Thread(target=_open_when_it_answers, args=(address,), daemon=True).start()


def _open_when_it_answers(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address + "/_stcore/health", timeout=5):
                webbrowser.open(address)
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)


def _went_wrong(error: Exception) -> bool:
    """The last net under every page: a sentence instead of a traceback, which the log has."""
    if isinstance(error, GraftError):
        show_error(error)
        return True
    log.exception("a page failed", exc_info=error)
    st.error(
        "**Something went wrong inside Graft.** Nothing is lost; reload the page. The window in which Graft was "
        "started says more.",
        icon=":material/error:",
    )
    return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboard.server", description="Show Graft's dashboard.")
    parser.add_argument("--port", type=int, default=8501, help="0 lets the system choose")
    parser.add_argument("--home", help="the folder that holds everything (else GRAFT_HOME)")
    parser.add_argument("--share-on-network", action="store_true", help="other computers may reach it, too")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    given = parser.parse_args()
    try:
        serve(open_home(given.home), given.port, given.share_on_network, not given.no_browser)
    except GraftError as error:
        raise SystemExit(str(error)) from error
