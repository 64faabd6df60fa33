"""What a killed process left half made is swept; what a living one makes stays, in whatever container it lives."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.home import delete_abandoned, hidden_folder, part_beside, parts, whole_file

MAKING = """
import sys
from pathlib import Path
from core.home import hidden_folder, part_beside, processes
if sys.argv[2]:
    processes._machine = lambda: sys.argv[2]
    processes._boot = lambda: "the same"
part_beside(Path(sys.argv[1]) / "file").write_text("half")
with hidden_folder(Path(sys.argv[1]) / "folder") as part:
    (part / "photo").write_text("half")
    print(part, flush=True)
    input()
"""


@contextmanager
def being_made(folder: Path, machine: str = "") -> Iterator[Path]:
    """A file and a folder that a process makes until the block ends, when it is killed. machine: its container."""
    command = [sys.executable, "-c", MAKING, str(folder), machine]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield Path(process.stdout.readline().strip())
        process.kill()


def test_parts_stay_while_their_process_lives_and_go_once_it_was_killed(tmp_path: Path):
    with being_made(tmp_path) as part:
        delete_abandoned(tmp_path)
        assert len(list(tmp_path.iterdir())) == 2
        assert (part / "photo").exists()
    delete_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="no container there has process numbers of its own")
def test_a_folder_that_another_container_makes_stays_whatever_the_clock_says(tmp_path: Path):
    with being_made(tmp_path, "another container") as part:
        os.utime(part, (0, 0))
        delete_abandoned(tmp_path)
        assert (part / "photo").exists()
    delete_abandoned(tmp_path)
    assert not part.exists()


def test_a_file_of_another_container_goes_when_nobody_wrote_to_it_for_a_day(tmp_path: Path):
    with being_made(tmp_path, "another container"):
        pass
    (file,) = tmp_path.glob(".file.*.part")
    delete_abandoned(tmp_path)
    assert file.exists()
    os.utime(file, (1_000_000, 1_000_000))
    delete_abandoned(tmp_path)
    assert not file.exists()


def test_a_folder_that_is_swept_before_it_is_locked_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    flock, swept = parts.fcntl.flock, []

    def lock_too_late(descriptor: int, how: int) -> None:
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].rmdir()
        flock(descriptor, how)

    monkeypatch.setattr(parts.fcntl, "flock", lock_too_late)
    with hidden_folder(tmp_path / "folder") as part:
        assert part.is_dir()
    assert swept


def test_without_locks_the_folder_of_another_container_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with being_made(tmp_path, "another container") as part:
        pass

    def no_locks(descriptor: int, how: int) -> None:
        raise OSError

    monkeypatch.setattr(parts.fcntl, "flock", no_locks)
    with hidden_folder(tmp_path / "own") as own:
        assert own.is_dir()
    delete_abandoned(tmp_path)
    assert part.exists()


@pytest.mark.parametrize("name", [".best.1a2b3c4d.part", ".4f00aa.4711.part", ".dead.part"])
def test_parts_of_an_older_graft_go_by_their_age(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    delete_abandoned(tmp_path)
    assert (tmp_path / name).exists()
    os.utime(tmp_path / name, (1_000_000, 1_000_000))
    delete_abandoned(tmp_path)
    assert not (tmp_path / name).exists()


def test_a_name_as_long_as_names_may_be_can_be_written(tmp_path: Path):
    target = tmp_path / ("ö" * 125 + ".zip")
    with whole_file(target) as part:
        part.write_text("whole")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["whole"]
    assert part_beside(target).name.encode().decode()
