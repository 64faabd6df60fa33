"""The real engine in a real process, killed in the middle: nothing is lost, and nothing is told twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.backbones import describe_stages, get_card
from core.datasets import import_dataset
from core.execution.run_loop import execute_run
from core.execution.submit import submit
from core.home import Home, database
from core.monitoring.live import read_history
from core.plans import Plan, change, make_plan
from core.runs.lease import claim
from core.runs.store import get_run, list_runs, resume, waits_for
from core.runs.types import Run

pytestmark = pytest.mark.slow

EPOCHS = 12


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums in the same order here and in the other process, and two cores for everybody."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def plan(home: Home, tmp_path: Path, draw_photos: Callable[..., Path]) -> Plan:
    dataset = import_dataset(home, "shapes", draw_photos(tmp_path / "photos", {"disc": 24, "box": 24, "line": 24}))
    network = get_card("graft-resnet10t")
    made = make_plan(dataset, network, describe_stages(network), "head-first", image_size=32)
    for each in (f"epochs={EPOCHS}", "phases.0.solver=optimizer", "batch_size=8", "device=cpu", "precision=fp32"):
        made = change(made, each)
    return made


def train_elsewhere(home: Home, plan: Plan, folder: Path) -> subprocess.Popen:
    """`graft train` in a process of its own."""
    file = folder / "plan.json"
    file.write_text(plan.model_dump_json())
    return subprocess.Popen(
        [sys.executable, "-m", "graft", "train", "--plan", str(file), "--home", str(home.root)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_step(home: Home, process: subprocess.Popen, step: int) -> Run:
    """The newest run, as soon as it has taken so many steps."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        newest = next(iter(list_runs(home)), None)
        if newest and newest.progress.step >= step and newest.state == "running":
            return newest
        time.sleep(0.02)  # another process: there is nothing to wait on but what it wrote
    process.kill()
    pytest.fail(f"it never came to step {step}: {process.communicate()}")


def points(home: Home, run: Run) -> list[tuple]:
    with database(home) as db:
        rows = db.execute("SELECT name, step, value FROM curves WHERE run_id = ? ORDER BY name, step", (run.id,))
        return [tuple(row) for row in rows]


def assert_same_outcome(home: Home, broken: Run, unbroken: Run) -> None:
    for which in ("last", "best"):
        ours, theirs = (load_file(home.runs / run.id / which / "model.safetensors") for run in (broken, unbroken))
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours), f"the {which} weights differ"
    assert read_history(home, broken.id) == read_history(home, unbroken.id)
    assert points(home, broken) == points(home, unbroken)


def test_a_killed_run_is_interrupted_at_once_and_resumes_to_the_same_bits(
    home: Home, tmp_path: Path, plan: Plan, one_thread: None
):
    process = train_elsewhere(home, plan, tmp_path)
    run = wait_for_step(home, process, 8)
    other = submit(home, plan, "unbroken")
    assert claim(home, other.id) is None, "one device trains one run, whichever process asks"
    assert waits_for(home, other) == f'Waits for "{run.name}".'
    process.kill()
    process.communicate()
    killed = get_run(home, run.id)
    assert killed.state == "interrupted"
    assert killed.progress.epochs_done < EPOCHS

    resume(home, run.id)
    resumed = execute_run(home, run.id)
    assert resumed.state == "finished"
    assert_same_outcome(home, resumed, execute_run(home, other.id))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_ends_it_and_says_how_to_go_on(home: Home, tmp_path: Path, plan: Plan, one_thread: None):
    process = train_elsewhere(home, plan, tmp_path)
    run = wait_for_step(home, process, 5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Ending, so that what trains here can go on later" in said
    assert f"Go on with: graft resume {run.id}" in said
    assert get_run(home, run.id).state == "interrupted"
