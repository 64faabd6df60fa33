"""A download that can be watched, stopped and given up, around torchvision's, which can be neither."""

import tarfile
import threading
import time
import zipfile
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from core.datasets.public.catalogue import PublicSet
from core.datasets.public.readers import Reader
from core.datasets.sources.labeled_photos import LabeledPhoto
from core.errors import NotReachable
from core.home import Progress

POLL_SECONDS = 0.5
STALL_SECONDS = 60


class _Stopped(Exception):
    """Whoever waited for the download no longer does."""


@dataclass
class _Download:
    """How far it is, written by the thread that downloads. bytes: of all files so far. moved: when the last came."""

    bytes: int = 0
    moved: float = field(default_factory=time.monotonic)
    unpacking: bool = False
    stopped: bool = False


_here = threading.local()  # the _Download of this thread


class _Bar:
    """In place of torchvision's progress bar: says how far the download is, and ends one that nobody waits for."""

    def __init__(self, *_: object, **__: object) -> None:
        self.download = getattr(_here, "download", _Download())

    def __enter__(self) -> "_Bar":
        self.download.unpacking = False
        return self

    def __exit__(self, *_: object) -> None:
        self.download.unpacking = True

    def update(self, count: int) -> None:
        self.download.bytes += count
        self.download.moved = time.monotonic()
        if self.download.stopped:
            raise _Stopped


def fetch(chosen: PublicSet, read: Reader, folder: Path, progress: Progress) -> list[LabeledPhoto]:
    """What the set holds, once it lies in `folder`. Raises NotReachable, and OSError when the disk is full."""
    result: Future[list[LabeledPhoto]] = Future()
    download = _Download()
    # A thread of its own: torchvision waits for a silent server forever.
    work = threading.Thread(target=_work, args=(read, folder, download, result), daemon=True, name=f"get-{chosen.id}")
    work.start()
    try:
        return _watch(chosen, download, result, progress)
    except (URLError, TimeoutError, ConnectionError, SSLError, HTTPException) as error:
        raise _not_reachable(chosen, _in_words(error)) from error
    except (RuntimeError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        # torchvision says so by RuntimeError: the sum of what arrived is not the sum it should have.
        raise _not_reachable(chosen, "what arrived is damaged or incomplete") from error
    finally:
        download.stopped = True


def _work(read: Reader, folder: Path, download: _Download, result: Future[list[LabeledPhoto]]) -> None:
    _here.download = download
    try:
        # Here and not above: with torch it takes seconds to load, and listing the sets needs neither.
        from torchvision.datasets import utils

        utils.tqdm = _Bar
        result.set_result(list(read(folder)))
    except BaseException as error:  # handed to the waiting thread, which knows what each one means
        result.set_exception(error)


def _watch(
    chosen: PublicSet, download: _Download, result: Future[list[LabeledPhoto]], progress: Progress
) -> list[LabeledPhoto]:
    megabytes = chosen.bytes // 1_000_000
    while wait([result], timeout=POLL_SECONDS).not_done:
        done = min(download.bytes // 1_000_000, megabytes)
        progress(done, megabytes, "Unpacking" if download.unpacking else "Downloading, in MB")
        if not download.unpacking and time.monotonic() - download.moved > STALL_SECONDS:
            raise TimeoutError
    return result.result()


def _in_words(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, TimeoutError):
        return "the server stopped answering"
    return "there is no connection to the server"


def _not_reachable(chosen: PublicSet, reason: str) -> NotReachable:
    return NotReachable(
        f"{chosen.title} could not be fetched from {urlsplit(chosen.url).hostname}: {reason}.",
        "Check the network and try again, or begin with a sample or photos of your own.",
    )
