"""Memory that was freed is used again, and can be given back."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

COUNTING = """
import resource, threading
import {first}
import torch

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

found = []
def work():
    faults()
    found.append(faults())

thread = threading.Thread(target=work)
thread.start()
thread.join()
print(found[0])
"""
HELD = """
import core, torch, psutil
from core.allocator import return_freed_memory

held = lambda: psutil.Process().memory_info().rss
large, pinned = torch.ones(64_000_000), None
pinned = torch.ones(64_000)  # lies behind it, so that the heap's end cannot simply fall back
del large
before = held()
return_freed_memory()
print(before - held())
"""
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system's ways are kept")


def _said(code: str) -> int:
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


@only_linux
def test_a_tensor_that_was_freed_makes_room_for_the_next_one_also_in_a_thread():
    pages = 10 * 16_000_000 * 4 // 4096
    assert _said(COUNTING.format(first="os")) > pages / 2  # as the system does it
    assert _said(COUNTING.format(first="core")) < pages / 100


@only_linux
def test_what_is_kept_can_be_given_back():
    assert _said(HELD) > 200_000_000
