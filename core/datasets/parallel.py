"""A function mapped over many items by all cores: for work that releases the GIL, as Pillow's and NumPy's does."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

WORKERS = os.cpu_count() or 1
Thing = TypeVar("Thing")
Made = TypeVar("Made")


def in_order(
    work: Callable[[Thing], Made], things: Iterable[Thing], ahead: int = 4 * WORKERS
) -> Generator[Made, None, None]:
    """`work` of each, in order, with at most `ahead` results waiting: memory stays small, and closing it ends it soon.

    Workers go on while the caller works with what it got.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="in-order") as pool:
        try:
            for thing in things:
                waiting.append(pool.submit(work, thing))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
