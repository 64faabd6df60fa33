"""The benchmark of a graphics card works from end to end without one; how fast anything is, no test says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.contenders.work import Times
from benchmarks.gpu import ROOT, Found, Row, limit_table, repeat_table, run_table


def test_the_limit_is_the_quickest_arithmetic_and_a_run_is_compared_whole():
    graft = Times(setup=3.0, epochs=[2.0, 3.0], training=[1.0, 1.0])
    plain = Times(epochs=[90.0, 10.0])
    row = Row("a network", "any", batch_size=10, epochs=2)
    (cells,) = run_table([Found(row, 100, {"fp32": 20.0, "bf16": 50.0}, {"graft": graft, "plain_loop": plain})]).rows
    name, before, run, limit, share, step_ms, x_plain, x_trainer = cells
    assert (name, before, run, limit) == ("a network", 3.0, 5.0, 4.0)
    assert share == pytest.approx(4 / 5)
    assert step_ms == pytest.approx(100)
    assert x_plain == pytest.approx(10 / 2.5)
    assert x_trainer is None


def test_what_was_left_out_has_no_row():
    assert run_table([Found(Row("a network", "any"), 100, {"fp32": 20.0}, {})]).rows == []
    assert limit_table([Found(Row("a network", "any"), 100, {}, {})]).rows == [("a network",)]


def test_bits_are_said_in_words():
    found = {"as it comes": {"again": True, "resumed": False, "seconds": 1.0}}
    assert repeat_table(Row("r", "resnet18"), found).rows == [("as it comes", "equal", "different", 1.0)]


# Runs the benchmark where there is no Streamlit, and its contenders, which on a graphics card must not share a process,
# in the same one: each would load torch anew.
IN_ONE_PROCESS = """
import contextlib, io, runpy, subprocess, sys
sys.modules["streamlit"] = None

alone = subprocess.run

def run(command, **how):
    if command[:2] != [sys.executable, "-m"]:
        return alone(command, **how)
    module, *arguments = command[2:]
    said, given = io.StringIO(), sys.argv
    sys.argv = [module, *arguments]
    with contextlib.redirect_stdout(said):
        runpy.run_module(module, run_name="__main__")
    sys.argv = given
    return subprocess.CompletedProcess(command, 0, said.getvalue(), "")

subprocess.run = run
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_all_of_it_runs_on_a_processor_without_streamlit(tmp_path: Path):
    arguments = ["benchmarks/gpu.py", "--device", "cpu", "--small", "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", IN_ONE_PROCESS, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    runs, parts, limits, repeats = json.loads((tmp_path / "gpu.json").read_text())["tables"]
    assert [row[0] for row in runs["rows"]] == ["small, batch 8"]
    assert "decode" in parts["columns"]
    assert limits["columns"][1] == "fp32"
    assert [(again, resumed) for _, again, resumed, _ in repeats["rows"]] == [("equal", "equal")] * 2
