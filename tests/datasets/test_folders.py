"""A folder on this machine, and files dropped in the browser."""

import contextlib
import io
import json
import os
import weakref
from pathlib import Path

import pytest

from core.datasets import add_photos, import_dataset, import_photos, import_upload, inbox, originals
from core.datasets.sources import LabeledPhoto, LabeledPhotos
from core.errors import BadDataset, BadInput
from core.home import Home
from tests.datasets.conftest import classes_by_name, leftovers, photo


def test_a_zip_in_a_dropped_folder_is_one_of_its_files(home, zipped):
    photos = {f"leaves/{kind}/{n}.png": photo(10 * n + kind) for kind in range(2) for n in range(5)}
    seeded_dropout = drop(
        home, photos | {"leaves/old/backup.zip": zipped({"a/1.png": photo(90), "b/1.png": photo(91)}).read_bytes()}
    )
    dataset = import_upload(home, "leaves", seeded_dropout)
    assert len(dataset) == 10
    assert [rejected.name for rejected in dataset.rejected] == ["leaves/old/backup.zip"]


def test_a_folder_is_read_at_any_depth_and_left_as_it_was(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "leaves", {"oak": 3, "conifers/fir": 3})
    before = leftovers(folder)
    dataset = import_dataset(home, "leaves", folder)
    assert dataset.tasks[0].classes == ("fir", "oak")
    assert classes_by_name(dataset)["conifers/fir/0001.png"] == "fir"
    assert leftovers(folder) == before
    assert dataset.origin == "leaves"


def test_links_that_lead_out_of_the_folder_are_not_followed(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "leaves", {"oak": 2, "fir": 2})
    secret = draw_photos(tmp_path / "secret", {"private": 1})
    (folder / "oak" / "link.png").symlink_to(secret / "private" / "0000.png")
    (folder / "more").symlink_to(secret)
    (folder / "fir" / "inside.png").symlink_to(folder / "oak" / "0000.png")
    dataset = import_dataset(home, "leaves", folder)
    assert {r.name for r in dataset.rejected} == {"oak/link.png", "more"}
    assert "fir/inside.png" in set(dataset.table["name"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_is_not_waited_for(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "leaves", {"oak": 2, "fir": 2})
    os.mkfifo(folder / "oak" / "pipe.png")
    assert len(import_dataset(home, "leaves", folder)) == 4


def test_a_folder_of_photos_without_class_folders_says_what_to_do(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "leaves", {"oak": 2})
    with pytest.raises(BadDataset, match='The photos in "oak" lie in no class folders'):
        import_dataset(home, "leaves", folder / "oak")


@pytest.mark.slow
def test_two_thousand_dropped_files_arrive_complete(home):
    names = [f"leaves/{('oak', 'fir')[n % 2]}/{n}.png" for n in range(2_000)]
    dataset = import_upload(home, "leaves", drop(home, {name: photo(n, (8, 8)) for n, name in enumerate(names)}))
    assert classes_by_name(dataset) == {name: name.split("/")[1] for name in names}
    assert dataset.origin == "leaves"


def test_an_inbox_folder_is_used_up_by_an_import_whether_it_succeeds_or_not(home):
    fine = drop(home, {"a/1.png": photo(1), "b/1.png": photo(2)})
    import_upload(home, "fine", fine)
    assert not fine.exists()
    loose = drop(home, {"1.png": photo(1)})
    with pytest.raises(BadDataset, match='"1.png" lie in no class folders'):
        import_upload(home, "loose", loose)
    assert not loose.exists()


def test_photos_of_the_camera_are_kept_until_they_are_a_dataset(home):
    folder = home.inbox / inbox.new_folder_name()
    inbox.add_camera_photo(folder, "a/1.png", photo(1))
    inbox.add_camera_photo(folder, "b/1.png", b"no picture")
    with pytest.raises(BadInput):
        import_upload(home, " ", folder)
    assert len(inbox.received_files(folder)) == 2
    assert len(import_upload(home, "things", folder)) == 1
    assert not folder.exists()


def test_a_file_that_does_not_arrive_whole_is_no_file_of_an_upload(home):
    folder = home.inbox / inbox.new_folder_name()
    with contextlib.suppress(ConnectionError), inbox.receive_file(folder, 0, "a/1.png") as file:
        file.write(b"half")
        raise ConnectionError
    assert list(folder.iterdir()) == []


def test_a_dropped_zip_is_called_by_the_name_it_had(home, zipped):
    content = zipped({"a/1.png": photo(1), "b/1.png": photo(2)}).read_bytes()
    dataset = import_upload(home, "leaves", drop(home, {"my leaves.zip": content}))
    assert dataset.origin == "my leaves.zip"
    with pytest.raises(BadDataset, match='"broken.zip" is damaged'):
        import_upload(home, "broken", drop(home, {"broken.zip": content[:-50]}))


def test_a_dropped_csv_labels_the_photos_dropped_with_it(home):
    files = {"labels.csv": b"file,kind\n1.png,oak\n2.png,fir\n3.png,oak\n4.png,fir\n"}
    dataset = import_upload(home, "leaves", drop(home, files | {f"{n}.png": photo(n) for n in range(1, 5)}))
    assert classes_by_name(dataset, "kind") == {"1.png": "oak", "2.png": "fir", "3.png": "oak", "4.png": "fir"}


def test_photos_dropped_beside_a_zip_are_named(home, zipped):
    content = zipped({"a/1.png": photo(1), "b/1.png": photo(2)}).read_bytes()
    dataset = import_upload(home, "leaves", drop(home, {"more/3.png": photo(3), "leaves.zip": content}))
    assert [(r.name, r.reason) for r in dataset.rejected] == [
        ("more/3.png", 'It was dropped beside "leaves.zip": add it by itself.')
    ]


def test_an_archive_in_a_folder_is_named(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "leaves", {"oak": 2, "fir": 2})
    (folder / "old.ZIP").write_bytes(b"PK")
    assert [r.name for r in import_dataset(home, "leaves", folder).rejected] == ["old.ZIP"]


def test_several_dropped_zips_are_refused_in_words(home, zipped):
    content = zipped({"a/1.png": photo(1)}).read_bytes()
    with pytest.raises(BadDataset, match="2 archives were dropped at once"):
        import_upload(home, "leaves", drop(home, {"a.zip": content, "b.zip": content}))


@pytest.mark.parametrize("name", ["../../a/1.png", "/etc/1.png", ".."])
def test_a_dropped_name_that_climbs_out_is_left_out(home, name):
    dataset = import_upload(home, "leaves", drop(home, {name: photo(9), "a/1.png": photo(1), "b/1.png": photo(2)}))
    assert [r.reason for r in dataset.rejected] == ["Its name points outside the folder."]


def test_a_side_file_that_is_broken_costs_one_photo_its_folder_only(home):
    inbox = drop(home, {"a/1.png": photo(1), "b/1.png": photo(2), "b/2.png": photo(3)})
    (inbox / "2.json").write_text("{")
    assert len(import_upload(home, "leaves", inbox)) == 2


def test_photos_made_while_they_are_taken_become_a_dataset(home):
    made = (
        LabeledPhoto(f"{kind} {n}", lambda n=n: io.BytesIO(photo(n)), {"kind": kind, "spotted": "yes" if n % 3 else ""})
        for n, kind in enumerate(["oak", "fir"] * 6)
    )
    dataset = import_photos(home, "made", LabeledPhotos(made, "drawn"))
    assert [(task.name, task.classes) for task in dataset.tasks] == [("kind", ("fir", "oak")), ("spotted", ("yes",))]
    assert classes_by_name(dataset, "spotted")["oak 0"] is None
    assert dataset.path(dataset.table["image_id"][0]).suffix == ""


def test_dropped_photos_can_be_added(home):
    dataset = import_upload(home, "leaves", drop(home, {"a/1.png": photo(1), "b/1.png": photo(2)}))
    inbox = drop(home, {"c/1.png": photo(3)})
    assert add_photos(home, dataset, inbox).tasks[0].classes == ("a", "b", "c")
    assert not inbox.exists()


def drop(home: Home, files: dict[str, bytes]) -> Path:
    """An inbox folder as the upload route writes it."""
    folder = home.inbox / f"{len(list(home.inbox.iterdir())):032}"
    folder.mkdir()
    for number, (name, content) in enumerate(files.items()):
        (folder / str(number)).write_bytes(content)
        (folder / f"{number}.json").write_text(json.dumps({"name": name}))
    (folder / ".7-half").write_bytes(b"still on its way")
    return folder


def test_photos_made_on_the_way_are_not_kept_in_memory(home):
    alive = weakref.WeakSet()

    class Content(io.BytesIO):
        pass

    def made():
        for number in range(300):
            content = Content(photo(number))
            alive.add(content)
            yield LabeledPhoto(f"{number}.png", lambda content=content: content, {"kind": "ab"[number % 2]})
            del content

    most = 0

    def count(*now):
        nonlocal most
        most = max(most, len(alive))

    monitored = (count() or one for one in made())
    import_photos(home, "made", LabeledPhotos(monitored))
    assert most <= originals.WAITING + 3
