"""The model that a run trains: a backbone, and one linear head per task."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from core.backbones import BackboneCard, Stage
from core.plans import Phase
from core.tasks import Task, label_kind


class TrainedModel(nn.Module):
    """Backbone and heads. `forward` gives logits by task for normalised photos.

    features: how many numbers the backbone gives for a photo. stages: of it, from stem to end. tasks: one head each.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, backbone: nn.Module, features: int, stages: Sequence[Stage], tasks: Sequence[Task], card: BackboneCard
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = nn.ModuleList(nn.Linear(features, label_kind(task).head_width(task)) for task in tasks)
        self.features, self.stages, self.tasks = features, tuple(stages), tuple(tasks)
        # Not part of the weights: they belong to the backbone's card, in units of a pixel's 0 to 255.
        self.register_buffer("mean", 255 * torch.tensor(card.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(card.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits by task, [batch, classes], of normalised photos [batch, 3, height, width]."""
        return self.answers(self.backbone(images))

    def answers(self, features: Tensor) -> dict[str, Tensor]:
        """Logits by task of features [batch, channels]."""
        return {task.name: head(features) for task, head in zip(self.tasks, self.heads, strict=True)}

    def normalised(self, pixels: Tensor) -> Tensor:
        """Pixels [batch, 3, height, width] from 0 to 255 as the backbone learned to see them."""
        # In place: memory for another batch of pixels costs as much as the division itself.
        return (pixels - self.mean).div_(self.std)


def init_heads(model: TrainedModel, seed: int) -> None:
    """The heads as they begin: the first answer is "all classes alike"."""
    init_linear(model.heads, seed)


def init_linear(layers: nn.Module, seed: int) -> None:
    """Small random weights, no bias."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in layers.named_parameters():
        if name.endswith("weight"):
            nn.init.normal_(parameter, std=0.01, generator=generator)
        else:
            nn.init.zeros_(parameter)


def set_trainable(model: TrainedModel, phase: Phase) -> None:
    """Let those stages learn that the phase gives a rate, and hold the others still.

    Frozen stages stay in eval mode: batch norm would otherwise drift its running statistics towards the new photos.
    """
    parameters = dict(model.backbone.named_parameters())
    model.eval()
    model.heads.train()
    for stage, rate in zip(model.stages, phase.stage_rates, strict=True):
        for name in stage.members:
            if name in parameters:
                parameters[name].requires_grad_(rate > 0)
        if rate > 0:
            for module in stage.modules:
                model.backbone.get_submodule(module).train()


def seeded_dropout(features: Tensor, chance: float, generator: torch.Generator) -> Tensor:
    """Features with some of them blanked (Srivastava et al., "Dropout", JMLR 2014), from a generator of one's own."""
    if chance == 0:
        return features
    kept = torch.empty_like(features).bernoulli_(1 - chance, generator=generator)
    return features * kept / (1 - chance)


def trains_batch_norm(model: TrainedModel, phase: Phase) -> bool:
    """Whether batch norm learns in this phase: it needs two photos in every batch."""
    learning = [
        model.backbone.get_submodule(module)
        for stage, rate in zip(model.stages, phase.stage_rates, strict=True)
        if rate > 0
        for module in stage.modules
    ]
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for part in learning for m in part.modules())


def split_frozen_names(model: TrainedModel, phases: Sequence[Phase]) -> tuple[list[str], list[str]]:
    """Names in the model's state dict: (of stages that no phase frees, of all that can change)."""
    frozen = {
        f"backbone.{name}"
        for number, stage in enumerate(model.stages)
        if not any(phase.stage_rates[number] > 0 for phase in phases)
        for name in stage.members
    }
    names = list(model.state_dict())
    return [n for n in names if n in frozen], [n for n in names if n not in frozen]


def load_tensors(model: TrainedModel, tensors: Mapping[str, Tensor]) -> None:
    """Copy tensors into the model by name. Raises KeyError or RuntimeError where one does not fit."""
    own = model.state_dict()
    with torch.no_grad():
        for name, value in tensors.items():
            own[name].copy_(value)
