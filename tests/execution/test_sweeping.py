"""The next start of Graft deletes what killed processes left, wherever in the home, and nothing else."""

import subprocess
import sys

from core.execution.sweeping import sweep
from core.execution.worker import Worker
from core.home import Home, open_home

KILLED = """
import os, sys
from pathlib import Path
from core.home import open_home, part_beside
home = open_home(sys.argv[1])
for place in sys.argv[2:]:
    path = home.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("whole")
    part_beside(path).write_text("half")
os._exit(9)
"""
PLACES = [
    "graft.json", "drafts/a.json", "runs/r1/plan.json", "runs/r1/last", "datasets/d1/labels-1.parquet", "inbox/a.zip",
    "cache/pixels/a.pixels", "cache/activations/a", "cache/thumbnails/ab/a.jpg",
]  # fmt: skip


def test_the_next_start_sweeps_every_place_of_a_home(home: Home):
    subprocess.run([sys.executable, "-c", KILLED, str(home.root), *PLACES])
    assert len(list(home.root.rglob("*.part"))) == len(PLACES)
    worker = Worker(home)
    worker.start()
    worker.close()
    assert list(home.root.rglob("*.part")) == []
    assert all((home.root / place).exists() for place in PLACES)


def test_what_this_process_makes_stays(home: Home):
    from core.home import part_beside

    part = part_beside(home.drafts / "a.json")
    part.parent.mkdir()
    part.touch()
    sweep(home)
    assert part.exists()


def test_a_home_that_cannot_be_swept_is_used_all_the_same(home: Home, monkeypatch, caplog):
    def refuse(home: Home) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr("core.execution.sweeping.sweep_runs", refuse)
    sweep(open_home(home.root))
    assert "could not be swept" in caplog.text
