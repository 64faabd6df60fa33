"""The one server: pages, routes and the worker, on this computer alone unless it is shared on purpose.

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

from core.errors import BadInput, GraftError, Refused
from core.home import Home, open_home
from dashboard import theme
from dashboard.routes import routes
from dashboard.server.addresses import announcement, local_address, sign_in_link
from dashboard.server.bodies import bounded
from dashboard.server.connections import use_patient_protocol
from dashboard.server.guard import guard
from dashboard.server.index_html import IndexHtml
from dashboard.server.pass_phrase import choose_pass_phrase
from dashboard.server.shutdown import exit_now, shutdown_on_signal
from dashboard.server.sign_in import Door
from dashboard.shared import preload
from dashboard.shared.texts import show_error

APP = Path(__file__).parents[1] / "app.py"
LOCAL_ADDRESS, ANY_ADDRESS = "127.0.0.1", "0.0.0.0"
MAX_PORTS_TRIED = 50
LARGEST_PORT = 65_535
CLOSE_SECONDS = 4
MAX_UPLOAD_MEGABYTES = 50  # of a file that Streamlit keeps in memory: a plan, a photo to try
SWEEP_SECONDS = 3_600.0

log = logging.getLogger("graft")


def serve(home: Home, port: int = 8501, pass_phrase: str | None = None, open_browser: bool = True) -> None:
    """Show the dashboard until Ctrl-C, then end the process. port 0: the system chooses. pass_phrase: with it, other
    computers may use it, too; without one, they cannot reach it.

    Raises BadInput for no port, Refused when none is free.
    """
    share = pass_phrase is not None
    os.environ["GRAFT_HOME"] = str(home.root)  # the pages find the same home there
    address = ANY_ADDRESS if share else LOCAL_ADDRESS
    free = find_free_port(address, port)
    if port and free != port:
        print(f"Port {port} is taken by another program; using {free} instead.", flush=True)
    app = st.App(
        APP,
        routes=routes(home),
        lifespan=_lifespan(home, pass_phrase, open_browser),
        middleware=_middleware(pass_phrase),
        on_script_error=_show_script_error,
    )
    use_patient_protocol()
    status = 0
    try:
        app.run(config=options(address, free))
    except KeyboardInterrupt:
        pass  # the server passes the signal on once it has closed
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    exit_now(status)


def options(address: str, port: int) -> dict[str, Any]:
    """Streamlit's configuration: private, quiet, and with Graft's look."""
    return {
        "server.address": address,
        "server.port": port,
        "server.allowedHosts": [],  # guard.py knows them, with the addresses that come and go
        "server.enableAgentApi": False,  # whatever a configuration of the user's says for other programs
        "client.showErrorDetails": "none",
        "server.maxUploadSize": MAX_UPLOAD_MEGABYTES,
        "server.headless": True,  # it would open the browser before the server answers
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "logger.hideWelcomeMessage": True,
        **theme.options(),
    }


def _middleware(pass_phrase: str | None) -> list[Middleware]:
    """What a request passes before pages and routes, in this order."""
    door = [] if pass_phrase is None else [Middleware(Door, pass_phrase=pass_phrase)]
    return [
        Middleware(guard, names=own_names(pass_phrase is not None)),
        Middleware(bounded),
        *door,
        Middleware(IndexHtml),
    ]


def own_names(share: bool) -> frozenset[str]:
    """The names, in lower case, under which a browser may ask for Graft."""
    if not share:
        return frozenset({"localhost"})
    host = socket.gethostname().lower().rstrip(".")
    short = host.split(".")[0]
    return frozenset({"localhost", host, short, f"{short}.local"} - {"", ".local"})


def find_free_port(address: str, wanted: int) -> int:
    """The wanted port, or the first free one after it; 0 stays 0. Raises BadInput for none, Refused."""
    if not 0 <= wanted <= LARGEST_PORT:
        raise BadInput(f"There is no port {wanted}.", f"Choose one up to {LARGEST_PORT:,} with --port; 0 is any.")
    for port in range(wanted, min(wanted + MAX_PORTS_TRIED, LARGEST_PORT + 1)):
        with socket.socket() as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                return wanted if wanted == 0 else port
            except OSError:
                continue
    raise Refused(f"Port {wanted} and the {MAX_PORTS_TRIED} after it are taken.", "Choose another with --port.")


def _lifespan(
    home: Home, pass_phrase: str | None, open_browser: bool
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """What starts and ends with the server: the worker, and the loading of torch."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        from core.datasets import inbox  # loads pandas, which `python -m dashboard.server --help` does not need

        sweeping = asyncio.create_task(_repeat(lambda: inbox.delete_expired(home), SWEEP_SECONDS))
        workers: list[Any] = []  # one, as soon as it can be loaded

        def close(seconds: float) -> None:
            for worker in workers:
                worker.close(seconds)

        preload.start_preload(on_loaded=lambda: workers.append(_start_worker(home)))
        shutdown_on_signal(close)
        _announce(pass_phrase, open_browser)
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.to_thread(close, CLOSE_SECONDS)

    return lifespan


async def _repeat(work: Callable[[], None], seconds: float) -> None:
    """Do it at once, on a thread, and again each time that so many seconds have passed."""
    while True:
        await asyncio.to_thread(work)
        await asyncio.sleep(seconds)


def _start_worker(home: Home) -> Any:
    from core.execution import Worker  # loads torch: on the preload thread, once the first page is shown

    worker = Worker(home)
    worker.start()
    return worker


def _announce(pass_phrase: str | None, open_browser: bool) -> None:
    port = st.get_option("server.port")
    print(announcement(port, pass_phrase), flush=True)
    if open_browser:
        address = local_address(port)
        link = address if pass_phrase is None else sign_in_link(address, pass_phrase)
        threading.Thread(target=_open_browser_when_ready, args=(address, link), daemon=True).start()


def _open_browser_when_ready(address: str, link: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address + "/_stcore/health", timeout=5):
                webbrowser.open(link)
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)


def _show_script_error(error: Exception) -> bool:
    """Show a sentence in place of a page that failed; the traceback goes to the log."""
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
    parser.add_argument(
        "--share-on-network", action="store_true", help="other computers may use it, with a pass-phrase"
    )
    parser.add_argument("--pass-phrase", default=os.environ.get("GRAFT_PASS_PHRASE"), help="made up if not given")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    arguments = parser.parse_args()
    try:
        pass_phrase = choose_pass_phrase(arguments.share_on_network, arguments.pass_phrase)
        serve(open_home(arguments.home), arguments.port, pass_phrase, not arguments.no_browser)
    except GraftError as error:
        raise SystemExit(str(error)) from error
