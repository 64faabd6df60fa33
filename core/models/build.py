"""Build the model of a plan: before its first step, or with the weights of a run."""

from collections.abc import Sequence
from pathlib import Path

import torch

from core.backbones import BackboneCard, build_backbone, find_stages, get_card, has_drop_path, num_features
from core.datasets import Task
from core.errors import BadPlan
from core.home import Home
from core.models.model import TrainedModel, init_linear
from core.models.weights_io import Which, load_model
from core.plans import BackboneChoice, Plan


def create_model(home: Home, plan: Plan, tasks: Sequence[Task]) -> TrainedModel:
    """The plan's backbone with fresh heads, on the processor; the seed decides all random weights.

    Raises what `core.backbones.build_backbone` does, and BadPlan when the plan has rates for another number of stages.
    """
    card = get_card(plan.backbone.name)
    if plan.drop_path and not has_drop_path(card.architecture):
        raise BadPlan(f"{card.title} has no parts that can be left out.", "Set stochastic depth (drop_path) to 0.")
    model = _build(home, plan, plan.backbone, tasks, card)
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
    """The model of a run, on the processor, in eval mode. Needs neither the photos nor the downloaded weights.

    dataset_tasks: of the dataset version that the plan names. folder: the run's. Raises NotFound when no epoch has
    ended yet, BadWeights when the files are damaged.
    """
    known = {task.name: task for task in dataset_tasks}
    without_weights = BackboneChoice(name=plan.backbone.name, weights="random")
    model = _build(home, plan, without_weights, [known[name] for name in plan.tasks], get_card(plan.backbone.name))
    load_model(model, folder, which)
    return model.eval()


def _build(home: Home, plan: Plan, choice: BackboneChoice, tasks: Sequence[Task], card: BackboneCard) -> TrainedModel:
    # timm and torch initialize with the global generator of torch, whose state is restored.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        backbone = build_backbone(home, choice, plan.image_size, plan.drop_path)
        model = TrainedModel(backbone, num_features(backbone), find_stages(backbone), tasks, card, plan.head.kind)
    init_linear(model.heads, plan.seed)
    return model
