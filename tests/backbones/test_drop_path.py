"""Stochastic depth: what is left out, how often, and which networks have it."""

import pytest
import timm
import torch

from core.backbones.drop_path import SeededDropPath, has_drop_path, seed_drop_path, with_seeded_drop_path


def test_photos_lose_the_branch_with_that_probability_and_the_others_make_up_for_it():
    dropped = SeededDropPath(0.25)
    dropped.generator = torch.Generator().manual_seed(0)
    kept = dropped.train()(torch.ones(4_000, 3, 2, 2))
    per_photo = kept.flatten(1)
    assert all(photo.unique().numel() == 1 for photo in per_photo)
    assert per_photo.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert (per_photo[:, 0] == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(dropped.eval()(torch.ones(2, 3)), torch.ones(2, 3))


def test_the_same_generator_drops_the_same_and_torchs_own_is_not_asked():
    torch.manual_seed(3)
    network = with_seeded_drop_path(
        timm.create_model("test_vit", img_size=32, num_classes=0, drop_path_rate=0.5)
    ).train()
    photos, before = torch.rand(8, 3, 32, 32), torch.random.get_rng_state()

    def features(seed: int) -> torch.Tensor:
        seed_drop_path(network, torch.Generator().manual_seed(seed))
        return network(photos)

    assert torch.equal(features(1), features(1))
    assert not torch.equal(features(1), features(2))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_some_networks_have_it_and_some_do_not():
    assert has_drop_path("test_resnet")
    assert not has_drop_path("efficientvit_b0")
    assert not has_drop_path("densenet121")
