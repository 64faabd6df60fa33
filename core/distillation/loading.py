"""Load a teacher: a network with the classifier that its weights were trained with, or the model of an earlier run."""

from pathlib import Path

from torch import Tensor, nn

from core.activations import Activations
from core.backbones import build_with_classifier, get_card, num_features
from core.datasets import Task, load_dataset
from core.distillation.teacher import CachedTeacher, ProjectionHeads, TeacherModel
from core.errors import BadPlan, NotFound
from core.home import Home
from core.job import TrainingContext
from core.models import load_trained_model
from core.plans import BackboneChoice, Teacher, read_plan

DISTILLATION = "distillation"  # the name of the projection heads among the auxiliary modules


def projection_heads_for(context: TrainingContext, feature_count: int) -> ProjectionHeads | None:
    """The plan's teacher with the heads that compare a student to it; None where the plan names no teacher.

    feature_count: of the student. Raises what `load_teacher` does.
    """
    if context.plan.teacher is None:
        return None
    model = load_teacher(context.home, context.plan.teacher)
    context.compute_config.move(model.network)
    heads = ProjectionHeads(feature_count, CachedTeacher(model, context), context.plan.seed)
    return heads.to(context.compute_config.device)


def distillation_heads(auxiliary: nn.ModuleDict) -> ProjectionHeads | None:
    """The projection heads among the auxiliary modules, where the plan names a teacher."""
    if DISTILLATION not in auxiliary:
        return None
    heads = auxiliary[DISTILLATION]
    assert isinstance(heads, ProjectionHeads)
    return heads


def load_teacher(home: Home, teacher: Teacher) -> TeacherModel:
    """The teacher of a plan, on the processor.

    Raises what `core.backbones.build_with_classifier` and `core.models.load_trained_model` do, and NotFound for a run
    that is gone.
    """
    if teacher.backbone:
        return _load_network(home, teacher.backbone, teacher.image_size or get_card(teacher.backbone.name).input_size)
    return _load_run(home, home.runs / str(teacher.run))


def teacher_run_not_found() -> NotFound:
    """The error for a plan whose teacher is a run that is gone."""
    return NotFound("The run that should teach is gone.", "Choose another teacher in the plan.")


def _load_network(home: Home, choice: BackboneChoice, image_size: int) -> TeacherModel:
    network = build_with_classifier(home, choice, image_size).eval().requires_grad_(False)

    def forward(images: Tensor) -> Activations:
        tokens_or_maps = network.forward_features(images)  # type: ignore[operator]
        return (
            network.forward_head(tokens_or_maps, pre_logits=True),  # type: ignore[operator]
            network.forward_head(tokens_or_maps),  # type: ignore[operator]
        )

    # The weights file does not say what the classes are called.
    classes = tuple(str(number) for number in range(int(network.num_classes)))  # type: ignore[arg-type]
    tasks = (Task("", classes),)
    return TeacherModel(network, get_card(choice.name), image_size, num_features(network), tasks, forward)


def _load_run(home: Home, folder: Path) -> TeacherModel:
    try:
        plan = read_plan(folder / "plan.json")
    except BadPlan as error:
        raise teacher_run_not_found() from error
    dataset = load_dataset(home, plan.source.id, plan.source.version)
    model = load_trained_model(home, plan, dataset.tasks, folder).requires_grad_(False)

    def forward(images: Tensor) -> Activations:
        features = model.backbone(images)
        return features, *model.logits(features).values()

    return TeacherModel(model, get_card(plan.backbone.name), plan.image_size, model.num_features, model.tasks, forward)
