"""The page of photos without labels: sorted, named, moved, split, merged, undone, and labelled."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.datasets import Dataset, import_unlabelled, load_dataset
from core.grouping import UNGROUPED, Groups, Sorting, read_sorting, save_sorting
from core.home import Home
from dashboard.components.photo_grid import Edit
from dashboard.photos.grouping import map_html, moved
from dashboard.shared import background_jobs
from tests.conftest import draw_photo
from tests.dashboard.conftest import words


@pytest.fixture
def loose(home: Home, tmp_path: Path) -> Dataset:
    for number in range(9):
        draw_photo(tmp_path / "loose" / f"{number}.png", number // 3, number)
    return import_unlabelled(home, "loose", tmp_path / "loose")


@pytest.fixture
def sorting(loose: Dataset) -> Sorting:
    """Two groups of four, one photo in none; half of the larger one looks different."""
    members = np.array([0, 0, 0, 0, 1, 1, 1, 1, UNGROUPED])
    axes = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2, 2, 2, 2, 2]]
    positions = np.linspace(0, 1, 18, dtype=np.float32).reshape(9, 2)
    found = Sorting(tuple(loose.table["image_id"]), axes, positions, (Groups.of(members),), "k-means", "any")
    save_sorting(loose, found)
    return found


def groups_of(dataset: Dataset) -> Groups:
    found = read_sorting(dataset)
    assert found
    return found.groups


def test_one_button_sorts_the_photos(open_page: Callable, loose: Dataset, monkeypatch: pytest.MonkeyPatch):
    started = []
    monkeypatch.setattr(background_jobs, "start", lambda *given: started.append(given))
    app = open_page(dataset=loose.id)
    assert "need not be what you would call a class" in words(app)
    app.segmented_control(key=f"count_kind_{loose.id}").set_value("by hand").run()
    app.number_input(key=f"count_{loose.id}").set_value(3).run()
    app.button(key="sort_photos").click().run()
    [(kind, subject, _, work)] = started
    assert (kind, subject, work.args[2:]) == ("grouping", loose.id, ("k-means", 3))


def test_groups_are_named_split_merged_and_undone(open_page: Callable, home: Home, loose: Dataset, sorting: Sorting):
    app = open_page(dataset=loose.id)
    assert "2 groups, 1 photo in none" in [header.value for header in app.header]
    assert app.button(key="make_labelled").disabled
    name = next(field for field in app.text_input if field.label == "Name of group 1")
    name.set_value("cups").run()
    app.button(key="split_0").click().run()
    assert groups_of(loose).names == ("cups", "", "")
    assert len(groups_of(loose).rows(2)) == 2
    merging = next(box for box in app.selectbox if box.key.startswith("merge_2"))
    assert merging.options == ["cups", "Group 2"]
    merging.select("Group 2").run()
    assert groups_of(loose).rows(1).size == 6
    app.button(key="leave_1").click().run()
    assert groups_of(loose).shown == [0]
    for _ in range(3):
        app.button(key="undo_group").click().run()
    assert groups_of(loose).names == ("cups", "")
    assert not app.exception, app.exception[0].value
    app.button(key="make_labelled").click().run()
    assert not app.exception, app.exception[0].value
    labelled = load_dataset(home, loose.id)
    assert labelled.counts(labelled.task()) == {"cups": 4}


def test_photos_move_to_a_group_by_its_title_to_a_new_one_or_to_none(sorting: Sorting):
    ids = sorting.image_ids[:2]
    assert moved(sorting, Edit("relabel", ids, "Group 2")).members.tolist() == [1, 1, 0, 0, 1, 1, 1, 1, -1]
    new = moved(sorting, Edit("relabel", ids, "hats"))
    assert (new.members.tolist()[:3], new.names) == ([2, 2, 0], ("", "", "hats"))
    assert moved(sorting, Edit("leave out", ids)).members.tolist()[:3] == [-1, -1, 0]


def test_the_map_has_a_dot_for_each_drawn_photo_and_a_number_for_each_group(sorting: Sorting):
    sorting.positions[0] = np.nan
    drawn = map_html(sorting)
    assert (drawn.count("<i "), drawn.count("group-number"), drawn.count("group-dot none")) == (8, 2, 1)
    assert "8 of the photos" in drawn
