"""Loose photos that a person sorted in the browser: their classes come with them, whatever the files are called."""

import pytest

from core.datasets import add_photos, import_dataset, import_upload, inbox
from core.errors import BadDataset
from tests.datasets.conftest import classes_by_name, photo

FOLDER = "0123456789abcdef" * 2


@pytest.fixture
def send(home):
    """send(("1.jpg", content, "cat"), ...): files arrive in the inbox; with "" nobody said what they show."""

    def send(*files, task=""):
        for number, (name, content, label) in enumerate(files):
            labels = {task: label} if label else None
            with inbox.receive_file(home.inbox / FOLDER, number, name, labels) as file:
                file.write(content)
        return home.inbox / FOLDER

    return send


def test_photos_have_the_classes_that_they_were_sorted_into(home, send):
    files = [(f"IMG_{n}.png", photo(n), "a/b: test" if n % 2 else "train") for n in range(8)]
    dataset = import_upload(home, "sorted", send(*files))
    assert classes_by_name(dataset) == {name: label for name, _, label in files}, "names of folders mean nothing here"
    assert dataset.splits_from == "drawn"
    assert not (home.inbox / FOLDER).exists()


def test_two_photos_of_one_name_are_both_kept(home, send):
    dataset = import_upload(
        home, "twice", send(("1.png", photo(1), "a"), ("1.png", photo(2), "b"), ("2.png", photo(3), "b"))
    )
    assert dataset.counts(dataset.tasks[0]) == {"a": 1, "b": 2}


def test_an_empty_file_among_them_is_listed_as_empty(home, send):
    dataset = import_upload(home, "gap", send(("1.png", photo(1), "a"), ("2.png", photo(2), "b"), ("0.jpg", b"", "a")))
    assert [(each.name, each.reason) for each in dataset.rejected] == [("0.jpg", "The file is empty.")]


def test_a_file_that_nobody_sorted_is_listed(home, send):
    dataset = import_upload(
        home, "gap", send(("1.png", photo(1), "a"), ("2.png", photo(2), "b"), ("x.png", photo(3), ""))
    )
    assert [(each.name, each.reason) for each in dataset.rejected] == [("x.png", "Nobody said what it shows.")]


def test_what_is_no_photo_is_listed_with_what_it_is(home, send):
    film = ("hike.mp4", b"moving", "")
    dataset = import_upload(home, "gap", send(("1.png", photo(1), "a"), ("2.png", photo(2), "b"), film))
    assert [each.name for each in dataset.rejected] == ["hike.mp4"]
    assert "It is a film" in dataset.rejected[0].reason


def test_one_pdf_is_called_by_its_name(home, send):
    with pytest.raises(BadDataset, match=r'"paper\.pdf"'):
        import_upload(home, "paper", send(("paper.pdf", b"%PDF-1.4", "")))


def test_photos_are_added_to_a_class_of_a_label_column(home, send, zipped):
    rows = "file,kind,colour\n" + "\n".join(f"{n}.png,{'ab'[n % 2]},{('red', 'blue')[n // 2 % 2]}" for n in range(8))
    files = {f"{n}.png": photo(n) for n in range(8)} | {"labels.csv": rows.encode()}
    dataset = import_dataset(home, "two", zipped(files))
    added = add_photos(home, dataset, send(("new.png", photo(50), "green"), task="colour"))
    assert classes_by_name(added, "colour")["new.png"] == "green"
    assert classes_by_name(added, "kind")["new.png"] is None
