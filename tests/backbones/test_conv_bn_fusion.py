"""A folded prefix answers as it did, without the batch norms; what cannot be folded stays as it is."""

import pytest
import timm
import torch
from torch import Tensor, nn

from core.backbones import find_stages
from core.backbones.conv_bn_fusion import fuse_conv_bn
from core.backbones.cut import cut

SIDE = 64
IMAGES = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
# With norms of torch's own, with timm's that hold an activation, with squeeze and excitation.
FAMILIES = ["resnet10t", "mobilenetv4_conv_small_050", "efficientnet_b0", "regnety_002"]


def lived_in(architecture: str) -> nn.Module:
    """With batch norms that have seen photos: their averages are not 0 and 1."""
    torch.manual_seed(0)
    model = timm.create_model(architecture, num_classes=0).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return model


@pytest.mark.parametrize("where", ["last stage", "head"])
@pytest.mark.parametrize("architecture", FAMILIES)
def test_it_answers_as_before_without_its_batch_norms(architecture: str, where: str):
    model = lived_in(architecture)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    prefix = cut(model, len(find_stages(model)) - (where == "last stage"), SIDE).prefix
    made = fuse_conv_bn(prefix, IMAGES)
    assert made is not prefix
    assert not any(isinstance(module, nn.BatchNorm2d) for module in made.modules())
    more = torch.rand(5, 3, SIDE, SIDE)
    with torch.no_grad():
        for one, other in zip(made(more), prefix(more), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_it_stays_as_it_was_when_the_model_goes_on_to_learn():
    model = lived_in("resnet10t")
    made = fuse_conv_bn(cut(model, len(find_stages(model)) - 1, SIDE).prefix, IMAGES)
    with torch.no_grad():
        before = made(IMAGES)
        model.train()
        assert not any(module.training for module in made.modules())
        assert all(map(torch.equal, made(IMAGES), before))


def test_without_batch_norms_it_is_the_prefix_itself():
    model = timm.create_model("test_vit", num_classes=0).eval()
    prefix = cut(model, len(find_stages(model)), 160).prefix
    assert fuse_conv_bn(prefix, torch.rand(2, 3, 160, 160)) is prefix


class _Branching(nn.Module):
    """What the convolution gives goes around the batch norm, too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        nn.init.constant_(self.norm.running_mean, 0.3)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        given = self.conv(images)
        return (self.norm(given) + given,)


class _Shared(_Branching):
    """One convolution that runs twice."""

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (self.norm(self.conv(images)) + self.conv(images.flip(0)),)


@pytest.mark.parametrize("network", [_Branching, _Shared])
def test_what_would_answer_otherwise_is_left_alone(network: type[nn.Module]):
    prefix = network().eval()
    assert fuse_conv_bn(prefix, IMAGES) is prefix
