"""Files and folders are there whole or not at all."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import BadInput, DiskFull, Refused
from core.home import delete_folder, delete_marked, evict_oldest, files, whole_file, whole_folder, write_whole
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


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link.zip").symlink_to(tmp_path / "far" / "real.zip")
    write_whole(tmp_path / "link.zip", b"new")
    assert (tmp_path / "link.zip").is_symlink()
    assert (tmp_path / "far" / "real.zip").read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_file_is_never_replaced(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(BadInput, match="no file that could be replaced"):
            write_whole(tmp_path / name, b"new")
    assert (tmp_path / "pipe").is_fifo()


KILLED_WRITING = """
import os, sys
from pathlib import Path
from core.home import whole_folder, files
left = int(sys.argv[2])
def kills(function):
    def step(*args, **named):
        global left
        left -= 1
        if left == 0:
            os._exit(9)  # as by a kill: nothing is tidied up
        return function(*args, **named)
    return step
for module, name in ((os, "fsync"), (os, "rename"), (os, "mkdir"), (os, "unlink"), (os, "rmdir")):
    setattr(module, name, kills(getattr(module, name)))
with whole_folder(Path(sys.argv[1])) as part:
    (part / "model").write_text("new")
    (part / "state").write_text("new")
"""


def test_a_checkpoint_that_is_killed_anywhere_is_the_old_or_the_new_one_and_leaves_nothing(tmp_path: Path):
    from core.runs import tidy_run

    step, found = 0, []
    code = 9
    while code:
        step += 1
        with whole_folder(tmp_path / "best") as part:
            for name in ("model", "state"):
                (part / name).write_text("old")
        code = subprocess.run([sys.executable, "-c", KILLED_WRITING, str(tmp_path / "best"), str(step)]).returncode
        assert code in (0, 9)
        tidy_run(tmp_path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["best"]
        (content,) = {(tmp_path / "best" / name).read_text() for name in ("model", "state")}
        found.append(content)
    assert {"old", "new"} == set(found)
    assert step > 8


# What only Windows does: it refuses to rename, replace or delete what a program has open, and to flush what may only
# be read.


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """windows(3): the next three renames find a file in use."""
    left = [0]

    def refusing(rename: Callable[..., None]) -> Callable[..., None]:
        def refuse(source: Path, target: Path) -> None:
            left[0] -= 1
            if left[0] >= 0:
                raise PermissionError(errno.EACCES, "The process cannot access the file", str(target))
            rename(source, target)

        return refuse

    monkeypatch.setattr(files, "_RETRY_SECONDS", 0.2)
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    return lambda count: left.__setitem__(0, count)


def test_only_what_may_be_written_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fcntl = pytest.importorskip("fcntl")
    fsync = os.fsync

    def as_windows_does(descriptor: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", as_windows_does)
    monkeypatch.setattr(files, "_flush_folder", lambda folder: None)  # Windows has no such call
    write_whole(tmp_path / "draft.json", b"{}")
    with whole_folder(tmp_path / "last") as part:
        (part / "model").write_bytes(b"new")
    assert (tmp_path / "last" / "model").read_bytes() == b"new"


def test_a_file_that_is_open_for_a_moment_is_replaced_after_it(tmp_path: Path, windows: Callable[[int], None]):
    write_whole(tmp_path / "results.json", b"old")
    windows(3)
    write_whole(tmp_path / "results.json", b"new")
    assert (tmp_path / "results.json").read_bytes() == b"new"


def test_a_file_that_stays_open_is_named_and_stays_what_it_was(tmp_path: Path, windows: Callable[[int], None]):
    write_whole(tmp_path / "results.json", b"old")
    windows(1_000)
    with pytest.raises(Refused, match=r'results.json" is open in another program. Close it there, then try again.'):
        write_whole(tmp_path / "results.json", b"new")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


def test_a_checkpoint_that_a_predictor_has_mapped_is_replaced_after_it(tmp_path: Path, windows: Callable[[int], None]):
    for content in (b"old", b"new"):
        windows(3)
        with whole_folder(tmp_path / "best") as part:
            (part / "model").write_bytes(content)
    windows(0)
    assert (tmp_path / "best" / "model").read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["best"]


def test_a_checkpoint_that_cannot_be_put_in_its_place_leaves_the_old_one_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with whole_folder(tmp_path / "best") as part:
        (part / "model").write_bytes(b"old")
    rename = os.rename

    def refuse(source: Path, target: Path) -> None:
        if Path(target).name == "best" and Path(source).suffix == ".part":
            raise PermissionError(errno.EACCES, "in use")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setattr(files, "_RETRY_SECONDS", 0.1)
    with pytest.raises(Refused, match="is open in another program"), whole_folder(tmp_path / "best") as part:
        (part / "model").write_bytes(b"new")
    assert [(entry.name, (entry / "model").read_bytes()) for entry in tmp_path.iterdir()] == [("best", b"old")]


def test_where_a_permission_is_missing_for_good_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "out.zip", b"new")


def test_a_folder_with_an_open_file_is_deleted_at_a_later_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: Callable[[int], None]
):
    (tmp_path / "ds").mkdir()
    (tmp_path / "ds" / "original.jpg").write_bytes(b"photo")
    unlink = os.unlink

    def in_use(path: str, **named: int) -> None:
        if Path(path).name == "original.jpg":
            raise PermissionError(errno.EACCES, "in use")
        unlink(path, **named)

    windows(1)
    monkeypatch.setattr(os, "unlink", in_use)
    delete_folder(tmp_path / "ds")
    assert (tmp_path / "ds" / "original.jpg").exists()
    monkeypatch.setattr(os, "unlink", unlink)
    delete_marked(tmp_path, wanted=[])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_deletion_did_not_count_stays(tmp_path: Path):
    (tmp_path / "ds").mkdir()
    files.mark_deleted(tmp_path / "ds")
    delete_marked(tmp_path, wanted=["ds"])
    assert [list(entry.iterdir()) for entry in tmp_path.iterdir()] == [[]]


def test_an_entry_of_a_cache_that_is_mapped_stays_and_others_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for age, name in enumerate(("new", "mapped")):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    unlink = Path.unlink

    def in_use(path: Path, missing_ok: bool = False) -> None:
        if path.name == "mapped":
            raise PermissionError(errno.EACCES, "in use")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", in_use)
    evict_oldest(tmp_path, budget_bytes=150)
    assert {entry.name for entry in tmp_path.iterdir()} == {"mapped"}
