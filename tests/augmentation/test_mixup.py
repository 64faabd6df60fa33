"""Batches mixed with themselves: against the formulas, and what every draw must be."""

import numpy as np
import pytest
import torch

from core.augmentation.mixup import Mixture, apply_mixture, mixed_terms, preview_mixup, sample_mixture
from core.objectives import BatchOutput, CrossEntropy, ObjectiveContext, make_loss
from core.plans import Augmentation

IMAGES = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))
OTHER = np.array([3, 2, 0, 1, 5, 4])
BOTH = Augmentation(mixup=0.3, cutmix=0.4)


def drawn(changes: Augmentation, steps: int = 2000) -> list[Mixture | None]:
    return [sample_mixture(changes, 7, step, 6, 16) for step in range(steps)]


def test_mixup_is_the_weighted_mean_of_two_photos():
    expected = 0.8 * IMAGES.numpy() + 0.2 * IMAGES.numpy()[OTHER]
    assert apply_mixture(IMAGES, Mixture(0.8, OTHER)).numpy() == pytest.approx(expected, abs=1e-6)


def test_cutmix_pastes_the_same_place_of_another_photo():
    expected = IMAGES.numpy().copy()
    expected[:, :, 2:10, 4:12] = IMAGES.numpy()[OTHER][:, :, 2:10, 4:12]
    mixed = apply_mixture(IMAGES, Mixture(1 - 0.25, OTHER, box=(4 / 16, 2 / 16, 12 / 16, 10 / 16)))
    assert np.array_equal(mixed.numpy(), expected)


def test_the_share_that_stays_ones_own_is_the_area_that_was_not_pasted_over():
    ones, others = torch.zeros(6, 3, 16, 16), np.array([5] * 6)
    ones[5] = 1
    for mixture in filter(None, drawn(Augmentation(cutmix=1.0), 50)):
        pasted = apply_mixture(ones, Mixture(mixture.lam, others, mixture.box))[0].mean().item()
        assert pasted == pytest.approx(1 - mixture.lam, abs=1e-6)


def test_the_loss_is_that_of_both_labels_in_the_same_shares():
    labels = torch.tensor([0, 1, 2, 0, 1, -1])
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    logs = torch.log_softmax(logits.double(), dim=1).numpy()

    def mean_loss(of: np.ndarray) -> float:
        known = of >= 0
        return -logs[known, of[known]].mean()

    loss = make_loss([CrossEntropy()], ObjectiveContext({}, 2))
    output = BatchOutput(IMAGES, {"species": logits}, {"species": labels})
    expected = 0.7 * mean_loss(labels.numpy()) + 0.3 * mean_loss(labels.numpy()[OTHER])
    assert mixed_terms(loss, output, Mixture(0.7, OTHER)).item() == pytest.approx(expected, rel=1e-5)
    assert mixed_terms(loss, output, None).item() == loss(output).item()


def test_as_many_batches_are_mixed_as_the_plan_says():
    found = drawn(BOTH)
    assert np.mean([m is not None and m.box is None for m in found]) == pytest.approx(0.3, abs=0.04)
    assert np.mean([m is not None and m.box is not None for m in found]) == pytest.approx(0.4, abs=0.04)
    assert all(mixture is None for mixture in drawn(Augmentation(), 20))


def test_every_mixture_lies_within_the_photo_and_is_a_reordering():
    for mixture in filter(None, drawn(BOTH, 300)):
        assert 0 <= mixture.lam <= 1
        assert sorted(mixture.permutation) == list(range(6))
        assert mixture.box is None or (min(mixture.box) >= 0 and max(mixture.box) <= 1)


def test_the_same_step_mixes_alike():
    one, other = sample_mixture(BOTH, 7, 2, 6, 16), sample_mixture(BOTH, 7, 2, 6, 16)
    assert (one is None and other is None) or np.array_equal(one.permutation, other.permutation)


def test_the_preview_mixes_as_training_does_with_the_other_photo():
    views, others = torch.full((8, 3, 20, 20), 200, dtype=torch.uint8), torch.zeros((8, 3, 20, 20), dtype=torch.uint8)
    shown = preview_mixup(views, others, BOTH, seed=3)
    assert shown.dtype == torch.uint8
    kept = [None if (m := sample_mixture(BOTH, 3, step, 2, 20)) is None else m.lam for step in range(8)]
    assert 0 < kept.count(None) < 8
    for view, own in zip(shown, kept, strict=True):
        assert view.float().mean().item() / 200 == pytest.approx(1 if own is None else own, abs=0.01)
