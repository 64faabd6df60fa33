"""What every request passes first: it names this computer, comes from Graft's own pages, and is framed by nobody."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.server.refusals import refuse

LOOPBACK = ("127.0.0.1", "::1")
START_PAGE = "/"
HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",  # the same for browsers of before
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def guard(app: ASGIApp, names: Collection[str]) -> ASGIApp:
    """An app that answers only what `refusal` has nothing against. names: of this computer, in lower case."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
        elif found := refusal(scope, names):
            status, sentence = found
            await refuse(status, sentence)(scope, receive, _with_headers(send))
        else:
            await app(scope, receive, _with_headers(send))

    return guarded


def refusal(scope: Scope, names: Collection[str]) -> tuple[int, str] | None:
    """The status and the sentence with which a request is refused; None where nothing speaks against it."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    own_address = scope["server"][0] if scope.get("server") else LOOPBACK[0]
    if not is_own_host(host, names, own_address):
        return 400, "Graft does not answer under this name. Open it at an address that it printed when it started."
    origin = headers.get("origin")
    # Its port, too: another program of this computer is not Graft.
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return 403, "Only Graft's own pages may ask for this."
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _opens_start_page(scope, headers):
        return 403, "The page of another site may open Graft's start page only."
    return None


def is_own_host(host: str, names: Collection[str], own_address: str) -> bool:
    """Whether a Host header means this computer: one of its names, or the very address at which it was reached.

    Any site can let its own name point here (DNS rebinding); the browser's requests then still carry that name. An
    address cannot be pretended: own_address is the end of the connection on which the request came.
    """
    try:
        parts = urlsplit(f"//{host}")
        name, _port = (parts.hostname or "").rstrip("."), parts.port  # reading the port checks it
    except ValueError:
        return False
    if parts.netloc != host or parts.username is not None or not name:
        return False
    return name in names or name in LOOPBACK or _is_same_address(name, own_address)


def _is_same_address(name: str, own_address: str) -> bool:
    try:
        return ip_address(name) == ip_address(own_address)
    except ValueError:
        return False


def _opens_start_page(scope: Scope, headers: Headers) -> bool:
    """Whether this is a link that was followed: the whole window becomes Graft, nothing is loaded into another page."""
    return (
        scope["path"] == START_PAGE
        and scope.get("method") in ("GET", "HEAD")
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
