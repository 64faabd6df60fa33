"""Each kind of strong change does what its name says, to the photos that were parameters and to no other."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from core.augmentation.transforms import augment, sample_parameters
from core.augmentation.trivial_augment import FEWEST_BITS, OPERATIONS, TRANSLATION, apply_trivial_augment
from core.datasets import store_side
from core.plans import NO_AUGMENTATION

SIDE = 20
KINDS = list(OPERATIONS)
PHOTO = torch.from_numpy(np.random.default_rng(0).integers(30, 220, (3, SIDE, SIDE), dtype=np.uint8)).float()


def changed(kind: str, strength: float) -> np.ndarray:
    images = torch.stack([PHOTO, PHOTO, PHOTO])
    made = apply_trivial_augment(images, np.array([-1, KINDS.index(kind), -1]), np.array([1.0, strength, 1.0]))
    assert torch.equal(made[0], PHOTO)
    assert torch.equal(made[2], PHOTO)
    return made[1].numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [-1.0, 1.0])
def test_a_photo_is_changed_and_stays_a_photo(kind: str, strength: float):
    made = changed(kind, strength)
    assert not np.array_equal(made, PHOTO.numpy())
    assert made.min() >= 0
    assert made.max() <= 255


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("auto contrast", "equalize")])
def test_without_strength_it_is_the_same_photo(kind: str):
    made = changed(kind, 0.0)
    assert np.array_equal(made, PHOTO.numpy())


def test_posterizing_keeps_the_upper_bits():
    mask = 256 - 2 ** (8 - FEWEST_BITS)
    assert np.array_equal(changed("posterize", 1.0), PHOTO.numpy().astype(int) & mask)


def test_solarizing_turns_what_is_bright():
    photo = PHOTO.numpy()
    assert np.array_equal(changed("solarize", -0.5), np.where(photo >= 127.5, 255 - photo, photo))


def test_a_shift_moves_the_photo_and_leaves_grey_behind():
    by = round(TRANSLATION * SIDE)
    made = changed("shift across", 1.0)
    assert np.array_equal(made[:, :, by:], PHOTO.numpy()[:, :, :-by])
    assert (made[:, :, :by] == 128).all()


def test_shears_and_turns_leave_the_middle_where_it_is():
    ramp = torch.linspace(50, 200, SIDE).expand(3, SIDE, SIDE).clone()  # brighter to the right
    for kind in ("shear across", "turn"):
        made = apply_trivial_augment(ramp[None].clone(), np.array([KINDS.index(kind)]), np.array([1.0]))[0, 0]
        upper, lower = made[4, SIDE // 2], made[-5, SIDE // 2]
        assert abs(float(upper) - float(lower)) > 5  # what stood upright leans
        assert float(made[SIDE // 2, SIDE // 2]) == pytest.approx(float(ramp[0, 0, SIDE // 2]), abs=10)


@pytest.mark.parametrize(
    ("kind", "by_pillow"), [("auto contrast", ImageOps.autocontrast), ("equalize", ImageOps.equalize)]
)
def test_contrasts_are_those_of_pillow(kind: str, by_pillow):
    picture = Image.fromarray(PHOTO.numpy().astype(np.uint8).transpose(1, 2, 0))
    expected = np.asarray(by_pillow(picture)).transpose(2, 0, 1).astype(float)
    assert np.abs(changed(kind, 1.0) - expected).max() <= 1


def test_the_plan_says_how_many_photos_are_changed_and_all_kinds_come():
    changes = NO_AUGMENTATION.model_copy(update={"trivial_augment": 0.4})
    assert not changes.off
    parameters = sample_parameters(changes, seed=3, epoch=1, rows=np.arange(2_000), center_fraction=1.0)
    assert 0.36 < (parameters.kind >= 0).mean() < 0.44
    assert set(parameters.kind) == {-1, *range(len(KINDS))}
    assert -1 <= parameters.strength.min() < -0.9 < 0.9 < parameters.strength.max() <= 1


def test_it_is_part_of_the_augmentation():
    side = store_side(32)
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 3, side, side), dtype=np.uint8))
    plain, strong = NO_AUGMENTATION, NO_AUGMENTATION.model_copy(update={"trivial_augment": 0.5})
    rows = np.arange(40)
    parameters = sample_parameters(strong, seed=3, epoch=1, rows=rows, center_fraction=32 / side)
    before, after = (
        augment(pixels, each, sample_parameters(each, 3, 1, rows, 32 / side), 32) for each in (plain, strong)
    )
    same = (before == after).flatten(1).all(1).numpy()
    assert same[parameters.kind < 0].all()
    assert (~same[parameters.kind >= 0]).mean() > 0.5  # contrasts of noise are full already
