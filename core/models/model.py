"""The model that a run trains: a backbone, and one head per task."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from core.backbones import BackboneCard, Normalize, Stage
from core.models.heads import NearestNeighbors, make_head
from core.plans import HeadKind, Phase
from core.tasks import Task, label_kind


class TrainedModel(nn.Module):
    """Backbone and heads.

    num_features: channels that the backbone gives for an image. stages: of the backbone, from stem to end. tasks: of
    the heads, in their order.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_features: int,
        stages: Sequence[Stage],
        tasks: Sequence[Task],
        card: BackboneCard,
        head_kind: HeadKind = "linear",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = nn.ModuleList(
            make_head(head_kind, num_features, label_kind(task).head_width(task)) for task in tasks
        )
        self.normalize = Normalize(card)
        self.num_features, self.stages, self.tasks = num_features, tuple(stages), tuple(tasks)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits by task, [batch, outputs], of normalised photos [batch, 3, height, width]."""
        return self.logits(self.backbone(images))

    def logits(self, features: Tensor) -> dict[str, Tensor]:
        """Logits by task, [batch, outputs], of features [batch, channels]."""
        return {task.name: head(features) for task, head in zip(self.tasks, self.heads, strict=True)}


def init_linear(layers: nn.Module, seed: int) -> None:
    """Initialize with small random weights and no bias, so that the first prediction is "all classes alike"."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in layers.named_parameters():
        if name.endswith("weight"):
            nn.init.normal_(parameter, std=0.01, generator=generator)
        else:
            nn.init.zeros_(parameter)


def set_trainable(model: TrainedModel, phase: Phase) -> None:
    """Unfreeze the stages to which the phase gives a learning rate, freeze the others.

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


def seeded_dropout(features: Tensor, p: float, generator: torch.Generator) -> Tensor:
    """Dropout (Srivastava et al., JMLR 2014) of features [batch, channels] with a generator of its own."""
    if p == 0:
        return features
    mask = torch.empty_like(features).bernoulli_(1 - p, generator=generator)
    return features * mask / (1 - p)


def trains_batch_norm(model: TrainedModel, phase: Phase) -> bool:
    """Whether a batch norm is unfrozen in this phase: it needs two photos in every batch."""
    return bool(learning_batch_norms(model, phase))


def learning_batch_norms(model: TrainedModel, phase: Phase) -> list[nn.modules.batchnorm._BatchNorm]:
    """The batch norms of the stages that are unfrozen in this phase."""
    unfrozen = [
        model.backbone.get_submodule(module)
        for stage, rate in zip(model.stages, phase.stage_rates, strict=True)
        if rate > 0
        for module in stage.modules
    ]
    return [m for part in unfrozen for m in part.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def split_frozen_names(model: TrainedModel, phases: Sequence[Phase]) -> tuple[list[str], list[str]]:
    """Names in the model's state dict: of stages that every phase freezes, and of all else."""
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
    for number, head in enumerate(model.heads):
        if isinstance(head, NearestNeighbors):
            head.make_room(len(tensors[f"heads.{number}.labels"]))
    own = model.state_dict()
    with torch.no_grad():
        for name, value in tensors.items():
            own[name].copy_(value)
