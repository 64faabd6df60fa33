"""Photos of any number and size go to disk as they arrive; the server's memory stays flat."""

from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import DiskFull
from core.home import Home, free_bytes
from dashboard.routes import convertors  # noqa: F401  (registers {...:number})
from dashboard.routes.responses import NO_STORE, error_response

UPLOADS_URL = "/graft/uploads"
FILE_LIMIT = 20 * 10**9  # bytes
FREE_BYTES_KEPT = 200 * 10**6  # bytes that stay free: a full system disk breaks more than an upload


class _TooLarge(Exception):
    """The file is larger than FILE_LIMIT."""


async def receive_upload(home: Home, request: Request) -> Response:
    """PUT /graft/uploads/{folder}/{number}?name=... : one file, kept under its number; its name stands beside it.

    A name is never a path here: who imports the folder reads it as words.
    """
    from core.datasets import inbox  # loaded by now, and at the top it would keep the server from answering

    folder, number = request.path_params["folder"], request.path_params["number"]
    name = request.query_params.get("name", "")
    if not inbox.is_folder_name(folder) or number >= inbox.MOST_FILES or not 0 < len(name) <= inbox.LONGEST_NAME:
        return error_response("not a file of an upload", 400)
    announced = int(request.headers.get("content-length", "0"))
    if announced > FILE_LIMIT:
        return error_response("it is larger than 20 GB", 413)
    if announced + FREE_BYTES_KEPT > free_bytes(home.inbox):
        return error_response("the disk is full; free some room and try again", 507)
    size = 0
    try:
        with inbox.receive_file(home.inbox / folder, number, name) as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > FILE_LIMIT:
                    raise _TooLarge
                file.write(chunk)
    except ClientDisconnect:
        return error_response("the connection was lost", 400)
    except DiskFull:
        return error_response("the disk is full; free some room and try again", 507)
    except _TooLarge:
        return error_response("it is larger than 20 GB", 413)
    return JSONResponse({"size": size}, headers=NO_STORE)


def routes(home: Home) -> list[Route]:
    return [Route(UPLOADS_URL + "/{folder}/{number:number}", partial(receive_upload, home), methods=["PUT"])]
