"""Tables beside photos: which column says what, is found out by looking."""

import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import import_dataset
from core.datasets.sources.labeled_photos import Entry
from core.datasets.sources.table_file import read_table
from core.errors import BadDataset
from tests.datasets.conftest import classes_by_name, photo, splits_by_name


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with six photos below `images`: 1.png to 6.png."""
    for number in range(1, 7):
        place = tmp_path / "shelf" / "images" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(photo(number))
    return tmp_path / "shelf"


def table(shelf: Path, text: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
    (shelf / name).write_bytes(text.encode(encoding))
    return shelf / name


def test_a_table_with_two_label_columns_makes_two_tasks(home, shelf):
    rows = "\n".join(f"images/{n}.png,{'ab'[n % 2]},{'yes' if n < 4 else 'no'}" for n in range(1, 7))
    dataset = import_dataset(home, "photos", table(shelf, f"path,kind,spotted\n{rows}"))
    assert [(task.name, task.classes) for task in dataset.tasks] == [("kind", ("a", "b")), ("spotted", ("no", "yes"))]
    assert classes_by_name(dataset, "spotted")["images/4.png"] == "no"
    assert dataset.origin == "labels.csv"


@pytest.mark.parametrize(
    "said",
    ["images/{}.png", "./images/{}.png", "images\\{}.png", "{}.png", "{}", "IMAGES/{}.PNG", "/home/me/images/{}.png"],
)
def test_photos_are_found_however_the_table_calls_them(home, shelf, said):
    rows = "\n".join(f"{said.format(n)},{'ab'[n % 2]}" for n in range(1, 7))
    dataset = import_dataset(home, "photos", table(shelf, f"id,label\n{rows}"))
    assert len(dataset) == 6
    assert classes_by_name(dataset, "label")["images/3.png"] == "b"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiter_and_encoding_are_found_out(home, shelf, delimiter, encoding):
    rows = "\n".join(f"{n}.png{delimiter}{('Bäume', 'Gräser')[n % 2]}" for n in range(1, 7))
    dataset = import_dataset(home, "photos", table(shelf, f"datei{delimiter}art\n{rows}", "x.tsv", encoding))
    assert dataset.tasks[0].classes == ("Bäume", "Gräser")


def test_an_empty_label_is_missing_and_a_photo_may_lack_one(home, shelf):
    text = "file,kind,side\n1.png,a,left\n2.png,b,\n3.png,,left\n4.png,nan,right\n5.png,a,right\n6.png,b,left\n"
    dataset = import_dataset(home, "photos", table(shelf, text))
    assert [name for name, label in classes_by_name(dataset, "kind").items() if label is None] == [
        "images/3.png",
        "images/4.png",
    ]
    assert classes_by_name(dataset, "side")["images/2.png"] is None


def test_split_and_group_columns_are_obeyed(home, shelf):
    rows = "1.png,a,train,x\n2.png,b,train,x\n3.png,a,val,y\n4.png,b,val,y\n5.png,a,test,\n6.png,b,test,\n"
    dataset = import_dataset(home, "photos", table(shelf, f"file,label,Split,group\n{rows}"))
    assert [task.name for task in dataset.tasks] == ["label"]
    assert list(splits_by_name(dataset).values()) == ["train", "train", "validation", "validation", "test", "test"]
    assert list(dataset.table["group"]) == ["x", "x", "y", "y", None, None]
    assert dataset.splits_from == "folders"


def test_a_set_column_that_names_no_splits_is_a_label(home, shelf):
    rows = "".join(f"{n}.png,{('tea', 'coffee')[n % 2]}\n" for n in range(1, 7))
    assert import_dataset(home, "photos", table(shelf, f"file,set\n{rows}")).tasks[0].name == "set"


def test_groups_never_part_when_the_split_is_drawn(home, shelf):
    rows = "".join(f"{n}.png,{'ab'[n % 2]},{'xyz'[(n - 1) // 2]}\n" for n in range(1, 7))
    dataset = import_dataset(home, "photos", table(shelf, f"file,label,group\n{rows}"))
    assert (dataset.table.groupby("group")["split"].nunique() == 1).all()


def test_columns_that_cannot_be_labels_are_left_out_and_named(home, shelf):
    rows = "".join(f"{n}.png,note {n},{'ab'[n % 2]},{n / 7:.3f},same\n" for n in range(1, 7))
    dataset = import_dataset(home, "photos", table(shelf, f"file,remark,kind,weight,always\n{rows}"))
    assert [task.name for task in dataset.tasks] == ["kind"]
    assert dataset.origin == "labels.csv (columns that are no labels: remark, weight, always)"


def test_a_label_column_is_taken_even_when_every_photo_has_its_own_class(home, shelf):
    rows = "".join(f"{n}.png,kind {n}\n" for n in range(1, 7))
    assert len(import_dataset(home, "photos", table(shelf, f"file,label\n{rows}")).tasks[0].classes) == 6


def test_what_the_table_and_the_folder_do_not_share_is_listed(home, shelf):
    text = "file,label\n1.png,a\n2.png,b\n3.png,a\n3.png,b\n99.png,b\n"
    dataset = import_dataset(home, "photos", table(shelf, text))
    assert {r.name: r.reason for r in dataset.rejected} == {
        "99.png": '"labels.csv" names it, but it is not there.',
        "3.png": '"labels.csv" names it twice with different labels; the first counts.',
        **{f"images/{n}.png": '"labels.csv" does not name it, so nothing says what it shows.' for n in (4, 5, 6)},
    }


def test_a_name_that_two_photos_have_is_not_guessed(home, shelf):
    (shelf / "more").mkdir()
    (shelf / "more" / "1.png").write_bytes(photo(11))
    dataset = import_dataset(home, "photos", table(shelf, "file,label\n1.png,a\n2.png,b\n3.png,a\nmore/1.png,b\n"))
    assert set(classes_by_name(dataset)) == {"images/2.png", "images/3.png", "more/1.png"}


def test_a_value_that_climbs_out_reaches_nothing_outside(home, shelf, tmp_path):
    (tmp_path / "secret.png").write_bytes(photo(50))
    text = f"file,label\n../secret.png,a\n{tmp_path}/secret.png,b\n1.png,a\n2.png,b\n"
    dataset = import_dataset(home, "photos", table(shelf, text))
    assert set(dataset.table["name"]) == {"images/1.png", "images/2.png"}


def test_a_table_without_photos_says_where_to_put_it(home, shelf):
    with pytest.raises(BadDataset, match='No column of "labels.csv" names photos') as caught:
        import_dataset(home, "photos", table(shelf, "a,b\nx,y\nz,w\n"))
    assert caught.value.remedy.startswith("Put the CSV next to the photos")


def test_an_empty_table_says_the_same(home, shelf):
    with pytest.raises(BadDataset, match="No column"):
        import_dataset(home, "photos", table(shelf, ""))


def test_a_zip_with_a_table_is_read_by_the_table(home, zipped):
    files = {f"set/images/{n}.jpg": photo(n, kind="JPEG") for n in range(6)}
    rows = "".join(f"images/{n}.jpg,{'ab'[n % 2]}\n" for n in range(6))
    dataset = import_dataset(home, "photos", zipped(files | {"set/labels.csv": f"path,kind\n{rows}".encode()}))
    assert dataset.tasks[0].name == "kind"
    assert dataset.origin == "photos.zip, set/labels.csv"


def test_a_stray_table_beside_class_folders_is_no_obstacle(home, zipped):
    files = {f"{label}/{n}.png": photo(n + 10 * i) for i, label in enumerate("ab") for n in range(3)}
    dataset = import_dataset(home, "photos", zipped(files | {"words.csv": b"folder,word\na,goldfish\nb,newt\n"}))
    assert dataset.tasks[0].classes == ("a", "b")


def test_a_table_damaged_in_the_archive_does_not_cost_the_class_folders(home, zipped):
    files = {f"{label}/{n}.png": photo(n + 10 * i) for i, label in enumerate("ab") for n in range(3)}
    source = zipped({"words.csv": b"path,label\n" * 99, **files})
    content = bytearray(source.read_bytes())
    content[39 + 2 : 39 + 9] = b"\xff" * 7
    source.write_bytes(content)
    assert len(import_dataset(home, "photos", source)) == 6


@given(rows=st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=8), seed=st.integers(0, 99))
def test_any_text_is_a_table_of_even_rows_or_refused_in_words(rows, seed):
    delimiter = random.Random(seed).choice(",;\t")
    content = "\n".join(delimiter.join(row) for row in rows).encode("utf-8", errors="surrogatepass")
    read = read_table(Entry("t.csv", len(content), lambda: io.BytesIO(content)))
    assert all(len(row) == len(read.header) for row in read.rows)
    assert len(set(read.header)) == len(read.header)
