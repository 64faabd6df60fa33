"""Labels for photos that had none: a person's, and those that a model suggested, which never judge."""

import pytest

from core.datasets import (
    Dataset,
    SplitPlan,
    add_photos,
    give_labels,
    import_dataset,
    relabel,
    split_again,
    take_back_suggestions,
    take_suggestions,
    undo,
)
from core.errors import BadInput, NotFound, Refused
from core.home import Home
from tests.conftest import draw_photo


@pytest.fixture
def half(home: Home, draw_photos, tmp_path) -> Dataset:
    """40 photos of discs and boxes, half of them without a label."""
    photos = import_dataset(home, "half", draw_photos(tmp_path / "drawn", {"disc": 20, "box": 20}))
    return relabel(home, photos, photos.table["image_id"][::2], "class", "")


def waiting(dataset: Dataset, split: str) -> list[str]:
    open_ones = ~dataset.is_labelled(dataset.tasks[0]) & (dataset.table["split"] == split).to_numpy()
    return dataset.table["image_id"][open_ones].tolist()


def counts(dataset: Dataset) -> dict[str, int]:
    return dataset.counts(dataset.tasks[0])


def test_answers_of_a_round_are_one_version_that_can_be_undone(home: Home, half: Dataset):
    first, second, third = waiting(half, "train")[:3]
    labelled = give_labels(home, half, "class", {first: "DISC", second: "ring", third: "Ring "})
    assert labelled.version == half.version + 1
    assert counts(labelled)["disc"] == counts(half)["disc"] + 1, "a known class in another spelling"
    assert counts(labelled)["ring"] == 2
    assert not labelled.is_suggested(labelled.tasks[0]).any()
    assert counts(undo(home, labelled)) == counts(half)
    with pytest.raises(BadInput, match="no label"):
        give_labels(home, half, "class", {first: " "})
    with pytest.raises(NotFound, match="waits for a label"):
        give_labels(home, half, "class", {"unknown": "disc"})


def test_suggestions_teach_only_and_are_taken_back_together(home: Home, half: Dataset, tmp_path):
    in_train, held_out = waiting(half, "train"), waiting(half, "validation") + waiting(half, "test")
    assert held_out
    taken = take_suggestions(home, half, "class", dict.fromkeys(in_train + held_out, "disc"))
    marks = taken.is_suggested(taken.tasks[0])
    assert set(taken.table["image_id"][marks]) == set(in_train), "photos that judge wait for a person"
    with pytest.raises(NotFound):
        take_suggestions(home, taken, "class", {held_out[0]: "disc"})

    shared = split_again(home, taken, SplitPlan(0.5, 0.25, 0.25, seed=3))
    assert set(shared.table["split"][shared.is_suggested(shared.tasks[0])]) == {"train"}
    draw_photo(tmp_path / "more" / "disc" / "new.png", 0, 99)
    more = add_photos(home, shared, tmp_path / "more")
    assert more.is_suggested(more.tasks[0]).sum() == len(in_train)

    confirmed = relabel(home, more, in_train[:1], "class", "box")
    back = take_back_suggestions(home, confirmed, "class")
    assert counts(back)["box"] == counts(half)["box"] + 1, "what a person said stays"
    assert counts(back)["disc"] == counts(half)["disc"] + 1
    with pytest.raises(Refused, match="any more"):
        take_back_suggestions(home, back, "class")
