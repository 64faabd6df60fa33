"""What columns mean: whatever stands in them it is understood, asked about or refused in words, and remembered."""

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets import ColumnChoice, consequence, decide, import_upload, inbox, preview_in_doubt, roles_for
from core.datasets.columns import Undecided, examples, label, remember, still_missing, understand
from core.datasets.columns.facts import Facts, is_one_of
from core.datasets.sources import Contents, Entry
from core.datasets.sources.name_parts import name_columns
from core.errors import BadInput, GraftError
from tests.datasets.conftest import photo

AS_GUESSED = ColumnChoice()
CELLS = """
    a b cat dog cat|dog 0 1 2 3.5 1e400 ١ ² x yes no train dev test 2024-01-01 P1 P2 ['a','b'] [[[ nan -1 0.0 1.0 1,5 é
    {name}
"""
HEADERS = """
    label label:kind patient_id site split set count is_train sex date id x group folder table class_id tags Ångström __
"""
cells = st.sampled_from(["", "\u2028", *CELLS.split()]) | st.text(max_size=6)
headers = st.sampled_from(["", "name 1", *HEADERS.split()]) | st.text(max_size=6)
names = st.sampled_from(
    [
        "{}.jpg",
        "a/{}.jpg",
        "b/{}.jpg",
        "train/{}.jpg",
        "test/a/{}.jpg",
        "clip1_frame{}.jpg",
        "cat.{}.jpg",
        "({}).jpg",
        "{}",
    ]
)


def entry(name: str, content: bytes = b"") -> Entry:
    return Entry(name, len(content), lambda: io.BytesIO(content))


def source(pictures: list[str], tables: dict[str, bytes]) -> Contents:
    pictures = list(dict.fromkeys(pictures))
    return Contents("source", tuple(map(entry, pictures)), tuple(entry(*table) for table in tables.items()))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_any_table_beside_any_photos_is_understood_asked_about_or_refused(home, data):
    photos = [data.draw(names).format(n) for n in range(data.draw(st.integers(1, 9)))]
    header = ["file", *data.draw(st.lists(headers, max_size=4))]
    rows = [[name.split("/")[-1], *data.draw(st.lists(cells, min_size=len(header) - 1, max_size=4))] for name in photos]
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    contents = source(photos, {"labels.csv": text.getvalue().encode("utf-8", "replace")})
    try:
        understanding = understand(home, contents, AS_GUESSED)
    except GraftError:
        return
    found = consequence(understanding)
    assert sum(found.splits.values()) == len(found.photos) <= len(contents.pictures)
    roles = {}
    for reading in understanding.readings:
        choices = roles_for(understanding, reading.column)
        assert reading.role in choices
        assert isinstance(examples(understanding, reading.column), str)
        roles[reading.column] = data.draw(st.sampled_from([role for role in choices if role != "photo"] or ["photo"]))
    try:
        decided = decide(understanding, ColumnChoice(roles))
        label(decided)
    except Undecided:
        assert still_missing(decided)
    except BadInput:
        pass


@given(
    content=st.recursive(
        st.none() | st.text(max_size=3) | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["data", "image", "annotations", "result", "value", "choices", "file_name", "label"]),
                inner,
            )
        ),
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_any_json_beside_class_folders_leaves_them_as_they_are(home, ending, content):
    tables = {f"export.{ending}": json.dumps(content).encode()}
    photos = label(understand(home, source([f"{kind}/{n}.jpg" for kind in "ab" for n in range(2)], tables), AS_GUESSED))
    assert [each.labels for each in photos.photos] == [{"class": kind} for kind in "aabb"]


@given(st.lists(st.text(alphabet="ab1_.- ()", min_size=1, max_size=12), min_size=1, max_size=8))
def test_parts_of_any_names_are_columns_as_long_as_the_names(stems):
    for column in name_columns([f"{stem}.jpg" for stem in stems]):
        assert len(column.values) == len(stems)
        assert len(set(column.values)) > 1


@pytest.mark.parametrize(
    ("values", "is_yes_no"),
    [
        ("10", True),
        (["1.0", "0.0"], True),
        ("x", True),
        (["ja", "nein"], True),
        ("xy", False),
        ("012", False),
        ("0", False),
    ],
)
def test_yes_and_no_are_one_word_each(values, is_yes_no):
    assert Facts(list(values)).is_yes_no == is_yes_no


def test_one_of_several_columns_says_yes_in_each_row_or_it_is_no_class():
    assert is_one_of([["1", "0", ""], ["0", "1", ""]])
    assert not is_one_of([["1", "0"], ["1", "1"]])
    assert not is_one_of([["0", "0"], ["0", "1"]])


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["cat", "dog", "cat|dog"], "|"),
        (["a;b", "b;c", "a;c"], ";"),
        (["tench, Tinca tinca", "goldfish, Carassius auratus"], ""),
        (["red car", "blue car"], ""),
        (["['a', 'b']", "['a']", "['b']"], "|"),
    ],
)
def test_several_labels_in_a_cell_are_known_by_labels_that_other_cells_have(cells, mark):
    assert Facts(cells).mark == mark


def test_a_look_at_an_upload_leaves_it_where_it_is_and_the_import_uses_it_up(home):
    folder = home.inbox / inbox.new_folder_name()
    rows = "".join(f"{n}.png,{'ab'[n % 2]},P{n // 2}\n" for n in range(12))
    files = {f"{n}.png": photo(n) for n in range(12)} | {"t.csv": b"file,label,patient\n" + rows.encode()}
    for number, (name, content) in enumerate(files.items()):
        with inbox.receive_file(folder, number, name) as file:
            file.write(content)
    preview = preview_in_doubt(home, folder)
    assert len(preview.thumbnails) == 12
    assert len(inbox.received_files(folder)) == 13
    dataset = import_upload(home, "dropped", folder, columns=ColumnChoice({"label": "class", "patient": "group"}))
    assert dataset.table["group"].nunique() == 6
    assert not folder.exists()


def test_what_is_remembered_counts_for_the_same_columns_alone(home, zipped):
    def packed(header: str) -> Contents:
        rows = "".join(f"{n}.jpg,{n % 3}\n" for n in range(9))
        return source([f"{n}.jpg" for n in range(9)], {"t.csv": f"{header}\n{rows}".encode()})

    chosen = ColumnChoice({"count": "class"})
    decided = understand(home, packed("file,count"), chosen)
    remember(home, decided.table, chosen)
    assert understand(home, packed("file,count"), AS_GUESSED).is_remembered
    other = understand(home, packed("file,amount"), AS_GUESSED)
    assert not other.is_remembered
    assert other.questions


def test_a_damaged_memory_of_columns_is_no_obstacle(home):
    home.columns.write_text("{")
    contents = source([f"{n}.jpg" for n in range(4)], {"t.csv": b"file,label\n0.jpg,a\n1.jpg,b\n2.jpg,a\n3.jpg,b\n"})
    assert not understand(home, contents, AS_GUESSED).is_remembered
