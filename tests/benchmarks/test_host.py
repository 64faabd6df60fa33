"""What surrounds the network in a step does not grow with the batch: no operation is made for each photo."""

import pytest

from benchmarks.host import AUGMENTATIONS, Share, measure, share_table
from core.home import Home


@pytest.mark.parametrize("name", ["none", "crop, flip, turn, colour", "with erasing"])
def test_a_large_batch_takes_as_many_operations_as_a_small_one(home: Home, name: str):
    small, large = (measure(home, AUGMENTATIONS[name], batch, steps=1).operations for batch in (16, 64))
    assert large == small > 10


def test_the_table_has_a_row_for_each_measurement():
    table = share_table({("none", 32): Share(90.0, 1200.0)})
    assert table.rows == [("none", 32, 90.0, 1200.0)]
