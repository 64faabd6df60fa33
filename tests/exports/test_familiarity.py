"""Photos that are not like those that a model learned from are found out, whatever it answers to them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import Dataset, SplitPlan, import_dataset
from core.exports import Strangeness, strangeness
from core.exports.familiarity import FEWEST_JUDGES
from core.home import Home
from core.runs.types import Run


@pytest.fixture
def trained(home: Home, draw_photos, distilled: Callable[..., Run], tmp_path: Path) -> tuple[Run, Dataset]:
    """A run on a pretrained backbone, on drawn shapes, with enough photos to judge by."""
    folder = draw_photos(tmp_path / "shapes", {"disc": 60, "square": 60})
    shapes = import_dataset(home, "shapes", folder, split=SplitPlan(0.5, 0.35, 0.15))
    return distilled(shapes, image_size=64, weights="pretrained"), shapes


def test_noise_is_strange_to_a_model_of_shapes_and_its_own_test_photos_are_not(home: Home, trained) -> None:
    run, shapes = trained
    rng = np.random.default_rng(0)
    noise = [Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(5)]
    assert all(found is not None and found.is_strange for found in strangeness(home, run.id, noise))
    own = [shapes.path(image_id) for image_id in shapes.table["image_id"].iloc[shapes.indices("test")]]
    found = [each for each in strangeness(home, run.id, own) if each is not None]
    assert len(found) == len(own)
    assert sum(each.is_strange for each in found) <= len(found) // 4  # by chance, one in fifty is


def test_what_cannot_be_read_is_not_strange(home: Home, trained) -> None:
    run, shapes = trained
    own = shapes.path(shapes.table["image_id"].iat[0])
    found = strangeness(home, run.id, [b"no picture", own, b""])
    assert [each is None for each in found] == [True, False, True]


def test_too_few_photos_that_judge_cannot_tell(home: Home, clothes: Dataset, distilled: Callable[..., Run]) -> None:
    run = distilled(clothes)
    assert len(clothes.indices("validation")) < FEWEST_JUDGES
    assert strangeness(home, run.id, [clothes.path(clothes.table["image_id"].iat[0])]) == [None]


@pytest.mark.parametrize(
    ("judges", "as_far", "strange"), [(19, 0, True), (19, 1, False), (60, 1, False), (200, 3, True), (200, 4, False)]
)
def test_at_most_a_small_share_of_photos_like_its_own_is_called_strange(judges: int, as_far: int, strange: bool):
    assert Strangeness(judges, as_far).is_strange is strange


def test_what_was_counted_is_said() -> None:
    assert Strangeness(60, 0).sentence == "Not one of 60 photos that judged it is so unlike those it learned from."
    assert Strangeness(200, 1).sentence == "Of 200 photos that judged it, only 1 is so unlike those it learned from."
    assert Strangeness(200, 3).sentence == "Of 200 photos that judged it, only 3 are so unlike those it learned from."
