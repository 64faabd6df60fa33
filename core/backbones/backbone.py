"""What a backbone is, before and after it is built."""

from dataclasses import dataclass
from typing import Literal

_FREE_LICENCES = {"Apache-2.0", "MIT", "BSD-3-Clause", "CC BY 4.0"}


@dataclass(frozen=True)
class BackboneCard:
    """One pretrained network, as the gallery shows it.

    name: what a plan calls it: a timm name with its tag (`resnet50.a1_in1k`), or what comes with Graft
    (`graft-resnet10t`).
    architecture: the timm model to create (`resnet50`, `resnet10t`).
    source: "starter" (lies in assets/weights), "package" (installed with Graft) or "hub" (timm downloads it once).
    input_size: the side in pixels at which it works best for use on photos.
    accuracy: ImageNet top-1 in percent as timm's own tables give it, else None.
    gmacs: billions of multiply-adds for one image at its input size, else None.
    fixed_size: it takes photos of its input size alone. one_built_size: it can be built for another size, and takes
    photos of that one alone then.
    size: "small", "medium" or "large", for the filter.
    """

    name: str
    title: str
    sentence: str
    architecture: str
    source: Literal["starter", "package", "hub"]
    family: str
    parameters: int
    input_size: int
    licence: str
    weights_bytes: int
    origin: str = ""
    gmacs: float | None = None
    accuracy: float | None = None
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    interpolation: str = "bicubic"
    fixed_size: bool = False
    one_built_size: bool = False
    gallery: bool = False

    @property
    def timm_name(self) -> str:
        """What timm creates it by; with its tag, where details of the architecture depend on that."""
        return self.name if self.source == "hub" else self.architecture

    @property
    def commercial_use(self) -> Literal["free", "own terms", "no"]:
        """Whether a company may use the weights: a licence that allows it, one to be read first, one that forbids."""
        if self.licence in _FREE_LICENCES:
            return "free"
        return "no" if "non-commercial" in self.licence or "research only" in self.licence else "own terms"

    @property
    def size(self) -> Literal["small", "medium", "large"]:
        millions = self.parameters / 1e6
        return "small" if millions < 12 else "medium" if millions < 40 else "large"


@dataclass(frozen=True)
class Stage:
    """A contiguous part of a backbone, from stem to head: the unit of freezing and of the learning rate.

    name: "stem", "stage 1", ... as screens say it. what: a word or two on what such a stage sees ("edges").
    parameters: how many numbers it learns. members: names of its parameters and buffers in the model's state dict.
    modules: names of the modules that lie wholly inside this stage, outermost only (to put them in eval mode).
    """

    index: int
    name: str
    what: str
    parameters: int
    members: tuple[str, ...]
    modules: tuple[str, ...]
