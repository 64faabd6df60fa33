"""The starters in assets/weights: every card is one, and the file is the one its card speaks of."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.backbones import build_backbone
from core.backbones.stages import find_stages
from core.backbones.starters import FOLDER, Starter, find_starter, list_starters, verify_starter
from core.backbones.weights_check import classifier_names
from core.errors import BadWeights
from core.home import Home
from core.plans.plan import BackboneChoice
from tools.starters import held_out

HELD_OUT = Path(__file__).parents[2].parent / "shared" / "data" / "tiny-imagenet-200"


@pytest.mark.parametrize("starter", list_starters(), ids=lambda s: s.card.name)
@pytest.mark.skipif(not HELD_OUT.exists(), reason="the held-out photos are not on this machine")
def test_plain_timm_finds_the_accuracy_that_the_card_says(starter: Starter):
    said = json.loads((FOLDER / f"{starter.card.name}.json").read_text(encoding="utf-8"))["hold_out"]
    network = held_out.plain_network(starter.card.architecture, starter.file)
    pictures, labels = held_out.photos(HELD_OUT, stride=held_out.EVERY)
    logits = held_out.predict_logits(network, pictures, said["size"], starter.card.mean, starter.card.std)
    assert len(labels) == 1_000
    assert held_out.top1_top5(logits, labels) == pytest.approx(tuple(said["every_tenth"].values()), abs=0.5)


@pytest.mark.parametrize("starter", list_starters(), ids=lambda s: s.card.name)
def test_every_starter_builds_as_its_card_says(starter: Starter, home: Home):
    verify_starter(starter)
    model = build_backbone(home, BackboneChoice(name=starter.card.name)).eval()
    assert sum(part.parameters for part in find_stages(model)) == starter.card.parameters
    assert starter.card.input_size in starter.sizes
    for side in starter.sizes:
        assert model(torch.rand(1, 3, side, side)).isfinite().all()


def test_every_card_in_the_folder_is_a_starter(tmp_path: Path):
    for number, worth in ((1, 40.0), (2, 60.0)):
        facts = json.loads((FOLDER / "graft-resnet10t.json").read_text(encoding="utf-8"))
        facts["transfer"]["ten_photos_per_class"][str(facts["input_size"])] = worth
        (tmp_path / f"{number}.json").write_text(json.dumps(facts | {"name": f"mine-{number}"}), encoding="utf-8")
    shutil.copy(FOLDER / "graft-resnet10t.safetensors", tmp_path)
    assert [s.card.name for s in list_starters(tmp_path)] == ["mine-2", "mine-1"]  # the better one first
    assert find_starter("mine-2", tmp_path).file == tmp_path / "graft-resnet10t.safetensors"
    assert find_starter("mine-3", tmp_path) is None


def test_a_starter_with_one_byte_changed_is_noticed(tmp_path: Path):
    starter = list_starters()[0]
    content = bytearray(starter.file.read_bytes())
    content[-1] ^= 1
    (tmp_path / starter.file.name).write_bytes(content)
    with pytest.raises(BadWeights, match="that comes with Graft is missing or damaged"):
        verify_starter(replace(starter, file=tmp_path / starter.file.name))


@pytest.mark.parametrize("starter", list_starters(), ids=lambda s: s.card.name)
def test_every_number_of_a_starter_is_the_files_own(home: Home, starter: Starter):
    (classifier,) = classifier_names(starter.card.architecture)
    loaded, held = build_backbone(home, BackboneChoice(name=starter.card.name)).state_dict(), load_file(starter.file)
    assert held.keys() - loaded.keys() == {f"{classifier}.weight", f"{classifier}.bias"}
    assert all(torch.equal(value, held[name].to(value.dtype)) for name, value in loaded.items())
