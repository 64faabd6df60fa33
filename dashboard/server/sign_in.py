"""The door of a shared Graft: who knows the pass-phrase gets a signed cookie, and only with it an answer."""

import hashlib
import html
import math
import re
import secrets
from pathlib import Path
from urllib.parse import parse_qs

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import theme
from dashboard.routes.responses import NO_STORE
from dashboard.routes.urls import SIGN_OUT_URL
from dashboard.server.pass_phrase import is_same_phrase
from dashboard.server.refusals import is_read_by_a_person, refuse
from dashboard.server.tries import Tries

SIGN_IN_URL = "/graft/sign-in"
# What the sign-in page itself needs, and by which a browser is opened once the server answers: it says "ok".
OPEN_TO_ALL = re.compile(r"/graft/fonts/[\w.-]+|/_stcore/health")
COOKIE_SECONDS = 7 * 24 * 3600
FORM_BYTES = 16_384
PAGE = Path(__file__).with_name("sign_in.html")
LOGO = Path(__file__).parents[2] / "assets" / "logo.svg"


class Door:
    """An ASGI app that lets through to another one who has signed in, and shows all others the sign-in page.

    Its key is new at each start, and with it all cookies: a pass-phrase is for one start.
    """

    def __init__(self, app: ASGIApp, pass_phrase: str) -> None:
        self._app = app
        self._pass_phrase = pass_phrase
        self._signer = TimestampSigner(secrets.token_bytes(32), digest_method=hashlib.sha256)
        self._tries = Tries()
        self._signed_out: set[str] = set()  # cookies; one could have been copied, or a tab could still be open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            answer = self._app
        elif scope["type"] == "http" and scope["path"] == SIGN_IN_URL:
            answer = await self._sign_in(Request(scope, receive))
        elif scope["type"] == "http" and scope["path"] == SIGN_OUT_URL:
            answer = self._sign_out(Request(scope))
        elif OPEN_TO_ALL.fullmatch(scope["path"]) or self._has_signed_in(HTTPConnection(scope)):
            answer = self._app
            if scope["type"] == "websocket":
                receive = self._until_signed_out(HTTPConnection(scope), receive)
        elif is_read_by_a_person(scope):
            answer = sign_in_page(back_to=_address_of(scope), status=401)
        else:
            answer = refuse(401, "Sign in to Graft first: open its start page.")
        await answer(scope, receive, send)

    def _has_signed_in(self, connection: HTTPConnection) -> bool:
        cookie = connection.cookies.get(_cookie_name(connection), "")
        try:
            self._signer.unsign(cookie, max_age=COOKIE_SECONDS)
        except BadSignature:
            return False
        return cookie not in self._signed_out

    def _sign_out(self, request: Request) -> Response:
        """End the browser's cookie, here too, and lead to the sign-in page."""
        if self._has_signed_in(request):
            self._signed_out.add(request.cookies[_cookie_name(request)])
        answer = RedirectResponse(SIGN_IN_URL, 303, headers=NO_STORE)
        answer.delete_cookie(_cookie_name(request), httponly=True, samesite="lax")
        return answer

    def _until_signed_out(self, connection: HTTPConnection, receive: Receive) -> Receive:
        """What a WebSocket gives, until its browser signs out: then no tab that is still open is listened to."""

        async def receive_or_end() -> Message:
            message = await receive()
            return message if self._has_signed_in(connection) else {"type": "websocket.disconnect", "code": 1008}

        return receive_or_end

    async def _sign_in(self, request: Request) -> Response:
        """GET shows the page; POST takes its form, with the fields pass_phrase and back_to."""
        if request.method != "POST":
            return sign_in_page()
        form = await _read_form(request)
        back_to = form.get("back_to", "/")
        # From here on nothing waits: tries sent at once are still counted one by one.
        address = request.client.host if request.client else ""
        if seconds := self._tries.seconds_to_wait(address):
            return sign_in_page(f"Too many tries. Wait {_in_words(seconds)}, then try again.", back_to, 429)
        if not is_same_phrase(form.get("pass_phrase", ""), self._pass_phrase):
            self._tries.add_wrong(address)
            return sign_in_page("This is not the pass-phrase. Who started Graft can read it there.", back_to, 403)
        self._tries.forget(address)
        answer = RedirectResponse(back_to if _is_own_page(back_to) else "/", 303, headers=NO_STORE)
        answer.set_cookie(
            _cookie_name(request),
            self._signer.sign(secrets.token_hex(8)).decode(),
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer


def sign_in_page(problem: str = "", back_to: str = "/", status: int = 200) -> Response:
    """The form. problem: a sentence about the try before. back_to: the address that was asked for."""
    nonce = secrets.token_urlsafe(12)
    page = PAGE.read_text(encoding="utf-8")
    values = {
        "nonce": nonce,
        "logo": LOGO.read_text(encoding="utf-8"),
        "colours": _colours(),
        "action": SIGN_IN_URL,
        "back_to": html.escape(back_to if _is_own_page(back_to) else "/", quote=True),
        "problem": html.escape(problem),
        "invalid": "true" if problem else "false",
    }
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    text = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], page)
    return HTMLResponse(text, status, headers=NO_STORE | {"Content-Security-Policy": policy})


def _colours() -> str:
    """Both themes as CSS variables, with the names of the theme's options."""
    options = theme.options()
    names = [name.removeprefix("theme.light.") for name in options if name.startswith("theme.light.")]
    return "".join(
        f"--{name}: light-dark({options[f'theme.light.{name}']}, {options[f'theme.dark.{name}']});"
        for name in names
        if isinstance(options[f"theme.light.{name}"], str)
    )


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each once; nothing where it is larger than a form can be."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    return {name: values[0] for name, values in fields.items()}


def _is_own_page(address: str) -> bool:
    """Whether it leads to a page of this server, and not by a trick of spelling to another one."""
    return re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,1000}", address) is not None


def _address_of(scope: Scope) -> str:
    query = scope["query_string"].decode("ascii", "replace")
    return scope["raw_path"].decode("ascii", "replace") + (f"?{query}" if query else "")


def _cookie_name(connection: HTTPConnection) -> str:
    """Cookies of a host go to all its ports: two Grafts of a computer keep theirs apart."""
    server = connection.scope.get("server") or ("", 0)
    return f"graft-{server[1]}"


def _in_words(seconds: float) -> str:
    return f"{math.ceil(seconds)} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
