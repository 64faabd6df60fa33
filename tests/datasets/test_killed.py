"""An import, an edit or a deletion that is killed before any of its steps loses nothing and leaves nothing behind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.datasets import Dataset, import_dataset, list_datasets, load_dataset, sweep_datasets
from core.home import Home, database
from tests.datasets.conftest import photo

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows forks nothing")]

# It forks for each line that it is sent, because importing pandas takes a second, and answers with the status. What is
# killed in it: each step by which a file or the database changes.
KILLED = """
import os, sys
from contextlib import contextmanager
from pathlib import Path
from core.home import open_home
from core.datasets import add_photos, delete_dataset, import_dataset, load_dataset, registry, relabel

def edit_and_be_killed(step):
    left = [step]
    def kills(function):
        def step(*args, **named):
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)  # as by a kill: nothing is tidied up
            return function(*args, **named)
        return step
    for name in ("rename", "replace", "fsync", "unlink", "rmdir"):
        setattr(os, name, kills(getattr(os, name)))
    Path.touch = kills(Path.touch)
    database = registry.database
    @contextmanager
    def killed_around(home, write=False):
        if write: kills(int)()
        with database(home, write) as connection:
            yield connection
            if write: kills(int)()
        if write: kills(int)()
    registry.database = killed_around
    home = open_home(sys.argv[1])
    exec(sys.argv[3])
    os._exit(0)

for line in sys.stdin:
    child = os.fork()
    if not child:
        edit_and_be_killed(int(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
EDITS = {
    "import": 'import_dataset(home, "new", Path(sys.argv[2]))',
    "relabel": 'it = load_dataset(home, "leaves"); relabel(home, it, it.table["image_id"][:3], "class", "x")',
    "add": 'add_photos(home, load_dataset(home, "leaves"), Path(sys.argv[2]))',
    "delete": 'delete_dataset(home, load_dataset(home, "leaves").id)',
}


def everything(home: Home) -> dict[str, tuple[int, set[str]]]:
    """Newest version and photos of each dataset, by its name, once what is on the disk was compared with them."""
    found = {}
    expected: set[str] = set()
    for summary in list_datasets(home):
        versions = [load_dataset(home, summary.id, number) for number in range(1, summary.version + 1)]
        expected |= {f"{summary.id}/labels-{each.version}.parquet" for each in versions}
        expected |= {f"{summary.id}/{file}" for each in versions for file in each.table["file"]}
        found[summary.name] = (summary.version, set(versions[-1].table["image_id"]))
    files = {str(file.relative_to(home.datasets)) for file in home.datasets.rglob("*") if not file.is_dir()}
    assert files == expected
    return found


@pytest.fixture
def leaves(home: Home, draw_photos: Callable[..., Path], tmp_path: Path) -> Dataset:
    return import_dataset(home, "leaves", draw_photos(tmp_path / "leaves", {"oak": 4, "fir": 4}))


@pytest.mark.parametrize("edit", EDITS)
def test_a_kill_before_any_step_leaves_what_was_there_or_what_was_to_be(
    home: Home, leaves: Dataset, tmp_path: Path, edit: str
):
    more = tmp_path / "more"
    for kind in ("oak", "elm"):
        (more / kind).mkdir(parents=True)
        for number in range(3):
            (more / kind / f"{number}.png").write_bytes(photo(len(kind) * 10 + number + 100 * (kind == "elm")))
    before, step, outcomes = everything(home), 0, []
    command = [sys.executable, "-c", KILLED, str(home.root), str(more), EDITS[edit]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        while not outcomes or outcomes[-1] == before:
            step += 1
            process.stdin.write(f"{step}\n")
            assert process.stdout.readline().strip() in ("0", "9")
            sweep_datasets(home)
            outcomes.append(everything(home))
        process.stdin.close()
    assert step > 3, "it was killed before several steps"


def test_a_row_that_is_gone_while_its_deletion_was_killed_does_not_come_back(home: Home, leaves: Dataset):
    with database(home, write=True) as connection:
        connection.execute("DELETE FROM datasets")
    sweep_datasets(home)
    assert leaves.folder.exists(), "photos without a mark are not ours to delete: the database may be another one"
