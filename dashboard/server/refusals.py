"""How a request is refused: a sentence, for a person and for a program."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.routes.responses import NO_STORE, error_response

POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


def refuse(status: int, sentence: str) -> ASGIApp:
    """The sentence, plain where somebody reads it and {"error": sentence} elsewhere.

    A WebSocket is closed before it opens, which a browser sees as 403.
    """

    async def refused(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": sentence})
        elif is_read_by_a_person(scope):
            await PlainTextResponse(sentence, status, headers=NO_STORE)(scope, receive, send)
        else:
            await error_response(sentence, status)(scope, receive, send)

    return refused


def is_read_by_a_person(scope: Scope) -> bool:
    """Whether a browser asks for a page, and not a page for a part of it."""
    return scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", "")
