"""A dataset without labels sorted by a real network, mended, kept, and made a labelled one."""

from pathlib import Path

import numpy as np
import pytest

from core.backbones import get_card
from core.datasets import Dataset, import_unlabelled, leave_out, load_dataset, undo
from core.errors import NotFound, Refused
from core.grouping import (
    Sorting,
    change_groups,
    class_of_each,
    forget_sorting,
    label_by_groups,
    read_sorting,
    rename,
    rows_of,
    save_as_dataset,
    save_sorting,
    sort_photos,
    undo_grouping,
)
from core.home import Home
from core.tasks import MISSING
from tests.conftest import draw_photo

STARTER = "graft-resnet10t"


@pytest.fixture
def loose(home: Home, tmp_path: Path) -> Dataset:
    """Twelve discs and eight boxes; what they are is in their names alone."""
    for number in range(20):
        draw_photo(tmp_path / "loose" / f"{'disc' if number < 12 else 'box'}{number}.png", int(number >= 12), number)
    return import_unlabelled(home, "loose", tmp_path / "loose")


@pytest.fixture
def sorting(home: Home, loose: Dataset) -> Sorting:
    found = sort_photos(home, loose, count=2, card=get_card(STARTER))
    save_sorting(loose, found)
    return found


def kinds(dataset: Dataset, rows: np.ndarray) -> set[str]:
    return {name.rsplit("/")[-1].rstrip("0123456789.png") for name in dataset.table["name"].iloc[rows]}


def test_what_looks_alike_is_one_group_and_has_a_place_on_the_map(home: Home, loose: Dataset, sorting: Sorting):
    assert [kinds(loose, sorting.groups.rows(group)) for group in (0, 1)] == [{"disc"}, {"box"}]
    assert ((sorting.positions >= 0) & (sorting.positions <= 1)).all()
    assert (sort_photos(home, loose, count=2, card=get_card(STARTER)).axes == sorting.axes).all()  # read, not computed
    assert any(home.activations.iterdir())


def test_changes_are_kept_and_undone_one_by_one(loose: Dataset, sorting: Sorting):
    change_groups(loose, lambda newest: rename(newest.groups, 0, "discs"))
    change_groups(loose, lambda newest: rename(newest.groups, 1, "boxes"))
    again = read_sorting(loose)
    assert again
    assert again.groups.names == ("discs", "boxes")
    assert (again.axes == sorting.axes).all()
    assert undo_grouping(loose).groups.names == ("discs", "")
    assert undo_grouping(loose).groups.names == ("", "")
    with pytest.raises(Refused, match="no change left"):
        undo_grouping(loose)
    forget_sorting(loose)
    assert read_sorting(loose) is None
    with pytest.raises(NotFound, match="not sorted any more"):
        undo_grouping(loose)


def test_photos_that_were_left_out_meanwhile_are_gone(home: Home, loose: Dataset, sorting: Sorting):
    gone = sorting.image_ids[:3]
    smaller = leave_out(home, loose, gone)
    kept = read_sorting(smaller)
    assert kept
    assert kept.image_ids == sorting.image_ids[3:]
    assert rows_of(kept, (*gone, sorting.image_ids[5])).tolist() == [2]


def test_a_damaged_file_is_as_none(loose: Dataset, sorting: Sorting):
    (loose.folder / "groups.npz").write_bytes(b"no archive")
    assert read_sorting(loose) is None


def test_named_groups_become_classes_and_undo_leads_back(home: Home, loose: Dataset, sorting: Sorting):
    labels = class_of_each(rename(sorting.groups, 1, "boxes"), sorting.image_ids)
    labelled = label_by_groups(home, loose, labels)
    [task] = labelled.tasks
    assert (task.name, task.classes, labelled.version) == ("class", ("boxes",), 2)
    assert labelled.labels(task).tolist().count(MISSING) == 12
    assert all(len(labelled.indices(split)) for split in ("train", "validation", "test"))
    with pytest.raises(Refused, match="have labels by now"):
        label_by_groups(home, loose, labels)
    back = undo(home, labelled)
    assert back.tasks == ()
    kept = read_sorting(back)
    assert kept
    assert len(kept.image_ids) == 20


def test_groups_can_be_a_dataset_of_their_own(home: Home, loose: Dataset, sorting: Sorting):
    labels = class_of_each(rename(rename(sorting.groups, 0, "disc"), 1, "Box"), sorting.image_ids)
    made = save_as_dataset(home, loose, "sorted", labels)
    assert made.counts(made.task()) == {"Box": 8, "disc": 12}
    assert set(made.table["hash"]) == set(loose.table["hash"])
    assert load_dataset(home, "loose").tasks == ()
