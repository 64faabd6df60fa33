"""Stages: every entry of the state dict in exactly one, in the order in which the network works."""

from collections import Counter

import pytest
import timm
import torch
from torch import nn

from core.backbones import describe_stages, find_stages

pytestmark = pytest.mark.slow

# One small architecture of each family, so that timm's own groups are seen in all their kinds.
FAMILIES = (
    "resnet10t",
    "seresnext26d_32x4d",
    "resnetv2_18",
    "res2net50_14w_8s",
    "densenet121",
    "vgg11_bn",
    "regnety_002",
    "mobilenetv3_small_050",
    "mobilenetv4_conv_small",
    "mobilenetv4_hybrid_medium",
    "efficientnet_b0",
    "tf_efficientnetv2_b0",
    "efficientvit_b0",
    "ghostnet_100",
    "repvit_m1",
    "convnext_atto",
    "convnextv2_atto",
    "edgenext_xx_small",
    "fastvit_t8",
    "mobilevit_xxs",
    "poolformerv2_s12",
    "caformer_s18",
    "vit_tiny_patch16_224",
    "vit_base_patch16_clip_224",
    "vit_base_patch16_siglip_224",
    "vit_srelpos_small_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "beit_base_patch16_224",
    "eva02_tiny_patch14_224",
    "vit_small_patch16_dinov3",
    "swin_tiny_patch4_window7_224",
    "swinv2_tiny_window8_256",
    "maxvit_tiny_tf_224",
    "coatnet_nano_rw_224",
    "xcit_nano_12_p16_224",
    "hiera_tiny_224",
    "tiny_vit_5m_224",
    "mixer_s32_224",
    "pit_ti_224",
    "rdnet_tiny",
    "inception_v4",
    "hrnet_w18_small",
)


@pytest.fixture(scope="module")
def build():
    """build(architecture): the network without its classifier and without numbers; each is made once."""
    made: dict[str, nn.Module] = {}

    def once(architecture: str) -> nn.Module:
        if architecture not in made:
            with torch.device("meta"):
                made[architecture] = timm.create_model(architecture, num_classes=0).eval()
        return made[architecture]

    return once


@pytest.mark.parametrize("architecture", FAMILIES)
def test_every_number_is_in_exactly_one_stage(architecture: str, build):
    model = build(architecture)
    parts = find_stages(model)
    assert Counter(name for part in parts for name in part.members) == Counter(model.state_dict().keys())
    assert sum(part.parameters for part in parts) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("architecture", FAMILIES)
def test_every_module_is_in_exactly_one_stage_with_its_numbers(architecture: str, build):
    model = build(architecture)
    for part in find_stages(model):
        below = {f"{m}.{entry}" for m in part.modules for entry in model.get_submodule(m).state_dict()}
        own = {name for name in part.members if name not in below}
        assert below <= set(part.members)
        assert all(
            "." not in name or isinstance(model.get_submodule(name.rpartition(".")[0]), nn.Module) for name in own
        )
    inside = [name for part in find_stages(model) for name in part.modules]
    leaves = [name for name, module in model.named_modules() if name and not list(module.children())]
    for leaf in leaves:
        covering = [name for name in inside if leaf == name or leaf.startswith(f"{name}.")]
        assert len(covering) == 1, leaf


@pytest.mark.parametrize("architecture", FAMILIES)
def test_there_are_a_readable_number_of_stages_named_in_order(architecture: str, build):
    parts = find_stages(build(architecture))
    assert 4 <= len(parts) <= 9
    assert [part.index for part in parts] == list(range(len(parts)))
    assert parts[0].name == "stem"
    assert len({part.name for part in parts}) == len(parts)
    assert all(part.parameters > 0 and part.what for part in parts)
    assert parts[-1].what == "things"


@pytest.mark.parametrize("architecture", FAMILIES)
def test_stages_follow_each_other_as_the_network_works(architecture: str, build):
    model = build(architecture)
    stage_of = {name: part.index for part in find_stages(model) for name in part.modules}
    order: list[int] = []
    hooks = [
        model.get_submodule(name).register_forward_pre_hook(lambda *_, stage=stage: order.append(stage))
        for name, stage in stage_of.items()
        if any(True for _ in model.get_submodule(name).parameters())
    ]
    side = model.pretrained_cfg["input_size"][-1]
    with torch.no_grad():
        model(torch.empty(1, 3, side, side, device="meta"))
    for hook in hooks:
        hook.remove()
    assert order == sorted(order)
    assert set(order) >= set(range(1, max(order) + 1))


def test_twelve_blocks_are_shown_as_four_stages_of_three():
    names = [part.name for part in describe_stages("vit_tiny_patch16_224")]
    assert names == ["stem", "blocks 1-3", "blocks 4-6", "blocks 7-9", "blocks 10-12"]


def test_a_final_norm_belongs_to_the_last_stage_and_positions_to_the_stem():
    parts = describe_stages("vit_tiny_patch16_224")
    assert {"norm.weight", "norm.bias"} <= set(parts[-1].members)
    assert {"pos_embed", "cls_token"} <= set(parts[0].members)


def test_the_layer_before_the_classifier_belongs_to_the_last_stage():
    assert "conv_head.weight" in describe_stages("mobilenetv3_small_050")[-1].members


def test_running_statistics_lie_with_their_layer():
    parts = describe_stages("resnet18")
    assert [part.name for part in parts if "layer3.0.bn1.running_mean" in part.members] == ["stage 3"]


def test_a_transformer_sees_patches_first_and_a_convolution_edges():
    assert describe_stages("test_vit")[0].what == "patches"
    assert describe_stages("test_convnext")[0].what == "edges, colours"


def test_stages_without_weights_are_those_of_the_built_backbone():
    assert describe_stages("test_vit") == find_stages(timm.create_model("test_vit", num_classes=0))
