"""Who can teach: a network with the classifier that its weights were trained with, or the model of an earlier run."""

from pathlib import Path

from torch import Tensor, nn

from core.activations import Values
from core.backbones import build_whole, card, feature_count
from core.datasets import Task, load_dataset
from core.distillation.teacher import CachedTeacher, ProjectionHeads, TeacherModel
from core.errors import BadPlan, NotFound
from core.home import Home
from core.job import TrainingContext
from core.models import load_trained
from core.plans import BackboneChoice, Teacher, read_plan

DISTILLATION = "distillation"  # the name of the projection heads among the auxiliary modules


def projection_heads_for(context: TrainingContext, features: int) -> ProjectionHeads | None:
    """With the plan's teacher, if it names one. features: of the student. Raises what `load_teacher` does."""
    if context.plan.teacher is None:
        return None
    model = load_teacher(context.home, context.plan.teacher)
    context.compute_config.move(model.network)
    return ProjectionHeads(features, CachedTeacher(model, context), context.plan.seed).to(context.compute_config.device)


def distillation_heads(auxiliary: nn.ModuleDict) -> ProjectionHeads | None:
    """The projection heads among the auxiliary modules, where the plan names a teacher."""
    if DISTILLATION not in auxiliary:
        return None
    heads = auxiliary[DISTILLATION]
    assert isinstance(heads, ProjectionHeads)
    return heads


def load_teacher(home: Home, teacher: Teacher) -> TeacherModel:
    """On the processor. Raises what `core.backbones.build_whole` and `core.training.load_trained` do, and NotFound for
    a run that is gone.
    """
    if teacher.backbone:
        return _network(home, teacher.backbone, teacher.image_size or card(teacher.backbone.name).input_size)
    return _run(home, home.runs / str(teacher.run))


def gone() -> NotFound:
    """What is said of a run that should teach and is not there."""
    return NotFound("The run that should teach is gone.", "Choose another teacher in the plan.")


def _network(home: Home, choice: BackboneChoice, image_size: int) -> TeacherModel:
    network = build_whole(home, choice, image_size).eval().requires_grad_(False)

    def look(images: Tensor) -> Values:
        seen = network.forward_features(images)  # type: ignore[operator]
        return network.forward_head(seen, pre_logits=True), network.forward_head(seen)  # type: ignore[operator]

    # What its classes are called is not in its file.
    classes = tuple(str(number) for number in range(int(network.num_classes)))  # type: ignore[arg-type]
    tells = (Task("", classes),)
    return TeacherModel(network, card(choice.name), image_size, feature_count(network), tells, look)


def _run(home: Home, folder: Path) -> TeacherModel:
    try:
        plan = read_plan(folder / "plan.json")
    except BadPlan as error:
        raise gone() from error
    dataset = load_dataset(home, plan.source.id, plan.source.version)
    model = load_trained(home, plan, dataset.tasks, folder).requires_grad_(False)

    def look(images: Tensor) -> Values:
        features = model.backbone(images)
        return features, *model.answers(features).values()

    return TeacherModel(model, card(plan.backbone.name), plan.image_size, model.features, model.tasks, look)
