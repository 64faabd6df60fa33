"""Classes are renamed, joined and made by name; each change is a version that can be undone."""

import pytest

from core.datasets import (
    check,
    import_dataset,
    join_classes,
    join_similar_classes,
    relabel,
    rename_class,
    undo,
)
from core.errors import BadInput, NotFound, Refused
from core.tasks import same_spelling, similar_names
from tests.datasets.conftest import photo


@pytest.fixture
def pets(home, zipped):
    """Cats under three spellings, twelve photos of them, and four dogs."""
    counts = {"Cat": 2, "cat": 6, "CAT": 4, "dog": 4}
    files = {
        f"{label}/{n}.png": photo(100 * i + n) for i, (label, count) in enumerate(counts.items()) for n in range(count)
    }
    return import_dataset(home, "pets", zipped(files))


def counts(dataset):
    return dataset.counts(dataset.tasks[0])


@pytest.mark.parametrize(
    "names",
    [
        ("Cat", "cat ", "CAT"),
        ("t-shirt", "T_shirt", "t  shirt"),
        ("Stra\u00dfe", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("\uff21\uff22", "ab"),
    ],
)
def test_names_that_are_one_word_to_a_person_are_alike(names):
    assert len({same_spelling(name) for name in names}) == 1


@pytest.mark.parametrize("names", [("1", "-1"), ("+", "-"), ("C", "C++"), ("cat", "cats"), ("ab", "a b"), ("_", "-")])
def test_names_that_mean_different_things_are_not(names):
    assert similar_names(names) == []


def test_classes_that_are_spelled_alike_are_joined_under_the_commonest_name(home, pets):
    assert "join classes" in {found.mend for found in check(pets)}
    joined = join_similar_classes(home, pets)
    assert counts(joined) == {"cat": 12, "dog": 4}
    assert "join classes" not in {found.mend for found in check(joined)}
    assert joined.table["split"].equals(pets.table["split"])
    assert counts(undo(home, joined)) == counts(pets)


def test_joining_when_nothing_is_alike_is_refused(home, pets):
    joined = join_similar_classes(home, pets)
    with pytest.raises(Refused, match="spelled alike any more"):
        join_similar_classes(home, joined)


def test_a_class_gets_another_name_and_keeps_its_photos(home, pets):
    renamed = rename_class(home, pets, "class", "dog", "  wolf ")
    assert counts(renamed) == {"CAT": 4, "Cat": 2, "cat": 6, "wolf": 4}
    assert list(renamed.table["image_id"]) == list(pets.table["image_id"])


def test_a_class_may_change_its_upper_case_alone(home, pets):
    joined = join_similar_classes(home, pets)
    assert set(counts(rename_class(home, joined, "class", "cat", "Cat"))) == {"Cat", "dog"}


def test_the_name_of_another_class_joins_the_two(home, pets):
    assert counts(rename_class(home, pets, "class", "Cat", "dog"))["dog"] == 6


def test_several_classes_become_one_that_may_be_new(home, pets):
    assert counts(join_classes(home, pets, "class", ["Cat", "cat", "CAT"], "feline")) == {"dog": 4, "feline": 12}


def test_renaming_what_is_gone_or_to_nothing_is_refused_in_words(home, pets):
    with pytest.raises(NotFound, match='"pets" has no class called "horse" any more'):
        rename_class(home, pets, "class", "horse", "pony")
    with pytest.raises(BadInput, match="The class has no name"):
        rename_class(home, pets, "class", "dog", " \n ")
    with pytest.raises(NotFound, match='no label column called "colour"'):
        rename_class(home, pets, "colour", "dog", "wolf")


def test_a_typed_name_means_the_class_that_is_spelled_alike(home, pets):
    dogs = pets.table["image_id"][pets.labels(pets.tasks[0]) == pets.tasks[0].classes.index("dog")]
    assert counts(relabel(home, pets, dogs[:1], "class", "CAT"))["CAT"] == 5, "an exact name goes first"
    joined = join_similar_classes(home, pets)
    assert counts(relabel(home, joined, dogs[1:2], "class", "CAT ")) == {"cat": 14, "dog": 2}
    assert counts(relabel(home, joined, dogs[2:3], "class", "wolf")) == {"cat": 14, "dog": 1, "wolf": 1}
