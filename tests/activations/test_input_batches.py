"""Photos on the device are the photos of the store."""

import numpy as np
import torch

from core.activations.input_batches import cache_pixels_on_gpu, copy_pixels
from core.job.events import Prepared
from tests.fixtures.engine import InMemory

CPU = torch.device("cpu")


def store_of(photos: int) -> InMemory:
    return InMemory(16, np.arange(photos) % 3)


def run(steps):
    """Events of a generator, and what it returns."""
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return said, end.value


def test_every_photo_is_copied_whatever_the_number():
    store = store_of(300)  # more than one copy, and no whole number of them
    said, resident = run(copy_pixels(store, 300, CPU))
    rows = np.array([299, 0, 256, 255, 0])
    assert torch.equal(resident.read(rows), store.read(rows))
    assert (resident.side, resident.image_size, resident.note) == (store.side, store.image_size, store.note)
    assert [e.done for e in said if isinstance(e, Prepared)] == [256, 300]


def test_a_processor_keeps_the_store_as_it_is():
    store = store_of(3)
    assert run(cache_pixels_on_gpu(store, 3, CPU)) == ([], store)
