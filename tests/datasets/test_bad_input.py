"""Bad input gets one clear sentence, and nothing of it stays behind."""

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets import check, import_dataset, import_photos, list_datasets, load_dataset, originals
from core.datasets.sources import LabeledPhoto, LabeledPhotos
from core.datasets.sources import zip as zip_source
from core.errors import BadDataset, BadInput, DiskFull, GraftError, NotFound
from core.home import open_home, part_beside
from core.tasks.classes.labels import MOST_CLASSES
from tests.datasets.conftest import classes_by_name, leftovers, photo

ABC = {f"{label}/{n}.png": photo(10 * i + n) for i, label in enumerate("abc") for n in range(4)}


def refused(home, source: Path, kind: type[GraftError], words: str, **how) -> GraftError:
    """The error that the import ends in, once it is sure that nothing was left behind."""
    with pytest.raises(kind, match=words) as caught:
        import_dataset(home, "photos", source, **how)
    assert leftovers(home.datasets) == set()
    assert list_datasets(home) == []
    assert caught.value.remedy
    return caught.value


def test_an_empty_zip(home, zipped):
    refused(home, zipped({}, "leaves.zip"), BadDataset, '"leaves.zip" holds no photos')


def test_a_zip_of_texts_only(home, zipped):
    refused(home, zipped({"a/1.txt": b"hello"}), BadDataset, "holds no photos")


def test_a_zip_of_a_zip_says_what_it_found(home, zipped):
    inner = zipped(ABC).read_bytes()
    words = r'No photo could be read from "photos.zip" \(1 tried\). "leaves.zip": An archive inside'
    refused(home, zipped({"leaves.zip": inner}), BadDataset, words)


def test_a_file_without_bytes(home, tmp_path):
    (tmp_path / "leaves.zip").touch()
    refused(home, tmp_path / "leaves.zip", BadDataset, '"leaves.zip" is empty')


def test_a_text_called_zip(home, tmp_path):
    (tmp_path / "leaves.zip").write_bytes(b"not a zip at all" * 9)
    refused(home, tmp_path / "leaves.zip", BadDataset, "is not a zip archive, whatever its name says")


def test_an_archive_of_another_kind(home, tmp_path):
    (tmp_path / "leaves.rar").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(99))
    refused(home, tmp_path / "leaves.rar", BadDataset, "archive of another kind than zip")


def test_a_path_that_is_not_there(home, tmp_path):
    refused(home, tmp_path / "nowhere", NotFound, "does not exist")


def test_a_truncated_zip(home, zipped):
    source = zipped(ABC, "leaves.zip")
    source.write_bytes(source.read_bytes()[:-200])
    refused(home, source, BadDataset, "is damaged or was cut short")


def test_a_zip_whose_directory_is_garbage(home, zipped):
    content = bytearray(zipped(ABC).read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start : start + 60] = b"\xff" * 60
    (source := zipped(ABC)).write_bytes(content)
    refused(home, source, BadDataset, "is damaged")


def test_one_damaged_photo_in_a_zip_is_listed_and_the_others_are_kept(home, zipped):
    source = zipped(ABC)
    content = bytearray(source.read_bytes())
    place = content.index(b"a/1.png") + 20
    content[place : place + 8] = b"\0\xff" * 4
    source.write_bytes(content)
    dataset = import_dataset(home, "photos", source)
    assert [(r.name, "damaged" in r.reason) for r in dataset.rejected] == [("a/1.png", True)]
    assert len(dataset) == len(ABC) - 1


def test_a_zip_protected_by_a_password(home, zipped):
    source = zipped(ABC, "leaves.zip")
    content = bytearray(source.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := content.find(mark, place + 1)) >= 0:
            content[place + offset] |= 1  # general purpose bit 0: encrypted
    source.write_bytes(content)
    error = refused(home, source, BadDataset, 'The archive "leaves.zip" is protected by a password.')
    assert error.remedy == "Unpack it on your computer and drop the folder here instead."


def test_a_zip_packed_by_a_method_of_few_programs(home, zipped):
    source = zipped(ABC)
    content = source.read_bytes()
    source.write_bytes(
        content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x08", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x09")
    )
    refused(home, source, BadDataset, "packed in a way that only some programs can read")


@pytest.mark.parametrize("name", ["../../escaped/1.png", "/etc/a/1.png", "C:\\a\\1.png", "a\\..\\..\\1.png"])
def test_a_name_that_climbs_out_is_refused_and_writes_nothing_outside(home, zipped, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if home.root not in path.parents}
    dataset = import_dataset(home, "photos", zipped({**ABC, name: photo(99)}))
    assert [r.reason for r in dataset.rejected] == ["Its name points outside the archive."]
    assert len(dataset) == len(ABC)
    assert {p for p in tmp_path.rglob("*") if home.root not in p.parents} - before == {tmp_path / "photos.zip"}


def test_a_zip_bomb_is_refused_by_what_it_says(home, tmp_path, monkeypatch):
    monkeypatch.setattr(zip_source, "UNPACKED_FREE_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(8):
            archive.writestr(f"a/{number}.bmp", bytes(2**20))
    refused(home, tmp_path / "bomb.zip", BadDataset, "unpacks to more than")


def test_a_zip_bomb_that_lies_about_its_sizes_is_stopped_while_it_is_read(home, monkeypatch):
    read = []

    class Endless(io.RawIOBase):
        def read(self, size=-1):
            read.append(size)
            return bytes(size)

    monkeypatch.setattr(originals, "PHOTO_BYTES", 2**30)
    with pytest.raises(BadDataset, match='"bomb" unpacks to more than'):
        endless = [LabeledPhoto("a/1.png", Endless, {"class": "a"})]
        import_photos(home, "bomb", LabeledPhotos(endless, "bomb", limit_bytes=2**22))
    assert sum(read) <= 2**22 + originals.CHUNK_BYTES
    assert leftovers(home.datasets) == set()


def test_a_file_that_never_ends_is_no_photo(home, monkeypatch):
    monkeypatch.setattr(originals, "PHOTO_BYTES", 2**20)
    found = [LabeledPhoto("a/1.png", lambda: io.BytesIO(bytes(2**21)), {"class": "a"})]
    found += [LabeledPhoto(f"b/{n}.png", lambda n=n: io.BytesIO(photo(n)), {"class": "b"}) for n in range(2)]
    dataset = import_photos(home, "photos", LabeledPhotos(found))
    assert [r.name for r in dataset.rejected] == ["a/1.png"]


def test_entries_that_share_the_same_bytes_are_counted_each(home, zipped, monkeypatch):
    """The overlapping bomb: many entries of the directory point at one compressed stream."""
    monkeypatch.setattr(zip_source, "UNPACKED_FREE_BYTES", 2**20)
    content = zipped({"a/000.bmp": bytes(2**20 - 1)}).read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry, count = content[start:end], 400
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, start, 0)
    source = zipped({})
    entries = b"".join(entry.replace(b"000", b"%03d" % number) for number in range(count))
    source.write_bytes(content[:start] + entries + tail)
    refused(home, source, BadDataset, "unpacks to more than")


def test_a_directory_too_long_to_read_is_refused_before_it_is_read(home, zipped, monkeypatch):
    monkeypatch.setattr(zip_source, "DIRECTORY_BYTES", 100)
    refused(home, zipped(ABC), BadDataset, "holds more than 500,000 files")


def test_a_picture_that_unpacks_into_gigapixels_is_listed_with_its_reason(home, zipped):
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">2L5B", 60_000, 60_000, 1, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(2**16))) + chunk(b"IEND", b"")
    dataset = import_dataset(home, "photos", zipped({**ABC, "a/bomb.png": bomb}))
    assert [(r.name, "too large" in r.reason) for r in dataset.rejected] == [("a/bomb.png", True)]
    assert not list(dataset.folder.rglob(".*"))


def test_a_text_called_jpg_is_listed_with_its_reason_and_its_file_is_gone(home, zipped):
    dataset = import_dataset(home, "photos", zipped({**ABC, "a/text.jpg": b"no photo", "b/same.jpg": b"no photo"}))
    assert [(r.name, "not a picture" in r.reason) for r in dataset.rejected] == [
        ("a/text.jpg", True),
        ("b/same.jpg", True),
    ]
    assert len(list(dataset.folder.rglob("originals/*/*"))) == len(ABC)


def test_nothing_but_texts_called_jpg_names_the_first_and_why(home, zipped):
    words = r'No photo could be read from "photos.zip" \(2 tried\). "a/1.jpg": The file is not a picture'
    refused(home, zipped({"a/1.jpg": b"x", "b/1.jpg": b"y"}), BadDataset, words)


def test_loose_photos_say_how_to_label_them(home, zipped):
    error = refused(home, zipped({"1.png": photo(1), "2.png": photo(2)}), BadDataset, "lie in no class folders")
    assert error.remedy.startswith("Put the photos of each class into a folder named after it")


def test_one_class_only_is_imported_and_cannot_be_trained_on(home, zipped):
    dataset = import_dataset(home, "photos", zipped({f"cats/{n}.png": photo(n) for n in range(3)}))
    assert dataset.tasks[0].classes == ("cats",)
    assert [c.sentence for c in check(dataset) if c.level == "stop"] == [
        'There is only one class, "cats": training needs at least two to tell apart'
    ]


def test_a_class_with_one_photo_is_imported_and_named(home, zipped):
    dataset = import_dataset(home, "photos", zipped({**ABC, "spotted/1.png": photo(77)}))
    assert [c.sentence for c in check(dataset) if c.level == "stop"] == [
        'Class "spotted" has 1 photo; training needs at least 2 in each class: add photos or leave it out'
    ]


def test_classes_that_differ_in_case_only_stay_two_and_are_named(home, zipped):
    files = {f"{c}/{n}.png": photo(10 * i + n) for i, c in enumerate(("Cat", "cat")) for n in range(3)}
    dataset = import_dataset(home, "photos", zipped(files))
    assert dataset.tasks[0].classes == ("Cat", "cat")
    assert 'Classes "Cat" and "cat" are spelled alike: are they the same?' in {
        c.sentence for c in check(dataset) if c.level == "warning"
    }


@pytest.mark.slow
def test_ten_thousand_classes(home, zipped):
    refused(
        home,
        zipped({f"{n}/1.png": b"" for n in range(10_000)}),
        BadDataset,
        f"10,000 classes; .* at most {MOST_CLASSES:,}",
    )


@pytest.mark.parametrize("name", ["", "  \n ", "x" * 81])
def test_a_name_that_is_none(home, zipped, name):
    with pytest.raises(BadInput, match="name"):
        import_dataset(home, name, zipped(ABC))


def test_a_name_that_is_taken_is_said_before_the_work(home, zipped):
    import_dataset(home, "Leaves", zipped(ABC))
    with pytest.raises(BadInput, match='There is a dataset called "leaves" already'):
        import_dataset(home, "leaves", Path("never looked at"))


def test_a_name_taken_while_photos_were_read_leaves_the_other_dataset_alone(home, zipped):
    source, first = zipped(ABC), []

    def be_quicker(done, total, doing):
        if not first:
            first.append(None)
            first.append(import_dataset(home, "leaves", source))

    with pytest.raises(BadInput, match="already"):
        import_dataset(home, "leaves", source, progress=be_quicker)
    assert {path.name for path in home.datasets.iterdir()} == {first[1].id}
    assert len(load_dataset(home, "leaves")) == len(ABC)


def test_a_cancelled_import_leaves_nothing(home, zipped):
    class Cancelled(BaseException):
        pass

    def cancel(done, total, doing):
        raise Cancelled

    with pytest.raises(Cancelled):
        import_dataset(home, "photos", zipped(ABC), progress=cancel)
    assert leftovers(home.datasets) == set()


def test_what_a_killed_import_left_is_swept_by_the_next(home, zipped):
    killed = "import sys; from pathlib import Path; from core.home import part_beside;"
    killed += "(part_beside(Path(sys.argv[1])) / 'originals').mkdir(parents=True)"
    subprocess.run([sys.executable, "-c", killed, str(home.datasets / "0123456789ab")], check=True)
    (alive := part_beside(home.datasets / "ba9876543210")).mkdir()
    dataset = import_dataset(home, "photos", zipped(ABC))
    assert {path.name for path in home.datasets.iterdir()} == {dataset.id, alive.name}


def test_a_source_larger_than_the_disk_is_said_before_the_work(home, zipped, monkeypatch):
    monkeypatch.setattr("core.datasets.importing.free_bytes", lambda path: 1_000)
    refused(home, zipped(ABC), DiskFull, "67 MB are to stay free; only 1.0 kB are")


def test_a_disk_that_fills_up_in_the_middle_keeps_what_was_there(small_disk, zipped, monkeypatch):
    monkeypatch.setattr("core.datasets.importing.free_bytes", lambda path: 10**12)
    home = open_home(small_disk / "home")
    before = import_dataset(home, "leaves", zipped(ABC))
    with pytest.raises(DiskFull, match="is full"):
        import_dataset(home, "large", zipped({f"{c}/1.bmp": photo(i, (1100, 1100), "BMP") for i, c in enumerate("ab")}))
    assert [summary.name for summary in list_datasets(home)] == ["leaves"]
    assert {path.name for path in home.datasets.iterdir()} == {before.id}
    assert before.path(before.table["image_id"][0]).exists()


def test_a_disk_that_fills_up_while_photos_are_added_keeps_the_old_version(small_disk, zipped, monkeypatch):
    from core.datasets import add_photos

    monkeypatch.setattr("core.datasets.importing.free_bytes", lambda path: 10**12)
    home = open_home(small_disk / "home")
    before = import_dataset(home, "leaves", zipped(ABC))
    files = leftovers(home.datasets)
    with pytest.raises(DiskFull, match="is full"):
        add_photos(home, before, zipped({f"a/{n}.bmp": photo(n, (1100, 1100), "BMP") for n in range(2)}))
    assert load_dataset(home, "leaves").version == 1
    assert leftovers(home.datasets) == files


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_of_a_zip_are_wrong_it_is_imported_or_refused_in_words(home, zipped, data):
    content = bytearray(zipped(ABC).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    source = zipped({})
    source.write_bytes(content)
    name = f"photos {len(list_datasets(home))}"
    try:
        dataset = import_dataset(home, name, source)
    except GraftError:
        pass
    else:
        assert set(classes_by_name(dataset)) | {r.name for r in dataset.rejected}
    assert not list(home.datasets.glob(".*"))
