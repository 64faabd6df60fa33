"""Building a backbone: from a starter, from the hub's cache, from a user's file, from nothing."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from core.backbones import build_backbone, num_features
from core.errors import BadInput, BadWeights, NotFound
from core.home import Home
from core.plans.plan import BackboneChoice

VIT = "test_vit.r160_in1k"
REAL_WEIGHTS = Path(__file__).parents[2].parent / "shared" / "data" / "weights" / "mobilenetv2_100.safetensors"


def test_a_starter_gives_features_and_no_classes(home: Home):
    model = build_backbone(home, BackboneChoice(name="graft-resnet10t"))
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, num_features(model)) == (2, 512)


def test_random_weights_are_the_seeds_alone(home: Home):
    choice = BackboneChoice(name="test_convnext", weights="random")
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        states.append(build_backbone(home, choice).state_dict())
    equal = [all(torch.equal(states[0][name], other[name]) for name in other) for other in states[1:]]
    assert equal == [True, False]


def test_pretrained_weights_come_from_the_cache_without_a_network(home: Home, vit_file: Path, put_into_hub_cache):
    put_into_hub_cache(vit_file)
    loaded, held = build_backbone(home, BackboneChoice(name=VIT)).state_dict(), load_file(vit_file)
    assert held.keys() - loaded.keys() == {"head.weight", "head.bias"}
    assert all(torch.equal(loaded[name], held[name]) for name in loaded)


def test_a_transformers_positions_are_resampled_for_another_size(home: Home, vit_file: Path, put_into_hub_cache):
    put_into_hub_cache(vit_file)
    model = build_backbone(home, BackboneChoice(name=VIT), image_size=64)
    assert model.pos_embed.shape[1] == (64 // 16) ** 2 + 1
    assert not torch.equal(
        model.pos_embed, build_backbone(home, BackboneChoice(name=VIT, weights="random"), 64).pos_embed
    )
    torch.testing.assert_close(model.pos_embed[:, 0], load_file(vit_file)["pos_embed"][:, 0])
    assert model(torch.rand(1, 3, 64, 64)).shape == (1, 64)


def test_a_download_that_was_cut_off_is_said_in_words(home: Home, vit_file: Path, put_into_hub_cache):
    place = put_into_hub_cache(vit_file)
    place.write_bytes(place.read_bytes()[:5_000])
    with pytest.raises(BadWeights, match='"model.safetensors" is no readable safetensors file'):
        build_backbone(home, BackboneChoice(name=VIT))


def test_weights_that_are_not_here_are_not_fetched(home: Home, hub):
    with pytest.raises(NotFound):
        build_backbone(home, BackboneChoice(name=VIT))
    assert hub.asked == []


@pytest.mark.parametrize("classes", [0, 10, 1_000])
def test_a_users_file_loads_whatever_its_classifier(classes: int, home: Home, tmp_path: Path):
    torch.manual_seed(3)
    own = timm.create_model("test_efficientnet", num_classes=classes).state_dict()
    save_file(own, tmp_path / "own.safetensors")
    choice = BackboneChoice(name="test_efficientnet", weights="file", file=str(tmp_path / "own.safetensors"))
    loaded = build_backbone(home, choice).state_dict()
    assert all(torch.equal(loaded[name], own[name]) for name in loaded)


def test_weights_of_another_model_are_named(home: Home, vit_file: Path):
    choice = BackboneChoice(name="resnet18", weights="file", file=str(vit_file))
    with pytest.raises(BadWeights, match='"vit.safetensors" do not fit resnet18: they seem to be of test_vit'):
        build_backbone(home, choice)


def test_half_a_model_is_refused(home: Home, vit_file: Path, tmp_path: Path):
    held = load_file(vit_file)
    del held["blocks.0.norm1.weight"]
    save_file(held, tmp_path / "half.safetensors")
    choice = BackboneChoice(name="test_vit", weights="file", file=str(tmp_path / "half.safetensors"))
    with pytest.raises(BadWeights, match="1 of its tensors is missing: blocks.0.norm1.weight"):
        build_backbone(home, choice)


def test_a_tensor_of_another_shape_is_refused(home: Home, vit_file: Path, tmp_path: Path):
    held = load_file(vit_file) | {"norm.weight": torch.ones(65)}
    save_file(held, tmp_path / "odd.safetensors")
    choice = BackboneChoice(name="test_vit", weights="file", file=str(tmp_path / "odd.safetensors"))
    with pytest.raises(BadWeights, match=r"norm.weight has the shape 65, not 64"):
        build_backbone(home, choice)


def test_nothing_is_unpickled(home: Home, tmp_path: Path):
    torch.save(timm.create_model("test_vit").state_dict(), tmp_path / "vit.pth")
    choice = BackboneChoice(name="test_vit", weights="file", file=str(tmp_path / "vit.pth"))
    with pytest.raises(BadWeights, match="no readable safetensors file"):
        build_backbone(home, choice)


def test_a_missing_file_is_said_to_be_missing(home: Home):
    with pytest.raises(BadWeights, match='no weights file "/nowhere/x.safetensors"'):
        build_backbone(home, BackboneChoice(name="test_vit", weights="file", file="/nowhere/x.safetensors"))


def test_a_size_that_a_transformer_cannot_cut_up_is_refused_with_the_nearest(home: Home):
    with pytest.raises(BadInput, match="100 is no multiple of that. Set the image size to 96"):
        build_backbone(home, BackboneChoice(name="test_vit", weights="random"), image_size=100)


def test_a_backbone_of_one_size_says_so(home: Home):
    with pytest.raises(BadInput, match="photos of 240 pixels only, not 224"):
        build_backbone(home, BackboneChoice(name="crossvit_tiny_240", weights="random"), image_size=224)


@pytest.mark.skipif(not REAL_WEIGHTS.exists(), reason="the shared real weights are not on this machine")
def test_real_weights_of_imagenet_load_and_are_known_for_what_they_are(home: Home):
    build_backbone(home, BackboneChoice(name="mobilenetv2_100", weights="file", file=str(REAL_WEIGHTS)))
    with pytest.raises(BadWeights, match="they seem to be of mobilenetv2_100"):
        build_backbone(home, BackboneChoice(name="resnet50", weights="file", file=str(REAL_WEIGHTS)))
