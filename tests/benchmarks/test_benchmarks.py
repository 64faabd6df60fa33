"""What the benchmarks compute from what they measured. How fast anything is, no test says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.contenders.work import Times
from benchmarks.experiment import time_alternately
from benchmarks.memory import Memory, ProcessTreePeak
from benchmarks.report import Table, describe_machine, save_report, to_markdown
from benchmarks.speed_tables import GRAFT, Compared, Measured, Row, cost_table, limit_table, result_table
from benchmarks.synthetic_photos import make_photos

RUN = Row("head only, 5 epochs", "head", 5)
EPOCH = Row("full fine-tuning", "all", 3, by_epoch=True)


def measured(setup: float, *epochs: float, training: float = 1.0) -> Measured:
    return Measured(Times(setup, list(epochs), [training] * len(epochs)), Memory(own=200_000_000, mapped=50_000_000))


def compared(row: Row, graft: Measured, **peers: Measured) -> Compared:
    limits = {"fp32": [70.0, 90.0, 80.0], "fp32 channels-last": [100.0]}
    return Compared(row, {GRAFT: [graft], **{name: [each] for name, each in peers.items()}}, limits)


def test_epochs_that_were_not_run_count_as_those_after_the_first():
    assert measured(2.0, 9.0, 4.0).seconds(RUN) == 2 + 9 + 4 + 3 * 4


def test_a_row_that_compares_epochs_leaves_the_first_one_out():
    assert measured(2.0, 9.0, 4.0, 6.0).seconds(EPOCH) == 5


def test_the_best_peer_is_the_fastest_one_and_graft_is_none():
    of = compared(RUN, measured(1, 1, 1, 1, 1, 1), plain_loop=measured(0, 6, 6), fastai_learner=measured(0, 10, 10))
    assert of.speedup_over_best_peer(GRAFT) == pytest.approx(30 / 6)
    assert of.speedup_over_best_peer("plain_loop") == 1


def test_without_peers_there_is_nothing_to_compare_with():
    assert compared(RUN, measured(1, 1)).speedup_over_best_peer(GRAFT) is None


def test_the_limit_is_the_fastest_compute_config_and_training_is_its_share():
    of = compared(EPOCH, measured(0, 3, 3, training=4.0))
    (row,) = result_table([of], images=200).rows
    assert of.limit() == 100
    assert row[-1] == pytest.approx(200 / 4 / 100)
    assert limit_table([of]).rows == [("training step", 80.0, 100.0)]


def test_what_caches_cost_is_reported_of_graft_alone():
    graft = measured(1, 1, 1)
    graft.times.parts.update({"decode": 2.0, "cache": 2.0, "cache_view": 1.0, "learning": 9.0})
    graft.times.cache_bytes.update(pixels=4_000_000, activations=1_000_000)
    first, second = cost_table([compared(RUN, graft, plain_loop=measured(0, 1))]).rows
    assert first[2:] == (200, 50, 5, 5)
    assert second[2:] == (200, 50, None, None)


def test_a_table_says_what_it_is_and_where_it_was_measured(tmp_path: Path):
    table = Table("Decoding", ("way", "photos/s"), [("one", 1234.5), ("other", 0.12345), ("none", None)], "A note.")
    page = save_report("decoding", table, folder=tmp_path)
    assert "| one | 1,234 |\n| other | 0.123 |\n| none |  |" in to_markdown(table)
    assert page == (tmp_path / "decoding.md").read_text()
    assert "A note." in page
    assert describe_machine()["software"] in page
    assert json.loads((tmp_path / "decoding.json").read_text())["tables"][0]["rows"][0] == ["one", 1234.5]


def test_ways_take_turns_round_by_round():
    order: list[str] = []
    seconds = time_alternately({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2)
    assert order == ["a", "b", "a", "b"]
    assert [len(each) for each in seconds.values()] == [2, 2]


def test_photos_are_the_same_for_everybody_and_each_of_its_own(tmp_path: Path):
    one, other = (make_photos(tmp_path / name, 4, classes=2, width=64, height=48) for name in ("one", "other"))
    files = sorted(one.rglob("*.jpg"))
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in sorted(other.rglob("*.jpg"))]
    assert len({file.read_bytes() for file in files}) == 4
    assert np.asarray(Image.open(files[0])).shape == (48, 64, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_memory_of_children_counts():
    child = "import time; block = bytearray(80_000_000); print('here', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, process_group=0)
    assert process.stdout is not None
    try:
        with ProcessTreePeak(process.pid) as peak:
            process.stdout.readline()
            peak.sample()
    finally:
        os.killpg(process.pid, 9)
        process.wait()
    assert peak.peak.own > 80_000_000
