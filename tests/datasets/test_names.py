"""Names from anywhere are only ever labels: whatever they are, each photo is taken once or listed once."""

import io
import itertools
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets.columns import ColumnChoice, Undecided, label, understand
from core.datasets.sources import Contents, Entry
from core.datasets.sources.class_folders import folder_columns
from core.datasets.sources.names import ending, is_noise, legacy_encoding, split_named, tidy, tidy_path
from core.datasets.sources.photo_table import CLASS_FOLDER
from core.errors import BadDataset
from core.tasks.classes.labels import natural_order

folder = st.sampled_from(["train", "Val", "test", "cat", "dog", "set", "ß", "日本", "a b"]) | st.text(
    min_size=1, max_size=5
)
paths = st.lists(folder, max_size=5).map(lambda parts: "/".join([*parts, "1.jpg"]))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(paths, min_size=1, max_size=12, unique=True))
def test_each_photo_of_any_tree_is_taken_once_or_listed_once(home, names):
    inside = [name for name in {tidy_path(name) for name in names} if name]
    contents = Contents("tree", tuple(Entry(name, 1, io.BytesIO) for name in inside))
    asked = ()
    try:
        offer = label(understand(home, contents, ColumnChoice()))
    except Undecided as error:
        asked = error.understanding.questions
    except BadDataset:
        assert not any(any(each.values) for each in folder_columns(contents.pictures) if each.name == CLASS_FOLDER)
        return
    if asked:  # a folder beside "train" and "test" that is neither
        assert {question.about for question in asked} == {"split"}
        return
    assert sorted([f.name for f in offer.photos] + [r.name for r in offer.rejected]) == sorted(inside)
    assert all(found.labels["class"] for found in offer.photos)


@given(st.text(max_size=30))
def test_a_tidy_path_never_leaves_its_place(name):
    inside = tidy_path(name)
    if inside is not None:
        parts = inside.split("/")
        assert ".." not in parts
        assert "." not in parts
        assert "" not in parts
        assert not inside.startswith("/")
        assert tidy(inside) == inside


@pytest.mark.parametrize(
    "name", ["../1.jpg", "a/../../1.jpg", "/etc/1.jpg", "\\\\server\\1.jpg", "C:1.jpg", "..", ". ./..\x00"]
)
def test_names_that_lead_outside_are_no_names(name):
    assert tidy_path(name) is None


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4))
def test_any_names_have_one_order(names):
    assert len({tuple(sorted(mixed, key=natural_order)) for mixed in itertools.permutations(names)}) == 1


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=4))
def test_any_bytes_are_a_name_in_some_encoding(names):
    encoding = legacy_encoding(names)
    assert all(name.decode(encoding) for name in names)


@pytest.mark.parametrize(
    ("word", "split"),
    [("TRAIN", "train"), ("test_set", "test"), ("val", "validation"), ("Validation", "validation"), ("trainer", None)],
)
def test_words_for_splits(word, split):
    assert split_named(word) == split


def test_what_systems_strew_about_is_noise():
    assert all(map(is_noise, ["__MACOSX/a/1.jpg", "a/._1.jpg", ".git/1.png", "a/@eaDir/1.jpg"]))
    assert not any(map(is_noise, ["a/1.jpg", "my.photos/1.jpg"]))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/B.JPG", "jpg"),
        ("a.b/c", ""),
        (".jpg", ""),
        ("a.", ""),
        ("x.tar.gz", "gz"),
        ("a.b/", "b"),
        ("", ""),
        ("..x", "x"),
    ],
)
def test_the_ending_of_a_name_is_what_stands_behind_its_last_point(name, kind):
    assert ending(name) == kind == PurePosixPath(name).suffix[1:].lower()
