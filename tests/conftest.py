"""Fixtures that more than one room needs."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker per core: with more threads each, they wait for each other

import pytest
from hypothesis import settings
from PIL import Image, ImageDraw

from core.home import Home, open_home

# No deadline: the machine may be busy. Where a change is judged (CI), the examples are the same each time, so that it
# is judged by what it changed; at a desk they are new each time, and find what nobody thought of.
settings.register_profile("graft", deadline=None, max_examples=60, derandomize="CI" in os.environ)
settings.load_profile("graft")

COLOURS = ("#c33", "#36c", "#2a2", "#cc3", "#939", "#3aa", "#e82", "#555")


# What takes minutes begins first, so that no worker is still busy with it when the others are done.
LONGEST_FIRST = ("browser", "test_cut.py", "test_attacks.py", "test_memory.py", "test_starters.py", "test_plan.py")


def group_of(nodeid: str) -> str:
    """What stays together on a worker: a file, for its tests share fixtures, and all that drive a browser."""
    file = PurePosixPath(nodeid.split("::")[0])
    return "browser" if file.parent.name == "browser" else file.name


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: the worker with the browser waits for pages half of its time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hands out group by group. xdist's own way, marks that it writes into a test's id, is lost on pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # it would begin with the group of most tests, which may be quick ones
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = group_of
    return scheduler


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = {group: number for number, group in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: place.get(group_of(item.nodeid), len(place)))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of its own, also for what asks the environment."""
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "home"))
    return open_home()


def draw_photo(path: Path, kind: int, number: int, side: int = 48) -> Path:
    """A small picture that belongs visibly to its kind: one shape and colour, at a place of its own."""
    place = random.Random(1_000 * kind + number)
    image = Image.new("RGB", (side + place.randrange(12), side), tuple(place.randrange(190, 256) for _ in range(3)))
    x, y, reach = place.randrange(8, 20), place.randrange(8, 20), place.randrange(14, 22)
    draw, box = ImageDraw.Draw(image), (x, y, x + reach, y + reach)
    (draw.ellipse, draw.rectangle, draw.line)[kind % 3](box, COLOURS[kind % len(COLOURS)])
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


@pytest.fixture
def draw_photos() -> Callable[[Path, dict[str, int]], Path]:
    """draw_photos(folder, {"cat": 6, "dog": 6}): class folders of small PNGs; gives the folder back."""

    def draw(folder: Path, counts: dict[str, int]) -> Path:
        for kind, (name, count) in enumerate(counts.items()):
            for number in range(count):
                draw_photo(folder / name / f"{number:04}.png", kind, number)
        return folder

    return draw


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("only root may mount a disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)
