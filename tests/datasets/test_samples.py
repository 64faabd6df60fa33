"""Samples need neither files nor network, and become datasets like any other."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets.samples import catalogue, import_sample, sample_preview, samples
from core.datasets.samples.catalogue import _pictures
from core.datasets.samples.digits import write
from core.datasets.samples.ink import sketch
from core.datasets.samples.painting import SIZE, cover, draw, draw_spots, paint
from core.datasets.samples.pose import draw_pose
from core.datasets.samples.species import SPECIES, Leaf
from core.datasets.samples.textures import GROUNDS, ground
from core.errors import NotFound
from core.home import Home

pytestmark = pytest.mark.slow


def seeded(*numbers: int) -> np.random.Generator:
    return np.random.default_rng(numbers)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=float)


def widths(leaf: Leaf, heights: np.ndarray) -> np.ndarray:
    """How wide the blade is at some heights, by the outermost point of either half near there."""
    near = [
        sum(np.abs(half[np.abs(half[:, 1] - height) < 0.06][:, 0]).max(initial=0) for half in (leaf.right, leaf.left))
        for height in heights
    ]
    return np.array(near)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten leaves of a species instead of 120."""
    monkeypatch.setattr(catalogue, "PER_SPECIES", 10)


@pytest.mark.parametrize("species", SPECIES)
@pytest.mark.parametrize("seed", range(5))
def test_every_leaf_has_two_halves_that_meet_and_veins_with_width(species: str, seed: int) -> None:
    leaf = SPECIES[species](seeded(seed))
    np.testing.assert_allclose(leaf.right[-1], leaf.left[-1], atol=0.02)
    np.testing.assert_allclose(leaf.right[0], leaf.left[0], atol=0.03)
    assert leaf.right[:, 0].max() > 0 > leaf.left[:, 0].min()
    assert len(leaf.veins) == len(leaf.widths) == len(leaf.orders) > 20
    assert (leaf.widths > 0).all()


def test_species_have_their_shapes() -> None:
    heights = np.linspace(0.05, 0.95, 19)
    for seed in range(8):
        at = {name: widths(SPECIES[name](seeded(seed)), heights) for name in SPECIES}
        assert at["willow"].max() < 0.3
        assert at["maple"].max() > 1.0
        assert heights[at["birch"].argmax()] < 0.45
        assert heights[at["oak"].argmax()] > 0.45
        assert heights[at["ginkgo"].argmax()] > 0.3


def test_lobes_bays_and_teeth_are_there() -> None:
    def turns(half: np.ndarray) -> int:
        """How often the edge changes between outward and inward."""
        direction = np.sign(np.diff(np.abs(half[:, 0])))
        direction = direction[direction != 0]
        return int((np.diff(direction) != 0).sum())

    for seed in range(8):
        assert 6 <= turns(SPECIES["oak"](seeded(seed)).right) <= 12
        assert turns(SPECIES["birch"](seeded(seed)).right) > 12
        assert turns(SPECIES["ginkgo"](seeded(seed)).right) < 10


@pytest.mark.parametrize("make", [paint, sketch])
def test_the_same_seed_draws_the_same_picture(make) -> None:
    first, again = make("oak", True, seeded(4)), make("oak", True, seeded(4))
    assert first.size == (SIZE, SIZE)
    assert (pixels(first) == pixels(again)).all()
    assert np.abs(pixels(first) - pixels(make("oak", True, seeded(5)))).mean() > 5


@pytest.mark.parametrize("species", SPECIES)
def test_a_leaf_fills_much_of_its_picture(species: str) -> None:
    for seed in range(6):
        rng = seeded(seed)
        leaf = SPECIES[species](rng)
        blade = draw(leaf, draw_pose(rng, leaf, SIZE, (0.7, 0.9), 0.3)).blade
        assert blade.max() == 1
        assert 0.04 < blade.mean() < 0.8


def test_veins_lie_on_the_blade() -> None:
    leaf = SPECIES["maple"](seeded(1))
    drawing = draw(leaf, draw_pose(seeded(2), leaf, SIZE, (0.7, 0.9), 0.3))
    assert drawing.veins.sum() > 100
    assert (drawing.veins <= drawing.blade).all()


def test_spots_lie_on_the_blade() -> None:
    blade = cover([np.array([(50, 50), (170, 60), (110, 180)])])
    for seed in range(10):
        spots, reach = draw_spots(seeded(seed), blade)
        middle = spots.mean(axis=1).round().astype(int)
        assert 7 <= len(spots) < 24
        assert reach > 1
        assert (blade[middle[:, 1], middle[:, 0]] > 0).mean() > 0.8


def test_spots_are_seen_in_photo_and_drawing() -> None:
    for make in (paint, sketch):
        healthy, spotted = (pixels(make("birch", state, seeded(9))) for state in (False, True))
        assert (np.abs(healthy - spotted).max(axis=2) > 40).mean() > 0.005


def test_ink_has_no_colour_of_leaves() -> None:
    """Another domain indeed: photos have saturated colours, drawings have not."""

    def saturation(make) -> float:
        pictures = [pixels(make(name, False, seeded(3))) for name in SPECIES]
        return float(np.mean([(p.max(axis=2) - p.min(axis=2)).mean() for p in pictures]))

    assert saturation(sketch) < 0.75 * saturation(paint)


def test_every_ground_is_a_picture_of_its_own() -> None:
    means = [ground(kind, 0).mean(axis=(1, 2)) for kind in range(len(GROUNDS))]
    for kind, picture in enumerate(means):
        assert 0 < picture.min() < picture.max() < 1
        assert all(np.abs(picture - other).max() > 0.02 for other in means[kind + 1 :])


def test_a_digit_keeps_what_was_written() -> None:
    images, labels = catalogue.digits.load()
    assert images.shape == (1797, 8, 8)
    written = pixels(write(images[0]))
    assert written.shape == (64, 64, 3)
    back = 255 - np.asarray(
        Image.fromarray(written.mean(axis=2).astype(np.uint8)).resize((10, 10), Image.Resampling.BOX)
    )
    assert np.corrcoef(back[1:-1, 1:-1].ravel(), images[0].ravel())[0, 1] > 0.9
    assert labels[0] == 0


def test_samples_hold_as_many_pictures_as_they_say() -> None:
    for sample in samples():
        pictures = _pictures(sample.id)
        assert len(pictures) == sample.images
        assert set(pictures[0].labels) == set(sample.tasks)
        assert len({picture.name for picture in pictures}) == len(pictures)


@pytest.mark.parametrize("sample_id", ["leaves", "leaves-ink"])
def test_leaves_become_a_dataset_with_two_tasks(home: Home, few: None, sample_id: str) -> None:
    dataset = import_sample(home, sample_id)
    species, health = dataset.task("species"), dataset.task("health")
    assert dataset.counts(species) == dict.fromkeys(SPECIES, 10)
    assert dataset.counts(health) == {"healthy": 25, "spotted": 25}
    assert dataset.counts(species, "validation") == dataset.counts(species, "test") == dict.fromkeys(SPECIES, 1)
    assert not dataset.rejected
    assert len(set(dataset.table["hash"])) == 50


def test_a_sample_takes_its_title_or_another_name(home: Home, few: None) -> None:
    assert import_sample(home, "leaves").name == "Leaves"
    assert import_sample(home, "leaves", "For Monday").name == "For Monday"


def test_the_same_sample_has_the_same_pictures(home: Home, few: None) -> None:
    first, again = import_sample(home, "leaves"), import_sample(home, "leaves", "again")
    assert first.table["hash"].tolist() == again.table["hash"].tolist()


def test_digits_become_a_dataset(home: Home) -> None:
    dataset = import_sample(home, "digits")
    assert len(dataset) == 1797
    assert dataset.task().classes == tuple("0123456789")


def test_progress_reaches_the_end(home: Home, few: None) -> None:
    seen: list[tuple[int, int]] = []
    import_sample(home, "leaves-ink", progress=lambda done, total, doing: seen.append((done, total)))
    assert seen[-1] == (50, 50)


def test_an_import_that_is_cancelled_ends_and_leaves_nothing(home: Home) -> None:
    class Cancelled(Exception):
        pass

    def cancel(done: int, total: int, doing: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        import_sample(home, "leaves", progress=cancel)
    assert not list(home.datasets.iterdir())


@pytest.mark.parametrize("sample_id", [sample.id for sample in samples()])
def test_a_preview_shows_three_pictures_and_is_drawn_once(
    home: Home, sample_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sample_preview(home, sample_id)
    assert len({path.read_bytes() for path in paths}) == 3
    monkeypatch.setattr(catalogue, "_pictures", None)
    assert sample_preview(home, sample_id) == paths
    assert all(isinstance(path, Path) for path in paths)


def test_a_sample_that_is_not_there_names_those_that_are(home: Home) -> None:
    for ask in (import_sample, sample_preview):
        with pytest.raises(NotFound, match='There is no sample "flowers".* leaves, leaves-ink, digits'):
            ask(home, "flowers")
