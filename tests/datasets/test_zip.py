"""Zips as people make them: wrapped, nested, with noise, with names in any alphabet."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from core.datasets import import_dataset
from core.errors import BadDataset
from tests.datasets.conftest import classes_by_name, photo, splits_by_name


def _pictures(names: list[str]) -> dict[str, bytes]:
    return {name: photo(number) for number, name in enumerate(names)}


def test_class_folders_become_classes_in_natural_order(home, zipped):
    names = ("class 10", "class 2", "Class 1")
    source = zipped({f"{name}/{n}.png": photo(10 * i + n) for i, name in enumerate(names) for n in range(3)})
    dataset = import_dataset(home, "photos", source)
    assert dataset.tasks[0].classes == ("Class 1", "class 2", "class 10")
    assert classes_by_name(dataset)["class 2/1.png"] == "class 2"
    assert dataset.rejected == ()


def test_originals_are_kept_byte_for_byte_under_their_hash(home, zipped):
    content = photo(7)
    dataset = import_dataset(home, "photos", zipped({"a/x.PNG": content, "b/y.png": photo(8)}))
    row = dataset.table.iloc[0]
    digest = hashlib.sha256(content).hexdigest()
    assert (row["hash"], row["file"]) == (digest, f"originals/{digest[:2]}/{digest}.png")
    assert dataset.path(row["image_id"]).read_bytes() == content
    assert (row["width"], row["height"]) == (40, 36)


def test_wrapping_folders_and_noise_do_not_matter(home, zipped):
    noise = {"__MACOSX/my/leaves/oak/._1.png": b"x", "my/.DS_Store": b"x", "my/leaves/oak/Thumbs.db": b"x"}
    noise |= {"my/readme.txt": b"hello", "my/leaves/": b"", "my/leaves/oak/@eaDir/1.png": photo(3)}
    source = zipped({"my/leaves/oak/1.PNG": photo(1), "my/leaves/elm/2.JpG": photo(2, kind="JPEG"), **noise})
    dataset = import_dataset(home, "leaves", source)
    assert classes_by_name(dataset) == {"my/leaves/oak/1.PNG": "oak", "my/leaves/elm/2.JpG": "elm"}
    assert dataset.rejected == ()


def test_a_photo_beside_the_class_folders_is_left_out_with_a_reason(home, zipped):
    files = {"my/a/1.png": photo(1), "my/b/1.png": photo(2), "my/cover.png": photo(3), "loose.png": photo(4)}
    for wrapper, stray in (("my/", "my/cover.png"), ("", "loose.png")):
        kept = {name: content for name, content in files.items() if name == stray or name.count("/") == 2}
        dataset = import_dataset(home, f"photos {wrapper}", zipped(kept))
        assert [(r.name, "no class folder" in r.reason) for r in dataset.rejected] == [(stray, True)]


def test_split_folders_are_kept_as_they_are(home, zipped):
    said = {"Train": "train", "valid": "validation", "TEST": "test"}
    names = [f"set/{split}/{label}/{n}.png" for split in said for label in "ab" for n in range(4)]
    dataset = import_dataset(home, "photos", zipped(_pictures(names)))
    assert dataset.splits_from == "folders"
    assert dataset.tasks[0].classes == ("a", "b")
    assert splits_by_name(dataset) == {name: said[name.split("/")[1]] for name in names}


def test_splits_inside_class_folders_are_understood(home, zipped):
    names = [f"{label}/{split}/{n}.png" for label in "ab" for split in ("train", "val") for n in range(2)]
    dataset = import_dataset(home, "photos", zipped(_pictures(names)))
    assert dataset.tasks[0].classes == ("a", "b")
    assert splits_by_name(dataset)["a/val/1.png"] == "validation"


def test_validation_is_drawn_from_train_when_there_is_only_a_test_folder(home, zipped):
    files = {f"train/{c}/{n}.png": photo(n + 100 * i) for i, c in enumerate("ab") for n in range(20)}
    files |= {f"test/{c}/{n}.png": photo(1_000 + n + 100 * i) for i, c in enumerate("ab") for n in range(5)}
    dataset = import_dataset(home, "photos", zipped(files))
    tested = {name for name, split in splits_by_name(dataset).items() if split == "test"}
    assert tested == {name for name in files if name.startswith("test/")}
    assert dataset.counts(dataset.tasks[0], "validation") == {"a": 2, "b": 2}


def test_no_test_split_is_made_up_beside_given_train_and_validation_folders(home, zipped):
    names = [f"{split}/{label}/{n}.png" for split in ("train", "val") for label in "ab" for n in range(9)]
    dataset = import_dataset(home, "photos", zipped(_pictures(names)))
    assert [len(dataset.indices(split)) for split in ("train", "validation", "test")] == [18, 18, 0]


def test_an_unlabelled_test_folder_is_no_class(home, zipped):
    files = {f"train/{c}/{n}.png": photo(100 * i + n) for i, c in enumerate("ab") for n in range(4)}
    dataset = import_dataset(home, "photos", zipped(files | {"test/1.png": photo(900)}))
    assert dataset.tasks[0].classes == ("a", "b")
    assert [r.name for r in dataset.rejected] == ["test/1.png"]


def test_a_train_beside_a_bus_is_a_vehicle(home, zipped):
    files = {f"vehicles/{c}/{n}.png": photo(100 * i + n) for i, c in enumerate(("bus", "train")) for n in range(4)}
    dataset = import_dataset(home, "vehicles", zipped(files))
    assert dataset.tasks[0].classes == ("bus", "train")
    assert dataset.splits_from == "drawn"


def test_domains_of_the_same_classes_are_joined(home, zipped):
    names = [
        f"{domain}/{label}/{n}.png" for domain in ("amazon", "webcam") for label in ("bike", "mug") for n in range(3)
    ]
    dataset = import_dataset(home, "office", zipped(_pictures(names)))
    assert dataset.counts(dataset.tasks[0]) == {"bike": 6, "mug": 6}
    assert "webcam/mug/2.png" in set(dataset.table["name"])


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-8", "žluťoučký kůň"),
        ("cp437", "grüne Äpfel"),
        ("cp866", "яблоки"),
        ("gb2312", "苹果"),
        ("shift_jis", "りんご"),
    ],
)
def test_names_in_an_old_encoding_are_read_right(home, zipped, encoding, label):
    placeholder = "q" * len(label.encode(encoding))
    source = zipped({f"{placeholder}/1.png": photo(1), "zz/2.png": photo(2)})
    source.write_bytes(source.read_bytes().replace(placeholder.encode(), label.encode(encoding)))
    assert label in import_dataset(home, "fruit", source).tasks[0].classes


def test_names_marked_as_utf8_are_read_right_and_composed(home, zipped):
    decomposed = "cafe\u0301"
    dataset = import_dataset(home, "cafés", zipped({f"{decomposed}/1.png": photo(1), "日本語 🍎/1.png": photo(2)}))
    assert dataset.tasks[0].classes == ("caf\u00e9", "日本語 🍎")


def test_an_archive_in_the_archive_is_named_and_not_opened(home, zipped):
    inner = zipped({"c/1.png": photo(3)}, "inner.zip").read_bytes()
    dataset = import_dataset(home, "photos", zipped({"a/1.png": photo(1), "b/1.png": photo(2), "more.zip": inner}))
    assert len(dataset) == 2
    assert [(r.name, "unpack it first" in r.reason) for r in dataset.rejected] == [("more.zip", True)]


def test_stored_and_deflated_photos_are_read_from_one_archive(home, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "mixed.zip", "w") as archive:
        for number in range(4):
            method = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[number // 2]
            archive.writestr(f"class {number % 2}/{number}.png", photo(number), method)
    assert len(import_dataset(home, "mixed", tmp_path / "mixed.zip")) == 4


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_bit_by_bit_is_refused(home, tmp_path: Path, method: int):
    with zipfile.ZipFile(tmp_path / "leaves.zip", "w", method) as archive:
        archive.writestr("a/1.png", photo(1))
    with pytest.raises(
        BadDataset, match=rf"only some programs can read \(method {method}\). Pack it as an ordinary zip"
    ):
        import_dataset(home, "leaves", tmp_path / "leaves.zip")


def test_progress_counts_up_to_all_photos(home, zipped):
    reported = []
    source = zipped({f"{c}/{n}.png": photo(n + i) for i, c in enumerate("ab") for n in range(5)})
    import_dataset(home, "photos", source, progress=lambda *now: reported.append(now))
    assert reported[-1] == (10, 10, "Reading photos")
    assert [done for done, *_ in reported] == sorted(done for done, *_ in reported)
