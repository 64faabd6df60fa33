"""What a person does to groups: pure functions of them."""

import numpy as np
import pytest

from core.errors import BadInput
from core.grouping.clustering import UNGROUPED
from core.grouping.groups import (
    Groups,
    class_of_each,
    leave_out,
    merge,
    most_typical_first,
    move,
    move_to_new,
    rename,
    split,
)

AXES = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1], [0, 1], [-1, 0]], np.float32)


@pytest.fixture
def groups() -> Groups:
    return Groups.of(np.array([0, 0, 0, 1, 1, UNGROUPED]))


def test_photos_move_and_the_groups_before_stay_as_they_were(groups: Groups):
    assert move(groups, [0, 5], 1).members.tolist() == [1, 0, 0, 1, 1, 1]
    assert move(groups, [0], UNGROUPED).members.tolist() == [-1, 0, 0, 1, 1, -1]
    assert groups.members.tolist() == [0, 0, 0, 1, 1, -1]


def test_a_new_group_gets_a_number_of_its_own(groups: Groups):
    more = move_to_new(groups, [1], " mugs ")
    assert (more.members.tolist(), more.names, more.title(2)) == ([0, 2, 0, 1, 1, -1], ("", "", "mugs"), "mugs")


def test_merged_groups_keep_a_name_and_others_their_numbers(groups: Groups):
    merged = merge(rename(groups, 0, "cups"), 0, 1)
    assert (merged.members.tolist(), merged.names[1], merged.shown) == ([1, 1, 1, 1, 1, -1], "cups", [1])
    assert merge(rename(rename(groups, 0, "cups"), 1, "hats"), 0, 1).names[1] == "hats"


def test_a_group_left_out_has_no_photo(groups: Groups):
    assert (leave_out(groups, 0).rows(UNGROUPED).tolist(), leave_out(groups, 0).shown) == ([0, 1, 2, 5], [1])


def test_a_split_group_makes_a_new_one_of_what_looks_alike(groups: Groups):
    parted = split(merge(groups, 1, 0), 0, AXES)
    assert (parted.members.tolist(), parted.shown) == ([0, 0, 0, 2, 2, -1], [0, 2])
    assert split(groups, 0, AXES).shown == [0, 1, 2]
    with pytest.raises(BadInput, match="look all the same"):
        split(groups, 1, AXES)


def test_the_most_typical_photos_come_first(groups: Groups):
    assert most_typical_first(groups, 0, AXES).tolist() == [1, 2, 0]
    assert most_typical_first(groups, UNGROUPED, AXES).tolist() == [5]


def test_only_photos_of_named_groups_get_a_label(groups: Groups):
    ids = list("abcdef")
    assert class_of_each(rename(groups, 1, "hats"), ids) == {"d": "hats", "e": "hats"}
    with pytest.raises(BadInput, match="No group has a name yet"):
        class_of_each(groups, ids)


def test_titles_tell_groups_apart(groups: Groups):
    assert [groups.title(number) for number in (0, 1, UNGROUPED)] == ["Group 1", "Group 2", "In no group"]
    twice = rename(rename(groups, 0, "cups"), 1, "cups")
    assert [twice.title(number) for number in (0, 1)] == ["cups (1)", "cups (2)"]
    assert rename(groups, 0, "Group 2").title(0) == "Group 2 (1)"
