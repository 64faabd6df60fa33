"""Real archives, where they lie beside the checkout."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.datasets import SPLITS, import_dataset

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the folder of real photos is not beside this checkout")


@pytest.mark.parametrize(
    ("name", "splits", "classes"),
    [
        ("clothing-small.zip", [3_068, 341, 372], {"class": 10}),
        ("extra-ants-bees.zip", [244, 153, 0], {"class": 2}),
        ("office-caltech10.zip", [2_027, 253, 253], {"class": 10}),
        ("clothing-kids.zip", [160, 20, 20], {"category": 10, "kids": 2}),
    ],
)
def test_archives_as_people_share_them_arrive_complete(home, name, splits, classes):
    dataset = import_dataset(home, "photos", DATA / name)
    assert [len(dataset.indices(split)) for split in SPLITS] == splits
    assert {task.name: len(task.classes) for task in dataset.tasks} == classes
    assert dataset.rejected == ()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a program's own peak of memory")
def test_25_000_photos_arrive_in_under_a_gigabyte_of_memory(home):
    # VmHWM, not getrusage: that one starts a child with the peak of the process that started it.
    work = """
import re, sys
from pathlib import Path
from core.home import open_home
from core.datasets import import_dataset
dataset = import_dataset(open_home(sys.argv[1]), "tiny", Path(sys.argv[2]))
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(len(dataset), len(dataset.tasks[0].classes), peak[1])
"""
    archive = DATA / "tiny-imagenet-200" / "train-0.zip"
    command = [sys.executable, "-c", work, str(home.root), str(archive)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    photos, classes, peak_kib = map(int, said.split())
    assert (photos, classes) == (25_000, 200)
    assert peak_kib * 1_024 < 10**9
