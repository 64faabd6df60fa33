"""Answers that several routes give."""

from starlette.responses import JSONResponse

FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
FRESH = {"Cache-Control": "no-store"}


def refusal(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, headers=FRESH)
