"""Photos are decoded once; what is damaged is noticed; what does not fit is decoded on the fly."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from core.datasets import pixels
from core.datasets.dataset import Dataset
from core.datasets.decoding import decode_for
from core.datasets.pixels import PixelsOnTheFly, open_pixels
from core.errors import BadDataset
from core.home import Home, no_room_is_disk_full
from core.tasks import Task

SIZE = 32
SIDE = 37


def dataset_of(files: list[Path], folder: Path, version: int = 1, id: str = "set") -> Dataset:
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    table = pd.DataFrame(
        {
            "image_id": hashes,
            "name": [file.name for file in files],
            "hash": hashes,
            "file": [file.relative_to(folder).as_posix() for file in files],
        }
    )
    return Dataset(id, "Leaves", version, folder, (Task("class", ("a", "b")),), table)


@pytest.fixture
def photos(tmp_path: Path, draw_photos: Callable[[Path, dict[str, int]], Path]) -> Dataset:
    folder = draw_photos(tmp_path / "photos", {"a": 5, "b": 4})
    return dataset_of(sorted(folder.rglob("*.png")), folder)


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which originals were decoded, in the order of the calls."""
    seen: list[Path] = []

    def counting(path: Path, side: int) -> np.ndarray:
        seen.append(path)
        return decode_for(path, side)

    monkeypatch.setattr(pixels, "decode_for", counting)
    return seen


def expected(dataset: Dataset, rows: list[int]) -> np.ndarray:
    images = [decode_for(dataset.folder / dataset.table["file"].iat[row], SIDE) for row in rows]
    return np.stack(images).transpose(0, 3, 1, 2)


def stored_file(home: Home) -> Path:
    (file,) = home.pixels.glob("*.pixels")
    return file


def test_rows_come_as_asked_for(home: Home, photos: Dataset) -> None:
    store = open_pixels(home, photos, SIZE)
    rows = [7, 0, 3, 3]
    batch = store.read(np.array(rows))
    assert (batch.dtype, batch.shape, batch.is_contiguous()) == (torch.uint8, (4, 3, SIDE, SIDE), True)
    assert (batch.numpy() == expected(photos, rows)).all()
    assert (store.side, store.image_size, store.note) == (SIDE, SIZE, "")


def test_a_batch_may_be_changed_without_harm(home: Home, photos: Dataset) -> None:
    store = open_pixels(home, photos, SIZE)
    store.read(np.array([0])).zero_()
    assert (store.read(np.array([0])).numpy() == expected(photos, [0])).all()


def test_each_photo_is_decoded_once(home: Home, photos: Dataset, decodings: list[Path]) -> None:
    for _ in range(2):
        open_pixels(home, photos, SIZE).read(np.arange(9))
    assert len(decodings) == len(photos)


def test_progress_counts_every_photo(home: Home, photos: Dataset) -> None:
    seen = []
    open_pixels(home, photos, SIZE, progress=lambda done, total, doing: seen.append((done, total)))
    assert seen == [(n, 9) for n in range(1, 10)]


def test_a_new_version_decodes_only_new_photos(home: Home, photos: Dataset, decodings: list[Path]) -> None:
    files = [photos.folder / file for file in photos.table["file"]]
    open_pixels(home, dataset_of(files[:7], photos.folder), SIZE)
    decodings.clear()
    store = open_pixels(home, dataset_of(files[::-1], photos.folder, version=2), SIZE)
    assert sorted(decodings) == sorted(files[7:])
    assert (store.read(np.arange(9)).numpy() == expected(photos, list(range(8, -1, -1)))).all()


def test_another_dataset_shares_nothing(home: Home, photos: Dataset, decodings: list[Path]) -> None:
    open_pixels(home, photos, SIZE)
    open_pixels(home, dataclasses.replace(photos, id="other"), SIZE)
    assert len(decodings) == 2 * len(photos)


def test_damaged_bytes_are_noticed_and_mended(home: Home, photos: Dataset, decodings: list[Path]) -> None:
    open_pixels(home, photos, SIZE)
    decodings.clear()
    with stored_file(home).open("r+b") as file:
        file.seek(2 * 3 * SIDE * SIDE + 100)
        file.write(b"\x00\xff\x00\xff" * 20)
    for _ in range(2):
        assert (open_pixels(home, photos, SIZE).read(np.arange(9)).numpy() == expected(photos, list(range(9)))).all()
    assert len(decodings) == 1  # the damaged one, once: it was put back


@pytest.mark.parametrize("keep", [0, 10, -1, -40])
def test_a_half_written_file_is_built_anew(home: Home, photos: Dataset, decodings: list[Path], keep: int) -> None:
    open_pixels(home, photos, SIZE)
    file = stored_file(home)
    file.write_bytes(file.read_bytes()[:keep])
    decodings.clear()
    store = open_pixels(home, photos, SIZE)
    assert len(decodings) == 9
    assert (store.read(np.array([8])).numpy() == expected(photos, [8])).all()


def test_the_pixels_of_other_photos_are_not_taken(home: Home, photos: Dataset, tmp_path: Path) -> None:
    turned = dataclasses.replace(photos, table=photos.table.iloc[::-1].reset_index(drop=True))
    open_pixels(home, turned, SIZE)
    store = open_pixels(home, photos, SIZE)
    assert (store.read(np.arange(9)).numpy() == expected(photos, list(range(9)))).all()


def test_a_damaged_older_version_is_not_copied_from(home: Home, photos: Dataset) -> None:
    open_pixels(home, photos, SIZE)
    with stored_file(home).open("r+b") as file:
        file.write(b"\x7f" * 5_000)
    store = open_pixels(home, dataclasses.replace(photos, version=2), SIZE)
    assert (store.read(np.arange(9)).numpy() == expected(photos, list(range(9)))).all()


def test_over_budget_photos_are_decoded_on_the_fly(home: Home, photos: Dataset) -> None:
    store = open_pixels(home, photos, SIZE, budget_bytes=10_000)
    assert isinstance(store, PixelsOnTheFly)
    assert "decoded anew each time" in store.note
    assert not list(home.pixels.iterdir())
    batch = store.read(np.array([4, 1]))
    assert batch.is_contiguous()
    assert (batch.numpy() == expected(photos, [4, 1])).all()


def test_the_budget_sends_away_what_was_used_longest_ago(home: Home, photos: Dataset) -> None:
    open_pixels(home, dataclasses.replace(photos, id="measured"), SIZE)
    [measured] = home.pixels.iterdir()
    budget = 2 * measured.stat().st_size
    measured.unlink()
    for age, id in ((300, "old"), (200, "older-but-used"), (100, "young")):
        open_pixels(home, dataclasses.replace(photos, id=id), SIZE, budget_bytes=10 * budget)
        for file in home.pixels.glob(f"{id}.*"):
            os.utime(file, (1_000_000 - age, 1_000_000 - age))
    open_pixels(home, dataclasses.replace(photos, id="older-but-used"), SIZE, budget_bytes=budget)
    open_pixels(home, dataclasses.replace(photos, id="new"), SIZE, budget_bytes=budget)
    assert sorted(file.name.split(".")[0] for file in home.pixels.iterdir()) == ["new", "older-but-used"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_falls_back_and_says_so(home: Home, photos: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def on_a_full_disk(path: Path) -> Iterator[Path]:
        with no_room_is_disk_full(path):
            yield Path("/dev/full")

    monkeypatch.setattr(pixels, "whole_file", on_a_full_disk)
    store = open_pixels(home, photos, SIZE)
    assert "is full" in store.note
    assert (store.read(np.array([5])).numpy() == expected(photos, [5])).all()


def test_an_original_that_is_gone_is_named(home: Home, photos: Dataset) -> None:
    (photos.folder / photos.table["file"].iat[3]).unlink()
    with pytest.raises(BadDataset, match=r'The photo "0003.png" of "Leaves" can no longer be read'):
        open_pixels(home, photos, SIZE)
    assert not list(home.pixels.iterdir())


@pytest.mark.parametrize("budget_bytes", [None, 0])
def test_a_row_that_is_not_there_is_an_error(home: Home, photos: Dataset, budget_bytes: int | None) -> None:
    with pytest.raises(IndexError):
        open_pixels(home, photos, SIZE, budget_bytes=budget_bytes).read(np.array([9]))
