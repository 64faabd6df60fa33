"""A process is known by what no step of the clock changes, and containers are told apart."""

import os
import subprocess
import sys

import psutil
import pytest

from core.home import is_alive, is_this_process, process_is_gone, processes, shares_clock, this_process

MACHINE, NUMBER, START, BOOT = this_process().split("|")


def test_this_process_lives_and_knows_itself():
    assert is_alive(this_process())
    assert is_this_process(this_process())
    assert is_this_process(f"{this_process()}|which of its claims")
    assert not is_this_process(f"{this_process()}0")


def test_a_process_that_ended_is_gone_and_one_whose_number_another_has_too():
    code = "from core.home import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    assert process_is_gone(ended)
    assert process_is_gone(f"{MACHINE}|{NUMBER}|{START}0|{BOOT}")
    assert not is_alive(ended)


def test_a_process_of_an_earlier_start_of_this_machine_is_gone():
    assert process_is_gone(f"{MACHINE}|{NUMBER}|{START}|another boot")


def test_a_container_is_another_machine_with_the_same_clock():
    contained = f"container pid:[1]|{NUMBER}|1|{BOOT}"
    assert not process_is_gone(contained)
    assert not is_alive(contained)
    assert shares_clock(contained) == bool(BOOT)
    assert not shares_clock(f"elsewhere|{NUMBER}|1|another boot")


@pytest.mark.parametrize("name", ["", "other|1|1|1", "host pid:[4026531836]|77|1764230000.1|abc", "nothing"])
def test_names_that_an_older_graft_gave_are_those_of_another_machine(name: str):
    assert not process_is_gone(name)
    assert not is_alive(name)
    assert not shares_clock(name)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel keeps the time at which a process began")
def test_the_name_does_not_hang_on_the_time_at_which_the_machine_says_it_started(monkeypatch: pytest.MonkeyPatch):
    name = this_process()
    for module in (psutil, psutil._psplatform):
        monkeypatch.setattr(module, "boot_time", lambda: 1e9)
    processes._name_of.cache_clear()
    assert this_process() == name


def test_where_there_is_no_proc_psutil_says_when_a_process_began(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "_LINUX", False)
    assert processes._start_of(os.getpid()) == f"{psutil.Process().create_time():.3f}"
    code = "import os; print(os.getpid())"
    ended = int(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout)
    assert processes._start_of(ended) == ""
