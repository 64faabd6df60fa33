"""From a plan to a model: before its first step, or with what a run learned."""

from collections.abc import Sequence
from pathlib import Path

import torch

from core.backbones import BackboneCard, build_backbone, find_stages, get_card, num_features
from core.datasets import Task
from core.errors import BadPlan
from core.home import Home
from core.models.model import TrainedModel, init_heads
from core.models.weights_io import Which, load_model
from core.plans import BackboneChoice, Plan


def create_model(home: Home, plan: Plan, tasks: Sequence[Task]) -> TrainedModel:
    """The plan's backbone with fresh heads, on the processor; the same every time.

    Raises what `core.backbones.build_backbone` does, and BadPlan when the plan counts other stages.
    """
    model = _shaped(home, plan, plan.backbone, tasks, get_card(plan.backbone.name))
    if len(model.stages) != len(plan.phases[0].stage_rates):
        raise BadPlan(
            f"The plan gives {len(plan.phases[0].stage_rates)} stages a learning rate, and {plan.backbone.name} has "
            f"{len(model.stages)}.",
            "Choose the recipe again for this backbone.",
        )
    return model


def load_trained_model(
    home: Home, plan: Plan, dataset_tasks: Sequence[Task], folder: Path, which: Which = "best"
) -> TrainedModel:
    """The model that a run made, on the processor, in eval mode. Needs neither the photos nor the downloaded weights.

    dataset_tasks: of the dataset version that the plan names. folder: the run's. Raises NotFound when no epoch has
    ended yet, BadWeights when the files are damaged.
    """
    known = {task.name: task for task in dataset_tasks}
    shape = BackboneChoice(name=plan.backbone.name, weights="random")
    model = _shaped(home, plan, shape, [known[name] for name in plan.tasks], get_card(plan.backbone.name))
    load_model(model, folder, which)
    return model.eval()


def _shaped(home: Home, plan: Plan, choice: BackboneChoice, tasks: Sequence[Task], of: BackboneCard) -> TrainedModel:
    # timm draws random weights from the one generator of the process, which is put back as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        backbone = build_backbone(home, choice, plan.image_size)
    model = TrainedModel(backbone, num_features(backbone), find_stages(backbone), tasks, of)
    init_heads(model, plan.seed)
    return model
