"""The cut: what is computed once and what every step make the same features as the backbone, and train it alike."""

import functools
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.backbones import BackboneCard, find_stages, list_gallery, num_features
from core.backbones.cut import Cut, _read_graph, cut

pytestmark = pytest.mark.slow

# The smallest of each family, and a photo size at which it is quick.
FAMILIES = {
    "resnet10t": 64,
    "seresnext26d_32x4d": 64,
    "resnetv2_18": 64,
    "densenet121": 64,
    "regnety_002": 64,
    "mobilenetv3_small_050": 64,
    "mobilenetv4_conv_small": 64,
    "mobilenetv4_hybrid_medium": 64,
    "efficientnet_b0": 64,
    "tf_efficientnetv2_b0": 64,
    "ghostnet_100": 64,
    "repvit_m1": 64,
    "test_convnext": 64,
    "test_convnext3": 64,
    "edgenext_xx_small": 64,
    "fastvit_t8": 64,
    "mobilevit_xxs": 64,
    "poolformerv2_s12": 64,
    "test_vit": 64,
    "test_vit3": 64,
    "vit_tiny_patch16_224": 64,
    "deit_tiny_distilled_patch16_224": 64,
    "eva02_tiny_patch14_224": 56,
    "vit_small_patch16_dinov3": 64,
    "swin_tiny_patch4_window7_224": 64,
    "swinv2_cr_tiny_ns_224": 64,
    "maxvit_rmlp_pico_rw_256": 64,
    "coatnet_nano_rw_224": 64,
    "tiny_vit_5m_224": 64,
    "xcit_nano_12_p16_224": 64,
    "hiera_tiny_224": 64,
    "resmlp_12_224": 64,
    "levit_128s": 224,
    "pit_ti_224": 64,
    "hrnet_w18_small": 64,
    "cait_xxs24_224": 64,
    "convit_tiny": 64,
}


def make(architecture: str, side: int, **settings: object) -> nn.Module:
    torch.manual_seed(0)
    config = timm.get_pretrained_cfg(architecture)
    if config.fixed_input_size and side != config.input_size[-1]:
        settings["img_size"] = side
    return timm.create_model(architecture, num_classes=0, **settings).eval()


def all_cuts(model: nn.Module, side: int) -> list[Cut]:
    """One before every stage, all of one graph: reading it takes longer than a dozen cuts of it."""
    with mock.patch("core.backbones.cut._read_graph", functools.cache(_read_graph)):
        return [cut(model, stage, side) for stage in range(len(find_stages(model)) + 1)]


def photos(count: int, side: int) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("architecture", FAMILIES)
def test_prefix_and_suffix_make_the_backbones_features_at_every_stage(architecture: str):
    side = FAMILIES[architecture]
    model, images = make(architecture, side), photos(5, side)
    with torch.no_grad():
        whole = model(images)
        found = all_cuts(model, side)
        assert len(found) == len(find_stages(model)) + 1
        for stage, parts in enumerate(found):
            kept = parts.prefix(images)
            before = [value.clone() for value in kept]
            torch.testing.assert_close(parts.suffix(*kept), whole, rtol=1e-4, atol=1e-5)
            assert parts.stage == stage
            assert [value.shape for value in kept] == [(5, *value.shape) for value in parts.values]
            assert [value.dtype for value in kept] == [value.dtype for value in parts.values]
            assert all(torch.equal(a, b) for a, b in zip(kept, before, strict=True)), "what is kept was overwritten"
            assert 1 <= len(parts.values) <= 4


def remember_shapes(model: nn.Module) -> None:
    """Without numbers, a module gives for tensors of the same shapes the same again: it is run once for them."""

    def remembering(forward: Callable[..., Any]) -> Callable[..., Any]:
        seen: dict[tuple[torch.Size, ...], Any] = {}

        def run(*given: Any, **named: Any) -> Any:
            if named or not all(isinstance(value, Tensor) for value in given):
                return forward(*given, **named)
            shapes = tuple(value.shape for value in given)
            if shapes not in seen:
                seen[shapes] = forward(*given)
            return seen[shapes]

        return run

    for module in [model.get_submodule(name) for stage in find_stages(model) for name in stage.modules]:
        module.forward = remembering(module.forward)


@pytest.mark.parametrize("backbone", list_gallery(), ids=lambda c: c.name)
def test_every_backbone_of_the_gallery_can_be_cut_before_every_stage(backbone: BackboneCard):
    """On the meta device: the graph and its shapes alone."""
    config = timm.get_pretrained_cfg(backbone.architecture)
    settings = {"img_size": backbone.input_size} if config.fixed_input_size else {}
    with torch.device("meta"):
        model = timm.create_model(backbone.architecture, num_classes=0, **settings).eval()
    found = all_cuts(model, backbone.input_size)
    remember_shapes(model)
    images = torch.empty(1, 3, backbone.input_size, backbone.input_size, device="meta")
    with torch.no_grad():
        for stage, parts in enumerate(found):
            assert parts.stage == stage
            assert len(parts.values) <= 3
            assert parts.suffix(*parts.prefix(images)).shape == (1, num_features(model))


# With torch 2.11 and timm 1.0.29 each of these failed in its own way: an operation that the meta device did not have
# (`aten::_unique2`), a single stage, stages out of order (tests/backbones/test_stages.py), and autocast within the
# network, which knew no such device.
@pytest.mark.parametrize("architecture", ["regnety_002", "repvit_m1", "vit_base_patch16_clip_224", "efficientvit_b0"])
def test_what_once_failed_on_the_meta_device_is_cut_there(architecture: str):
    with torch.device("meta"):
        model = make(architecture, 64)
        found = all_cuts(model, 64)
        assert len(found) == 6
        for parts in found:
            kept = parts.prefix(torch.empty(2, 3, 64, 64))
            assert parts.suffix(*kept).shape == (2, num_features(model))


def test_what_comes_before_the_cut_is_not_in_the_suffix():
    model = make("resnet10t", 64)
    parts = cut(model, 3, 64)
    assert set(dict(parts.prefix.named_children())) == {"conv1", "bn1", "act1", "maxpool", "layer1", "layer2"}
    assert set(dict(parts.suffix.named_children())) == {"layer3", "layer4", "global_pool", "fc"}


def test_the_suffix_holds_the_models_own_parameters_by_their_names():
    model = make("test_vit", 64)
    own = dict(model.named_parameters())
    held = dict(cut(model, 2, 64).suffix.named_parameters())
    assert held.keys() == {name for part in find_stages(model)[2:] for name in part.members}
    assert all(held[name] is own[name] for name in held)


def test_when_only_the_head_learns_the_features_themselves_are_kept():
    model = make("test_vit", 64)
    parts = cut(model, len(find_stages(model)), 64)
    assert [value.shape for value in parts.values] == [(64,)]
    assert list(parts.suffix.parameters()) == []
    features = torch.rand(2, 64)
    assert torch.equal(parts.suffix(features), features)


def test_when_the_stem_learns_the_photos_are_kept():
    model = make("test_convnext", 64)
    parts = cut(model, 0, 64)
    assert parts.suffix is model
    assert (parts.stage, [value.shape for value in parts.values]) == (0, [(3, 64, 64)])
    assert parts.bytes_per_image == 3 * 64 * 64 * 4


@pytest.mark.parametrize("architecture", ["resnet10t", "test_convnext", "test_vit", "test_efficientnet"])
def test_a_step_behind_the_cut_is_a_step_of_the_model(architecture: str):
    """Gradients and running statistics of the learning stages are those of training with the stages before frozen."""
    images, gradients, statistics = photos(6, 64), [], []
    for through_cut in (False, True):
        model = make(architecture, 64)
        frozen = find_stages(model)[:2]
        model.train()
        for part in frozen:
            for name in part.modules:
                model.get_submodule(name).eval()
        parts = cut(model, 2, 64)
        features = parts.suffix(*(v.detach() for v in parts.prefix(images))) if through_cut else model(images)
        features.square().sum().backward()
        learning = {name for part in find_stages(model)[2:] for name in part.members}
        gradients.append({n: p.grad for n, p in model.named_parameters() if n in learning})
        statistics.append({name: value.clone() for name, value in model.named_buffers()})
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(*statistics)


def test_cutting_changes_neither_modes_nor_numbers_nor_the_random_generator():
    model = make("test_efficientnet", 64).train()
    model.blocks[0].eval()
    modes = {name: module.training for name, module in model.named_modules()}
    state = {name: value.clone() for name, value in model.state_dict().items()}
    generator = torch.get_rng_state()
    cut(model, 2, 64)
    assert {name: module.training for name, module in model.named_modules()} == modes
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator)


def test_dropped_paths_inside_the_suffix_obey_the_models_mode():
    model = make("test_vit", 64, drop_path_rate=0.5)
    parts = cut(model, 2, 64)
    kept = parts.prefix(photos(4, 64))
    torch.manual_seed(0)
    model.train()
    assert not torch.equal(parts.suffix(*kept), parts.suffix(*kept))
    model.eval()
    assert torch.equal(parts.suffix(*kept), parts.suffix(*kept))


class Blocks(nn.Module):
    """A small backbone of three blocks; subclasses put something between them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 4, 4)
        self.blocks = nn.ModuleList(nn.Conv2d(4, 4, 1) for _ in range(3))
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)
        for i, block in enumerate(self.blocks):
            x = self.between(block(x), i)
        return x.mean((2, 3))

    def between(self, x: Tensor, i: int) -> Tensor:
        return x


def cut_and_check(model: nn.Module, stage: int) -> Cut:
    torch.manual_seed(0)
    parts, images = cut(model, stage, 16), photos(3, 16)
    torch.testing.assert_close(parts.suffix(*parts.prefix(images)), model(images))
    return parts


def test_dropout_in_the_roots_own_code_obeys_the_models_mode():
    class Dropping(Blocks):
        def between(self, x: Tensor, i: int) -> Tensor:
            return functional.dropout(x, 0.5, training=self.training)

    model = Dropping().eval()
    parts = cut_and_check(model, 2)
    kept = parts.prefix(photos(3, 16))
    torch.manual_seed(0)
    model.train()
    assert not torch.equal(parts.suffix(*kept), parts.suffix(*kept))
    model.eval()
    assert torch.equal(parts.suffix(*kept), parts.suffix(*kept))


def test_a_root_that_takes_another_way_in_training_is_not_cut():
    class Fickle(Blocks):
        def between(self, x: Tensor, i: int) -> Tensor:
            return x * 2 if self.training else x

    assert cut_and_check(Fickle().eval(), 2).stage == 0


def test_a_root_that_decides_by_what_it_sees_is_not_cut():
    class DataDependent(Blocks):
        def between(self, x: Tensor, i: int) -> Tensor:
            return x if x.mean() > 0 else -x

    assert cut_and_check(DataDependent(), 2).stage == 0


def test_a_parameter_used_by_itself_still_learns():
    class Scaling(Blocks):
        def between(self, x: Tensor, i: int) -> Tensor:
            return x * self.scale.exp()

    model = Scaling()
    cut_and_check(model, 3).suffix(torch.rand(2, 4, 4, 4)).sum().backward()
    assert model.scale.grad is not None


def test_a_backbone_that_cannot_be_cut_can_still_be_kept_whole():
    twins = make("twins_svt_small", 224)
    behind = len(find_stages(twins))
    assert cut(twins, behind - 1, 224).stage == 0
    assert cut(twins, behind, 224).stage == behind


def test_what_has_no_row_per_photo_does_not_cross_and_the_cut_moves_earlier():
    class Mixing(Blocks):
        def between(self, x: Tensor, i: int) -> Tensor:
            return x.flatten(0, 1).unsqueeze(1).expand(-1, 4, -1, -1) if i == 1 else x

    class Restoring(Mixing):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images).unflatten(0, (images.shape[0], 4)).flatten(1)

    assert cut_and_check(Restoring(), 3).stage == 2


def test_numbers_made_of_the_batch_are_made_again_for_each_batch():
    class Counting(Blocks):
        def forward(self, images: Tensor) -> Tensor:
            batch, (height, width) = images.shape[0], images.shape[-2:]
            return super().forward(images).reshape(batch, height // width, 4).flatten(1) * (batch + 1)

    model = Counting()
    parts = cut(model, 3, 16)
    for count in (1, 7):
        images = photos(count, 16)
        torch.testing.assert_close(parts.suffix(*parts.prefix(images)), model(images))


def test_what_the_suffix_writes_over_is_a_copy():
    model = Blocks()
    model.blocks[2] = nn.Sequential(nn.ReLU(inplace=True), model.blocks[2])
    parts = cut_and_check(model, 3)
    kept = torch.full((1, 4, 4, 4), -1.0)
    parts.suffix(kept)
    assert (kept == -1).all()


def test_what_the_suffix_writes_over_through_a_view_is_a_copy():
    class Adding(Blocks):
        def forward(self, images: Tensor) -> Tensor:
            x = self.blocks[1](self.blocks[0](self.stem(images)))
            return x.flatten(2).add_(self.blocks[2](x).flatten(2)).mean(2)

    kept = torch.ones(1, 4, 4, 4)
    cut_and_check(Adding(), 3).suffix(kept)
    assert (kept == 1).all()


def test_what_does_not_depend_on_the_photo_is_made_again_and_not_kept():
    class Positioned(Blocks):
        def forward(self, images: Tensor) -> Tensor:
            x = self.stem(images)
            where = torch.linspace(0, 1, x.shape[-1]) * self.stem.bias.sum()
            for block in self.blocks:
                x = block(x + where)
            return x.mean((2, 3))

    assert [value.shape for value in cut_and_check(Positioned(), 2).values] == [(4, 4, 4)]
