"""Photos of any number and size go to disk as they arrive; the server's memory stays flat."""

import json
import re
import secrets
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import DiskFull
from core.home import Home, free_bytes, no_room_is_disk_full
from dashboard.routes.answers import FRESH, refusal

UPLOADS_URL = "/graft/uploads"
FILE_LIMIT = 20 * 10**9  # bytes
FILES_LIMIT = 1_000_000
NAME_LIMIT = 1_024  # characters
ROOM_LEFT = 200 * 10**6  # bytes that stay free: a full system disk breaks more than an upload
_FOLDER = re.compile(r"[0-9a-f]{32}")


async def receive(home: Home, request: Request) -> Response:
    """PUT /graft/uploads/{folder}/{number}?name=... : one file, kept under its number; its name stands beside it.

    A name is never a path here: who imports the folder reads it as words.
    """
    # Another site's page cannot forge this: a PUT across sites needs a permission that is never given, and browsers
    # say where a request comes from.
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return refusal("only Graft's own pages can send photos", 403)
    folder, number = request.path_params["folder"], request.path_params["number"]
    name = request.query_params.get("name", "")
    if not _FOLDER.fullmatch(folder) or number >= FILES_LIMIT or not 0 < len(name) <= NAME_LIMIT:
        return refusal("not a file of an upload", 400)
    announced = int(request.headers.get("content-length", "0"))
    if announced > FILE_LIMIT:
        return refusal("it is larger than 20 GB", 413)
    if announced + ROOM_LEFT > free_bytes(home.inbox):
        return refusal("the disk is full; free some room and try again", 507)
    try:
        size = await _write(home, folder, number, name, request)
    except ClientDisconnect:
        return refusal("the connection was lost", 400)
    except DiskFull:
        return refusal("the disk is full; free some room and try again", 507)
    if size > FILE_LIMIT:
        return refusal("it is larger than 20 GB", 413)
    return JSONResponse({"size": size}, headers=FRESH)


async def _write(home: Home, folder: str, number: int, name: str, request: Request) -> int:
    """Bytes received; past FILE_LIMIT nothing is kept. Raises DiskFull, ClientDisconnect."""
    place = home.inbox / folder
    part = place / f".{number}-{secrets.token_hex(4)}"
    size = 0
    try:
        with no_room_is_disk_full(place / str(number)):
            place.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > FILE_LIMIT:
                        return size
                    file.write(chunk)
            (place / f"{number}.json").write_text(json.dumps({"name": name}), encoding="utf-8")
            part.replace(place / str(number))
    finally:
        part.unlink(missing_ok=True)
    return size


def routes(home: Home) -> list[Route]:
    return [Route(UPLOADS_URL + "/{folder}/{number:int}", partial(receive, home), methods=["PUT"])]
