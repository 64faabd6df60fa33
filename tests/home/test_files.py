"""Files and folders are there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from core.errors import DiskFull
from core.home import evict_oldest, whole_file, whole_folder, write_whole
from core.home.files import recover_folder


def test_a_failed_write_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path):
    target = tmp_path / "results.json"
    write_whole(target, b"old")
    with pytest.raises(RuntimeError), whole_file(target) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_one_sentence_and_keeps_the_old_folder(tmp_path: Path):
    target = tmp_path / "last"
    with whole_folder(target) as part:
        (part / "model").write_bytes(b"old")
    with pytest.raises(DiskFull, match="is full.*nothing that was there before is lost"), whole_folder(target) as part:
        (part / "model").write_bytes(b"new")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (target / "model").read_bytes() == b"old"


def test_a_crash_between_the_two_renames_is_put_right(tmp_path: Path):
    target = tmp_path / "last"
    with whole_folder(target) as part:
        (part / "model").write_bytes(b"old")
    target.rename(tmp_path / "last.old")
    recover_folder(target)
    assert (target / "model").read_bytes() == b"old"


def test_the_oldest_entries_leave_first_and_one_in_use_stays(tmp_path: Path):
    for age, name in enumerate(("new", "middle", "old")):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    evict_oldest(tmp_path, budget_bytes=150, keep=tmp_path / "old")
    assert {p.name for p in tmp_path.iterdir()} == {"old"}


def test_what_a_killed_process_left_half_made_leaves_and_what_is_being_made_stays(tmp_path: Path):
    for name in (".dead.part", ".alive.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.npy").write_bytes(b"x")
    os.utime(tmp_path / ".dead.part", (1_000_000, 1_000_000))
    evict_oldest(tmp_path, budget_bytes=10**9)
    assert {p.name for p in tmp_path.iterdir()} == {".alive.part"}
