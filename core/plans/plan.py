"""All that decides a run, and nothing else. Equal plans have equal hashes; unknown fields are refused."""

import hashlib
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, ValidationError, model_validator

from core.errors import BadPlan
from core.names import shorten
from core.objectives import OBJECTIVES, CrossEntropy, Objective
from core.plans.head_kinds import HeadKind, refuse_what_no_simple_head_can


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


LARGEST_PLAN_BYTES = 2**20  # of a file; a plan has some 2 kB, and JSON takes 30 times its size in memory

Rate = Annotated[float, Field(ge=0, le=10)]


class DatasetChoice(_Frozen):
    """A dataset version and its role. `source`: labelled photos to train on. `target`: photos of another place, whose
    labels are not looked at; a model of the source is adapted to them.
    """

    id: str
    version: int = Field(ge=1)
    role: Literal["source", "target"] = "source"


class BackboneChoice(_Frozen):
    """weights: "pretrained" (the card's own), "random" (from scratch), or "file" (a safetensors file of the user)."""

    name: str
    weights: Literal["pretrained", "random", "file"] = "pretrained"
    file: str | None = None

    @model_validator(mode="after")
    def _file_goes_with_file(self) -> "BackboneChoice":
        if (self.weights == "file") != (self.file is not None):
            raise ValueError('a weights file is named exactly when weights is "file"')
        return self


class Phase(_Frozen):
    """A stretch of epochs with one learning rate per stage (0 is frozen), a schedule and a warm-up.

    stage_rates: one per stage of the backbone, from the stem on. warmup_epochs may be a fraction of an epoch.
    start_image_size: the side in pixels of the first training photos, where every stage is trainable
    (`core.plans.progressive_resizing`). solver: how the heads learn where they learn alone (`fits_heads`): in steps of
    the plan's optimizer, or fitted by L-BFGS, which knows no rate, no schedule and no batches.
    """

    name: str = "training"
    epochs: int = Field(ge=1, le=10_000)
    stage_rates: tuple[Rate, ...] = Field(min_length=1)
    head_rate: Rate
    schedule: Literal["constant", "cosine", "linear"] = "cosine"
    warmup_epochs: float = Field(default=0.0, ge=0, le=1_000)
    start_image_size: int | None = Field(default=None, ge=16, le=2_048)
    solver: Literal["optimizer", "lbfgs"] = "optimizer"

    @property
    def first_trainable_stage(self) -> int:
        """The first stage that is trained in this phase; `len(stage_rates)` when only the head is."""
        return next((i for i, rate in enumerate(self.stage_rates) if rate > 0), len(self.stage_rates))


def _objective_of_its_kind(value: Any) -> Any:
    """An objective from its fields: a discriminated union of all that `core.objectives.OBJECTIVES` registers."""
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    if kind not in OBJECTIVES:
        raise ValueError(f"an objective's kind is one of {', '.join(OBJECTIVES)}, and not {kind}")
    return OBJECTIVES[kind].model_validate(value)


AnyObjective = Annotated[SerializeAsAny[Objective], BeforeValidator(_objective_of_its_kind)]


class Teacher(_Frozen):
    """A model that is distilled beside the labels, through the objectives that need a teacher.

    backbone: a network with the classifier that its weights were trained with. run: the id of a run of this home, whose
    best model it is. One of the two is named. image_size: at which a network is most accurate, in pixels, its own where
    not given; a run's is that of its training. The teacher is shown the very photos of the student, enlarged.
    views: how many fixed views of each photo there are in rotation, so that the teacher computes each of them once.
    """

    backbone: BackboneChoice | None = None
    run: str | None = Field(default=None, pattern=r"^[0-9a-z]{1,64}$")
    image_size: int | None = Field(default=None, ge=16, le=2_048)
    views: int = Field(default=4, ge=2, le=1_000)

    @model_validator(mode="after")
    def _is_one_that_has_learned(self) -> "Teacher":
        if (self.backbone is None) == (self.run is None):
            raise ValueError("a teacher is either a backbone or a run")
        if self.backbone and self.backbone.weights == "random":
            raise ValueError("a teacher with random weights has nothing to teach")
        if self.run and self.image_size:
            raise ValueError("a run teaches at the photo size that it learned at: leave image_size out")
        return self


class Head(_Frozen):
    """What is put after the backbone, one per task.

    kind: "linear" is a linear layer that learns in steps or is fitted (`Phase.solver`); the others are those of
    classical machine learning, by scikit-learn's names (`core.plans.head_kinds`).
    """

    kind: HeadKind = "linear"
    dropout: float = Field(default=0.0, ge=0, lt=1)


class Augmentation(_Frozen):
    """How training photos are augmented; validation and test photos never are.

    crop: the least share of the picture's area that is kept. rotate: degrees to either side. colour: strength of
    brightness, contrast and saturation. erase: the probability that a rectangle is blanked.
    trivial_augment: the probability of one more change, of a random kind and strength for each photo
    (`core.augmentation.trivial_augment`). cached_views: how many augmented views of a photo are computed by a frozen
    part and learned from in rotation (`core.plans.augmented_views`); 0 is a new one in each epoch, None leaves it to
    Graft. mixup, cutmix: the share
    of batches in which every photo is blended with another one of the batch, or gets a rectangle of it, and their
    labels likewise (`core.augmentation.mixup`).
    """

    flip: bool = True
    flip_vertical: bool = False
    crop: float = Field(default=0.7, gt=0, le=1)
    rotate: float = Field(default=0.0, ge=0, le=180)
    colour: float = Field(default=0.2, ge=0, le=1)
    erase: float = Field(default=0.0, ge=0, le=1)
    trivial_augment: float = Field(default=0.0, ge=0, le=1)
    cached_views: int | None = Field(default=None, ge=0, le=10_000)
    mixup: float = Field(default=0.0, ge=0, le=1)
    cutmix: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _one_view_is_no_change(self) -> "Augmentation":
        if self.cached_views == 1:
            raise ValueError(
                "one kept view would be learned by heart: keep 2 or more, or 0 for a new one in each epoch"
            )
        return self

    @model_validator(mode="after")
    def _mixed_in_one_way_only(self) -> "Augmentation":
        if self.mixup + self.cutmix > 1:
            raise ValueError("mixup and cutmix together mix more than all batches: let them add up to at most 1")
        return self

    @property
    def mixes(self) -> bool:
        return self.mixup + self.cutmix > 0

    @property
    def off(self) -> bool:
        return self.model_copy(update={"cached_views": None}) == NO_AUGMENTATION


class Optimizer(_Frozen):
    """clip_norm: the gradient of all parameters together is made no longer than this. ema_decay: of the exponential
    moving average of the weights, 0.999 say, which is then what is evaluated and saved (`core.models.ema`); 0 is off.
    """

    kind: Literal["adamw", "sgd"] = "adamw"
    weight_decay: float = Field(default=0.01, ge=0, le=10)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    clip_norm: float | None = Field(default=None, gt=0)
    ema_decay: float = Field(default=0.0, ge=0, lt=1)


class EarlyStopping(_Frozen):
    """Stop when validation loss has not improved for this many epochs."""

    patience: int = Field(default=5, ge=1, le=10_000)


class Plan(_Frozen):
    """All that decides a run. See the fields' own docstrings; `core.plans.recipes` fills one in.

    sampling: "balanced" draws as many photos as there are in each epoch, each class with equal probability
    (`core.job.epoch_batches`).
    drop_path: the probability with which the last residual branch of the network is left out for a photo in a step of
    training, less for each one before it (stochastic depth, `core.backbones.drop_path`); 0 is off.
    soup: of so many of the last phase's best epochs, those are averaged that make the model better (`core.training`'s
    soup); 0 is off.
    adaptive_batch_norm: at the end of each epoch, batch norms that learn take the statistics of the target's photos.
    """

    datasets: tuple[DatasetChoice, ...] = Field(min_length=1)
    tasks: tuple[str, ...] = Field(min_length=1)
    backbone: BackboneChoice
    head: Head = Head()
    phases: tuple[Phase, ...] = Field(min_length=1)
    objectives: tuple[AnyObjective, ...] = Field(default=(CrossEntropy(),), min_length=1)
    teacher: Teacher | None = None
    augmentation: Augmentation = Augmentation()
    optimizer: Optimizer = Optimizer()
    early_stopping: EarlyStopping | None = None
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    soup: int = Field(default=0, ge=0, le=16)
    batch_size: int = Field(default=32, ge=1, le=65_536)
    image_size: int = Field(default=224, ge=16, le=2_048)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    repeatable: bool = False
    adaptive_batch_norm: bool = False

    @model_validator(mode="after")
    def _phases_agree(self) -> "Plan":
        if len({len(phase.stage_rates) for phase in self.phases}) > 1:
            raise ValueError("every phase needs one rate per stage of the same backbone")
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError("a task is named twice")
        return self

    @model_validator(mode="after")
    def _one_source_and_at_most_one_target(self) -> "Plan":
        roles = [each.role for each in self.datasets]
        if roles.count("source") != 1:
            raise ValueError("a plan learns from exactly one dataset, with the role source")
        if roles.count("target") > 1:
            raise ValueError("a plan adapts to one target dataset at most")
        if self.target and self.target.id == self.source.id:
            raise ValueError("the target is another dataset than the source: photos cannot be adapted to themselves")
        if self.target and self.batch_size < 2:
            raise ValueError("adaptation compares the photos of a batch: set the batch size to 2 or more")
        return self

    @model_validator(mode="after")
    def _each_objective_once_and_with_what_it_needs(self) -> "Plan":
        kinds = [each.kind for each in self.objectives]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise ValueError(f"the objective {kind} is named twice: give it one weight")
        if (self.teacher is not None) != any("teacher" in each.needs for each in self.objectives):
            raise ValueError("a teacher is named exactly when an objective looks at it")
        adapting = [each.kind for each in self.objectives if "target_batch" in each.needs]
        if adapting and not self.target:
            raise ValueError(f"the objective {adapting[0]} needs photos of another place: name a dataset as the target")
        if self.adaptive_batch_norm and not self.target:
            raise ValueError("adaptive batch norm needs photos of another place: name a dataset as the target")
        if self.adaptive_batch_norm and self.optimizer.ema_decay:
            raise ValueError("adaptive batch norm does not go with an average of the weights: turn one of them off")
        if self.target and not (adapting or self.adaptive_batch_norm):
            raise ValueError("a target dataset is named, and no objective adapts to it: add one, or leave it out")
        return self

    @model_validator(mode="after")
    def _balanced_once_and_for_one_task(self) -> "Plan":
        if self.sampling == "shuffled":
            return self
        if len(self.tasks) > 1:
            raise ValueError("photos can be drawn alike by the classes of one task alone: learn one, or shuffle them")
        if any(isinstance(each, CrossEntropy) and each.balance_classes for each in self.objectives):
            raise ValueError("rare classes are drawn more often and count more, which is twice too much: choose one")
        return self

    @model_validator(mode="after")
    def _weights_are_of_its_tasks(self) -> "Plan":
        for each in self.objectives:
            if isinstance(each, CrossEntropy):
                each.balance.check(self.tasks)
        return self

    @model_validator(mode="after")
    def _averaged_in_one_way_only(self) -> "Plan":
        if self.soup == 1:
            raise ValueError("a soup of one epoch is that epoch: take 2 or more, or 0 for none")
        if self.soup and self.target:
            raise ValueError("a soup is chosen by validation photos, which say nothing of another place: turn it off")
        if self.soup and self.optimizer.ema_decay:
            raise ValueError("a soup averages epochs, and weights are averaged over steps already: choose one of them")
        return self

    @model_validator(mode="after")
    def _a_simple_head_learns_alone(self) -> "Plan":
        refuse_what_no_simple_head_can(self)
        return self

    @property
    def fixed_views(self) -> int | None:
        """How many views there are of each training photo, where a teacher computes each of them; no more than there
        are epochs.
        """
        if self.teacher is None:
            return None
        return 1 if self.augmentation.off else max(2, min(self.teacher.views, self.epochs))

    @property
    def source(self) -> DatasetChoice:
        return next(each for each in self.datasets if each.role == "source")

    @property
    def target(self) -> DatasetChoice | None:
        """The dataset that the model is adapted to, if any."""
        return next((each for each in self.datasets if each.role == "target"), None)

    @property
    def first_trainable_stage(self) -> int:
        """The stage before which nothing changes in any phase; the number of stages when only the head learns."""
        return min(phase.first_trainable_stage for phase in self.phases)

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    @property
    def hash(self) -> str:
        # Without defaults: a new field does not change the hash of plans that do not use it.
        return hashlib.sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def fits_heads(plan: Plan, phase: Phase) -> bool:
    """Whether the heads are fitted by L-BFGS in a phase, on features of the photos as they are."""
    return phase.solver == "lbfgs" and can_fit_heads(plan, phase)


def can_fit_heads(plan: Plan, phase: Phase) -> bool:
    """Only where heads learn alone, from labels: what a teacher says, dropout and blended photos are learned from in
    steps, and so is an average of steps. Objectives that need more wait for a phase that frees a stage, if any does.
    """
    stages = len(phase.stage_rates)
    learns_alone = phase.first_trainable_stage == stages and phase.head_rate > 0
    in_steps = plan.teacher or plan.head.dropout or plan.augmentation.mixes or plan.optimizer.ema_decay
    drawn = plan.sampling == "balanced"  # batch by batch; a fit looks at all photos at once
    from_labels = [each.needs <= {"labels"} for each in plan.objectives]
    others_wait = plan.first_trainable_stage < stages
    return learns_alone and (all(from_labels) or (any(from_labels) and others_wait)) and not in_steps and not drawn


NO_AUGMENTATION = Augmentation(flip=False, crop=1.0, rotate=0.0, colour=0.0, erase=0.0)


def parse_plan(text: str | bytes, name: str = "the plan") -> Plan:
    """A plan from JSON. Raises BadPlan with the first thing that is wrong, in one sentence."""
    try:
        return Plan.model_validate_json(text)
    except ValidationError as error:
        raise BadPlan(
            f"{name}: {validation_error_in_words(error)}.", "Correct it, or print a fresh plan with `graft plan`."
        ) from error


def read_plan(path: Path) -> Plan:
    """A plan from a file. Raises BadPlan, also when the file cannot be read."""
    try:
        is_a_stream = not (stat.S_ISREG(kind := path.stat().st_mode) or stat.S_ISDIR(kind))
        # The shell's own pipes (`--plan /dev/stdin`, `--plan <(...)`) are being written; any other may never be.
        if is_a_stream and not str(path).startswith(("/dev/stdin", "/dev/fd/")):
            raise BadPlan(f'"{shorten(path)}" is a pipe or a device, and no plan file.', "Name a file.")
        with path.open("rb") as file:
            text = file.read(LARGEST_PLAN_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadPlan(f'The plan file "{shorten(path)}" cannot be read: {reason}.', "Check its name.") from error
    name = f'The plan file "{shorten(path.name)}"'
    if len(text) > LARGEST_PLAN_BYTES:
        raise BadPlan(f"{name} is larger than {LARGEST_PLAN_BYTES / 2**20:.0f} MB.", "Print one with `graft plan`.")
    return parse_plan(text, name)


def validation_error_in_words(error: ValidationError) -> str:
    """The first thing that is wrong, without a full stop."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f'the field "{field}" is unknown'
    if first["type"] == "missing":
        return f'the field "{field}" is missing'
    message = first["msg"].removeprefix("Value error, ")
    return f'"{field}": {message[0].lower()}{message[1:]}' if field else message[0].lower() + message[1:]
