"""Bodies of requests that end: by their size, by the memory that is left, and by silence."""

import asyncio

import psutil
import streamlit as st
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.routes import UPLOADS_URL
from dashboard.server.refusals import refuse

SILENCE_SECONDS = 60.0  # in which nothing of a body arrives: a phone that was put away, or somebody who holds the line
SMALL_BYTES = 65_536  # of all bodies but files: forms
STREAMLIT_UPLOADS = "/_stcore/upload_file/"
MEMORY_KEPT = 500 * 10**6  # bytes that stay free: Streamlit keeps such files in memory
_MEGABYTE = 2**20


def bounded(app: ASGIApp) -> ASGIApp:
    """An app whose requests have bodies of a bounded size that go on arriving. Photos have limits of their own
    (dashboard/routes/uploads.py)."""

    async def bounded_app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "content-length" not in headers and "transfer-encoding" not in headers:
            await app(scope, receive, send)
            return
        limit = body_limit(scope["path"])
        announced = headers.get("content-length", "0")
        if limit is not None and int(announced) > limit:
            await refuse(413, "This is larger than Graft takes.")(scope, receive, send)
            return
        body = _Body(receive, limit, in_memory=scope["path"].startswith(STREAMLIT_UPLOADS))
        try:
            await app(scope, body.receive, send)
        except ClientDisconnect:
            status, sentence = body.refusal or (400, "The connection was lost.")
            await refuse(status, sentence)(scope, receive, send)

    return bounded_app


def body_limit(path: str) -> int | None:
    """Bytes that a body may have; None where the route itself says it."""
    if path.startswith(UPLOADS_URL + "/"):
        return None
    if path.startswith(STREAMLIT_UPLOADS):
        return (st.get_option("server.maxUploadSize") + 1) * _MEGABYTE  # and one for the form around the file
    return SMALL_BYTES


class _Body:
    """What arrives of one body. refusal: why it was ended; the app then sees a lost connection."""

    def __init__(self, receive: Receive, limit: int | None, in_memory: bool) -> None:
        self._receive = receive
        self._limit = limit
        self._in_memory = in_memory
        self._arrived = 0
        self._is_complete = False
        self.refusal: tuple[int, str] | None = None

    async def receive(self) -> Message:
        if self._is_complete:  # who asks further waits for the end of the connection, as long as the answer takes
            return await self._receive()
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                message = await self._receive()
        except TimeoutError:
            return self._end(408, "Nothing arrived for a minute.")
        self._arrived += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._limit is not None and self._arrived > self._limit:
            return self._end(413, "This is larger than Graft takes.")
        if self._in_memory and psutil.virtual_memory().available < MEMORY_KEPT:
            return self._end(507, "The memory of the computer is full. Close other tabs, then try again.")
        return message

    def _end(self, status: int, sentence: str) -> Message:
        self._is_complete, self.refusal = True, (status, sentence)
        return {"type": "http.disconnect"}
