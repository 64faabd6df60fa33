"""How much of anything is taken in: names, tables, and what in a folder is no file."""

import io
import os
import socket

import pytest

from core.datasets import import_dataset
from core.datasets.sources import describing, json_table
from core.datasets.sources.labeled_photos import Contents, Entry
from core.datasets.sources.names import TOO_DEEP
from core.datasets.sources.table_file import read_table
from core.errors import BadDataset
from tests.datasets.conftest import classes_by_name, photo

ABC = {f"{label}/{n}.png": photo(10 * i + n) for i, label in enumerate("abc") for n in range(4)}


def entry(content: bytes, name: str = "labels.csv") -> Entry:
    return Entry(name, len(content), lambda: io.BytesIO(content))


def test_a_name_in_thousands_of_folders_is_listed_short_and_the_others_are_read(home, zipped):
    deep = "a/" * 30_000 + "1.png"
    dataset = import_dataset(home, "photos", zipped({**ABC, deep: photo(99)}))
    assert [(len(each.name) <= 80, each.reason) for each in dataset.rejected] == [(True, TOO_DEEP)]
    assert len(dataset) == len(ABC)


def test_a_deep_folder_is_read_as_deep_as_a_name_in_a_zip(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "photos", {"cat": 3, "dog": 3})
    draw_photos(folder / "/".join("x" * 50), {"cat": 1})
    dataset = import_dataset(home, "photos", folder)
    assert [each.reason for each in dataset.rejected] == [TOO_DEEP]
    assert len(dataset) == 6


@pytest.mark.parametrize(
    "content",
    [
        b"file,label\n" + b"x," * 5_000 + b"\n",
        b",".join(b"column%d" % n for n in range(3_000)) + b"\na,b\n" * 9_000,
        b"file,label\n" + b"a,b\n" * 1_000_001,
    ],
    ids=["columns", "cells", "rows"],
)
def test_a_table_of_more_cells_than_fit_is_refused_while_it_is_read(content):
    with pytest.raises(BadDataset, match=r'"labels.csv" is too large: Graft stopped at row [\d,]+, with [\d,]+ col'):
        read_table(entry(content))


def test_cells_that_all_differ_count_as_what_they_take():
    read_table(entry(b"file,label\n" + b"the same,cat\n" * 10_000), 2**20)
    with pytest.raises(BadDataset, match="is too large"):
        read_table(entry(b"file,label\n" + b"".join(b"other %d,cat\n" % n for n in range(10_000))), 2**20)


def test_all_tables_of_a_source_share_one_bound(home, zipped, monkeypatch):
    rows = b"file,label\n" + b"a/1.png,cat\n" * 5_000
    monkeypatch.setattr(describing, "TABLE_MEMORY_BYTES", 10**6)
    dataset = import_dataset(home, "photos", zipped({**ABC, "1.csv": rows, "2.csv": rows, "3.csv": rows}))
    assert {each.name for each in dataset.rejected if "is too large" in each.reason} == {"3.csv"}


def test_a_table_of_one_endless_line_is_refused():
    with pytest.raises(BadDataset, match="has a line of more than 1,048,576 letters"):
        read_table(entry(b"a" * (2**20 + 1)))


def test_columns_of_one_name_are_domain_accuracy_even_where_the_number_is_taken():
    assert read_table(entry(b"a,a 3,a\n1,2,3\n")).header == ("a", "a 3", "a 4")


def test_without_a_table_no_ends_of_names_are_collected(monkeypatch):
    collected = []
    monkeypatch.setattr(describing, "PhotoFinder", lambda pictures: collected.extend(pictures))
    describing.describe(Contents("photos", tuple(entry(b"", f"a/{n}.jpg") for n in range(9))))
    assert collected == []


def test_a_table_of_too_many_columns_for_its_photos_is_refused(monkeypatch):
    monkeypatch.setattr(describing, "CELLS", 100)
    table = entry(b",".join(b"column%d" % n for n in range(30)) + b"\n" + b"0.jpg," * 30)
    with pytest.raises(BadDataset, match='"labels.csv" has 31 columns for 9 photos'):
        describing.describe(Contents("photos", tuple(entry(b"", f"{n}.jpg") for n in range(9)), (table,)))


def test_a_json_file_that_would_take_too_much_memory_is_refused_while_it_is_read(monkeypatch):
    monkeypatch.setattr(json_table, "JSON_BYTES", 2**20)
    with pytest.raises(BadDataset, match='"export.json" is larger than 1 MB'):
        read_table(entry(b"[" + b"{}," * 2**19 + b"{}]", "export.json"))


def test_what_is_no_file_is_listed_and_never_waited_for(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "photos", {"cat": 3, "dog": 3})
    os.mkfifo(folder / "cat" / "pipe.jpg")
    (folder / "dog" / "one.jpg").symlink_to(folder / "dog" / "two.jpg")
    (folder / "dog" / "two.jpg").symlink_to(folder / "dog" / "one.jpg")
    (folder / "dog" / "gone.jpg").symlink_to(folder / "dog" / "nothing.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "cat" / "socket.jpg"))
        dataset = import_dataset(home, "photos", folder)
    assert len(dataset) == 6
    assert {each.name: each.reason.split(":")[0] for each in dataset.rejected} == {
        "cat/pipe.jpg": "It is a pipe, a socket or a device, and no file.",
        "cat/socket.jpg": "It is a pipe, a socket or a device, and no file.",
        "dog/one.jpg": "It is a link that leads back to itself.",
        "dog/two.jpg": "It is a link that leads back to itself.",
        "dog/gone.jpg": "The file cannot be read",
    }


def test_a_class_folder_that_may_not_be_read_is_listed(home, draw_photos, tmp_path, monkeypatch):
    folder = draw_photos(tmp_path / "photos", {"cat": 3, "dog": 3, "owl": 3})
    lock(monkeypatch, folder / "owl")
    dataset = import_dataset(home, "photos", folder)
    assert set(classes_by_name(dataset).values()) == {"cat", "dog"}
    assert [(each.name, each.reason) for each in dataset.rejected] == [
        ("owl", "The folder cannot be read: Permission denied. What lies in it is missing here.")
    ]


def test_a_folder_that_may_not_be_read_at_all_is_refused_with_the_reason(home, draw_photos, tmp_path, monkeypatch):
    folder = draw_photos(tmp_path / "photos", {"cat": 3})
    lock(monkeypatch, folder)
    with pytest.raises(BadDataset, match='The folder "photos" cannot be read: Permission denied. Check'):
        import_dataset(home, "photos", folder)


def lock(monkeypatch, folder):
    """Nobody may look into the folder: as for another user, which tests are not where they run as root."""
    scandir = os.scandir

    def refuse(place):
        if os.fspath(place) == str(folder):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
