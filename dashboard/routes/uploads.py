"""Photos of any number and size go to disk as they arrive; the server's memory stays flat."""

import asyncio
import time
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import DiskFull, Refused
from core.home import Home, free_bytes
from dashboard.routes import convertors  # noqa: F401  (registers {...:number})
from dashboard.routes.responses import NO_STORE, error_response

UPLOADS_URL = "/graft/uploads"
FILE_LIMIT = 20 * 10**9  # bytes
WAITING_LIMIT = 200 * 2**30  # bytes of all uploads that are not imported yet: what one import may hold
FREE_BYTES_KEPT = 200 * 10**6  # bytes that stay free: a full system disk breaks more than an upload
CHECKED_BYTES = 4 * 10**6  # that arrive between two looks at the disk
RECOUNT_SECONDS = 10.0


class _TooLarge(Exception):
    """The file is larger than FILE_LIMIT."""


class Room:
    """The room that uploads still have: on the disk, and within WAITING_LIMIT.

    Asked as each file begins and again while it arrives: a length that is announced may be wrong, or none, and many
    may arrive at once.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._whole: int | None = None  # bytes of whole files, as last counted, and those that were added since
        self._counted_at = 0.0
        self._arriving = 0

    async def check(self, expected: int = 0) -> None:
        """expected: bytes that are still to come. Raises DiskFull, Refused."""
        if expected + FREE_BYTES_KEPT > free_bytes(self._home.inbox):
            raise DiskFull("the disk is full; free some room and try again")
        # What was imported or swept meanwhile is known by counting anew only, which takes a while.
        outdated = time.monotonic() - self._counted_at > RECOUNT_SECONDS
        if self._whole is None or (self._is_too_much(expected) and outdated):
            await self._count()
        if self._is_too_much(expected):
            raise Refused("too many photos wait to be imported; import or cancel the others first")

    def add(self, count: int) -> None:
        """Note bytes of a file that arrives."""
        self._arriving += count

    def settle(self, size: int, is_whole: bool) -> None:
        """Note that a file arrives no more: all of it is there, or all of it is gone."""
        self._arriving -= size
        if is_whole and self._whole is not None:
            self._whole += size

    async def _count(self) -> None:
        from core.datasets import inbox  # loaded by now

        self._whole, self._counted_at = await asyncio.to_thread(inbox.waiting_bytes, self._home), time.monotonic()

    def _is_too_much(self, expected: int) -> bool:
        return (self._whole or 0) + self._arriving + expected > WAITING_LIMIT


async def receive_upload(home: Home, room: Room, request: Request) -> Response:
    """PUT /graft/uploads/{folder}/{number}?name=...&label=...&task=... : one file, kept under its number; its name
    stands beside it, and what a person said that it shows.

    A name is never a path here: who imports the folder reads it as words. Another site's page cannot send one: a PUT
    across sites needs a permission that is never given, and the server's guard refuses foreign origins.
    """
    from core.datasets import inbox  # loaded by now, and at the top it would keep the server from answering

    folder, number = request.path_params["folder"], request.path_params["number"]
    name = request.query_params.get("name", "")
    if not inbox.is_folder_name(folder) or number >= inbox.MOST_FILES or not 0 < len(name) <= inbox.LONGEST_NAME:
        return error_response("not a file of an upload", 400)
    label, task = request.query_params.get("label", ""), request.query_params.get("task", "")
    if max(len(label), len(task)) > inbox.LONGEST_NAME:
        return error_response("no name of a class is as long as that", 400)
    announced = int(request.headers.get("content-length", "0"))
    if announced > FILE_LIMIT:
        return error_response("it is larger than 20 GB", 413)
    size = checked = 0
    is_whole = False
    try:
        await room.check(announced)
        with inbox.receive_file(home.inbox / folder, number, name, {task: label} if label else None) as file:
            async for chunk in request.stream():
                size += len(chunk)
                room.add(len(chunk))
                if size > FILE_LIMIT:
                    raise _TooLarge
                if size - checked > CHECKED_BYTES:
                    await room.check(max(0, announced - size))
                    checked = size
                file.write(chunk)
        is_whole = True
    except ClientDisconnect:
        return error_response("the connection was lost", 400)
    except DiskFull:
        return error_response("the disk is full; free some room and try again", 507)
    except _TooLarge:
        return error_response("it is larger than 20 GB", 413)
    except Refused as error:
        return error_response(str(error), 507)
    finally:
        room.settle(size, is_whole)
    return JSONResponse({"size": size}, headers=NO_STORE)


def routes(home: Home) -> list[Route]:
    return [
        Route(UPLOADS_URL + "/{folder}/{number:number}", partial(receive_upload, home, Room(home)), methods=["PUT"])
    ]
