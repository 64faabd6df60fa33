"""What happens to photos: as parameters, for each photo alone, and nothing where it is switched off."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.augmentation.transforms import (
    _sample_affine,
    apply_erasing,
    augment,
    preview_augmentation,
    sample_parameters,
)
from core.datasets import store_side
from core.datasets.decoding import center_crop
from core.device.rng import generator, uniform
from core.plans import NO_AUGMENTATION, Augmentation

SIZE = 32
SIDE = store_side(SIZE)
PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (7, 3, SIDE, SIDE), dtype=np.uint8))
ROWS = np.array([4, 90, 12, 7, 1_000_000, 0, 3])
EVERYTHING = Augmentation(flip_vertical=True, rotate=30, colour=0.4, erase=0.5, trivial_augment=0.5)
ONLY_FLIP = NO_AUGMENTATION.model_copy(update={"flip": True})


def changed(
    changes: Augmentation, pixels: torch.Tensor = PIXELS, rows: np.ndarray = ROWS, epoch: int = 1
) -> torch.Tensor:
    parameters = sample_parameters(changes, seed=3, epoch=epoch, rows=rows, center_fraction=SIZE / SIDE)
    return apply_erasing(augment(pixels, changes, parameters, SIZE), parameters)


@pytest.mark.parametrize("changes", [EVERYTHING, Augmentation(), ONLY_FLIP], ids=["everything", "usual", "only flip"])
def test_a_photo_is_changed_alike_in_any_batch(changes: Augmentation):
    together = changed(changes)
    order = np.array([6, 2, 0])
    torch.testing.assert_close(changed(changes, PIXELS[order], ROWS[order]), together[order], rtol=0, atol=1e-3)
    for number in range(len(ROWS)):
        alone = changed(changes, PIXELS[number : number + 1], ROWS[number : number + 1])
        torch.testing.assert_close(alone[0], together[number], rtol=0, atol=1e-3)


def test_the_next_epoch_changes_it_otherwise():
    assert not torch.equal(changed(EVERYTHING, epoch=1), changed(EVERYTHING, epoch=2))


def test_switched_off_it_is_the_middle_as_in_evaluation():
    assert torch.equal(changed(NO_AUGMENTATION), center_crop(PIXELS, SIZE).float())
    at = (SIDE - SIZE) // 2
    assert torch.equal(center_crop(PIXELS, SIZE), PIXELS[:, :, at : at + SIZE, at : at + SIZE])


def test_flips_are_the_mirrored_middle_about_half_of_the_time():
    rows = np.arange(400)
    pixels = PIXELS[:1].expand(400, -1, -1, -1)
    plain = center_crop(PIXELS[:1], SIZE).float()
    images = changed(ONLY_FLIP, pixels, rows)
    mirrored = (images == plain.flip(-1)).flatten(1).all(1)
    same = (images == plain).flatten(1).all(1)
    assert torch.equal(mirrored, ~same)
    assert 160 < mirrored.sum() < 240


def test_crops_keep_at_least_their_share_and_stay_inside():
    parameters = sample_parameters(Augmentation(crop=0.5), 0, 0, np.arange(2_000), SIZE / SIDE)
    area = parameters.width * parameters.height
    assert area.min() >= 0.49
    assert area.max() <= 1
    for place, side in ((parameters.x, parameters.width), (parameters.y, parameters.height)):
        assert (place - side / 2 >= -1e-9).all()
        assert (place + side / 2 <= 1 + 1e-9).all()


def test_both_ways_of_cropping_show_the_same():
    """Smooth photos, since one of them filters before it makes smaller, and cuts at whole pixels."""
    grid = torch.linspace(0, 250, SIDE)
    pixels = torch.stack([grid.expand(SIDE, SIDE), grid.expand(SIDE, SIDE).T, grid.expand(SIDE, SIDE).flip(1)])
    pixels = pixels.expand(7, 3, SIDE, SIDE).to(torch.uint8)
    changes = Augmentation(colour=0, crop=0.5, flip_vertical=True)
    parameters = sample_parameters(changes, 0, 0, ROWS, SIZE / SIDE)
    one, other = augment(pixels, changes, parameters, SIZE), _sample_affine(pixels, parameters, SIZE)
    assert (one - other).abs().max() < 8  # about one pixel's step of the ramp
    assert (one - other).abs().mean() < 3


@pytest.mark.parametrize("axis", [-1, -2])
def test_a_crop_is_flipped_after_it_was_made(axis: int):
    changes = Augmentation(colour=0, crop=0.5)
    parameters = sample_parameters(changes, 0, 0, ROWS, SIZE / SIDE)
    nothing, all_of_them = np.zeros(7, bool), np.ones(7, bool)
    as_it_is = replace(parameters, flip=nothing, flip_vertical=nothing)
    turned = replace(as_it_is, **{"flip" if axis == -1 else "flip_vertical": all_of_them})
    mirrored = augment(PIXELS, changes, as_it_is, SIZE).flip(axis)
    assert torch.equal(augment(PIXELS, changes, turned, SIZE), mirrored)


@pytest.mark.parametrize("changes", [EVERYTHING, Augmentation(), NO_AUGMENTATION.model_copy(update={"colour": 0.5})])
def test_the_stored_pixels_stay_as_they_are(changes: Augmentation):
    pixels = PIXELS.clone()
    changed(changes, pixels)
    assert torch.equal(pixels, PIXELS)


def test_any_number_of_threads_makes_the_same_photos(monkeypatch: pytest.MonkeyPatch):
    by_threads = []
    for threads in (1, 3, 64):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        by_threads.append(changed(Augmentation()))
    assert torch.equal(by_threads[0], by_threads[1])
    assert torch.equal(by_threads[0], by_threads[2])


def test_rotation_turns_about_the_middle_by_the_drawn_angle():
    size, side = 40, store_side(40)  # both even: the middle lies between the same pixels in both
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (7, 3, side, side), dtype=np.uint8))
    changes = NO_AUGMENTATION.model_copy(update={"rotate": 180.0})
    parameters = sample_parameters(changes, 0, 0, ROWS, size / side)
    for quarters in (1, 2):
        turned = augment(pixels, changes, replace(parameters, angle=np.full(7, quarters * np.pi / 2)), size)
        expected = center_crop(pixels, size).float().rot90(quarters, (-2, -1))
        torch.testing.assert_close(turned, expected, rtol=0, atol=0.1)


def test_colour_is_the_three_blends_one_after_another():
    changes = NO_AUGMENTATION.model_copy(update={"colour": 0.3})
    parameters = sample_parameters(changes, 0, 0, ROWS, SIZE / SIDE)
    images = center_crop(PIXELS, SIZE).double().numpy() / 2 + 40  # far from 0 and 255, where pixels are cut
    grey = np.array([0.299, 0.587, 0.114])
    result = augment(_around(images), changes, parameters, SIZE).numpy()
    for number, image in enumerate(_around(images).double().numpy()[:, :, *_middle()]):
        bright = image * parameters.brightness[number]
        mean = (bright * grey[:, None, None]).sum(0).mean()
        contrast = parameters.contrast[number] * bright + (1 - parameters.contrast[number]) * mean
        luma = (contrast * grey[:, None, None]).sum(0)
        expected = parameters.saturation[number] * contrast + (1 - parameters.saturation[number]) * luma
        np.testing.assert_allclose(result[number], expected, atol=0.05)


def _middle() -> tuple[slice, slice]:
    at = (SIDE - SIZE) // 2
    return slice(at, at + SIZE), slice(at, at + SIZE)


def _around(images: np.ndarray) -> torch.Tensor:
    """Stored squares whose middle is `images`."""
    stored = np.full((len(images), 3, SIDE, SIDE), 100.0)
    stored[:, :, *_middle()] = images
    return torch.from_numpy(stored.astype(np.uint8))


def test_erasing_blanks_a_rectangle_of_the_drawn_share():
    changes = NO_AUGMENTATION.model_copy(update={"erase": 1.0})
    rows = np.arange(200)
    parameters = sample_parameters(changes, 0, 0, rows, SIZE / SIDE)
    blank = (apply_erasing(torch.ones(200, 3, SIZE, SIZE), parameters) == 0).float().mean(dim=(1, 2, 3))
    assert blank.min() > 0.01
    assert blank.max() < 0.25
    assert 0.08 < blank.mean() < 0.14


def test_the_preview_shows_several_views_of_each_photo():
    views = preview_augmentation(PIXELS, EVERYTHING, seed=0, views=4)
    assert views.shape == (7, 4, 3, SIZE, SIZE)
    assert views.dtype == torch.uint8
    assert not torch.equal(views[:, 0], views[:, 1])
    plain = preview_augmentation(PIXELS, NO_AUGMENTATION, seed=0, views=1)
    assert torch.equal(plain[:, 0], center_crop(PIXELS, SIZE))


def test_random_numbers_are_even_and_unrelated():
    numbers = uniform(0, 0, np.arange(20_000), 4)
    counts = [np.histogram(column, bins=20, range=(0, 1))[0] for column in numbers.T]
    assert np.abs(np.array(counts) - 1_000).max() < 150
    assert np.abs(np.corrcoef(numbers.T) - np.eye(4)).max() < 0.03
    neighbours = np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]
    epochs = np.corrcoef(numbers[:, 0], uniform(0, 1, np.arange(20_000), 4)[:, 0])[0, 1]
    assert max(abs(neighbours), abs(epochs)) < 0.03


def test_a_steps_generator_depends_on_seed_and_step_alone():
    def parameters(seed: int, step: int) -> torch.Tensor:
        return torch.rand(5, generator=generator(seed, step, torch.device("cpu")))

    assert torch.equal(parameters(1, 2), parameters(1, 2))
    assert not torch.equal(parameters(1, 2), parameters(1, 3))
    assert not torch.equal(parameters(1, 2), parameters(2, 2))
