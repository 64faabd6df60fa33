"""How fast this machine computes one backbone: a second or two of trying it, with random weights and grey noise."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from core.augmentation import augment, sample_parameters
from core.backbones import FusedPrefix, cut
from core.datasets import decode_for, store_side
from core.device import ComputeConfig
from core.distillation import TeacherModel
from core.home import whole_folder
from core.models import TrainedModel, create_optimizer, set_trainable
from core.plans import Augmentation, Phase, Plan

STEP_SECONDS = 0.5  # that one step of a trial should last at most
TRIAL_SECONDS = 0.3  # the least that a step is repeated for
BRIEF_SECONDS = 0.05  # the same for what costs little beside a step
ONCE = 0.0  # for what takes turns, so that whoever asks repeats it
AGREE = 1.1  # as long as each other, but for so much
FEW_TIMES, MOST_TIMES = 6, 1_000  # to wait for two that agree; and of what takes no time at all
FEWEST = 4  # images in a trial
SHOWN_TO_TEACHER = 16  # photos at once, unless that takes too long
SAVED = (30_000, 12_000_000)  # bytes of two checkpoints
PHOTO = (1024, 768)  # of a camera's pictures, as a stand-in where the photos are not known


@dataclass(frozen=True)
class BenchmarkSetup:
    """A model that is tried on random images: a whole batch of them, or as many as a step does in half a second. Of a
    few images each would cost up to twice as much.

    glance: about how many seconds a training step takes for one of them.
    """

    model: TrainedModel
    plan: Plan
    compute_config: ComputeConfig
    images: Tensor
    rough_seconds: float = 0.0


def begin(
    model: TrainedModel,
    plan: Plan,
    compute_config: ComputeConfig,
    first_trainable_stage: int = 0,
    at_most: float = STEP_SECONDS,
) -> BenchmarkSetup:
    """first_trainable_stage: of the steps that are to be tried. at_most: how many seconds one of them should last."""
    few = _images(min(FEWEST, max(plan.batch_size, 2)), plan.image_size, compute_config)
    trial = BenchmarkSetup(compute_config.move(model), plan, compute_config, few)
    rough_seconds = min(step_seconds(trial, first_trainable_stage, ONCE) for _ in range(2))  # the first one warms up
    fitting = int(at_most / rough_seconds) if rough_seconds > 0 else plan.batch_size
    count = min(max(fitting, len(few)), max(plan.batch_size, 2))
    return BenchmarkSetup(
        trial.model, plan, compute_config, _images(count, plan.image_size, compute_config), rough_seconds
    )


def with_compute_config(trial: BenchmarkSetup, compute_config: ComputeConfig) -> BenchmarkSetup:
    """The same trial in another arithmetic; from now on the model is in it, and torch uses its threads."""
    compute_config.use_threads()
    model, images = compute_config.move(trial.model), compute_config.lay_out(trial.images)
    return replace(trial, model=model, compute_config=compute_config, images=images)


def forward_seconds(trial: BenchmarkSetup, at_least: float = TRIAL_SECONDS) -> float:
    """One image through the backbone, without learning. at_least: so many seconds are spent on finding out."""
    trial.model.eval()

    def forward() -> None:
        with torch.no_grad(), trial.compute_config.inference_autocast():
            trial.model.backbone(trial.images)

    return _seconds(forward, trial.compute_config.device, at_least) / len(trial.images)


def fused_forward_seconds(trial: BenchmarkSetup) -> float:
    """The same as a frozen part looks: with batch norms folded."""
    trial.model.eval()
    look = FusedPrefix(cut(trial.model.backbone, len(trial.model.stages), trial.plan.image_size).prefix)

    def forward() -> None:
        with torch.no_grad(), trial.compute_config.inference_autocast():
            look(trial.images)

    return _seconds(forward, trial.compute_config.device, TRIAL_SECONDS) / len(trial.images)


def teacher_seconds(model: TeacherModel, compute_config: ComputeConfig) -> float:
    """One photo shown to a teacher."""
    few, more = (_images(photos, model.image_size, compute_config) for photos in (FEWEST, SHOWN_TO_TEACHER))
    rough_seconds = _seconds(lambda: _show(model, few, compute_config), compute_config.device, ONCE) / FEWEST
    images = more if rough_seconds * SHOWN_TO_TEACHER < STEP_SECONDS else few
    return _seconds(lambda: _show(model, images, compute_config), compute_config.device, TRIAL_SECONDS) / len(images)


def teacher_forward_bytes(model: TeacherModel, compute_config: ComputeConfig) -> float:
    """What one photo shown to a teacher holds in memory, as `forward_bytes` counts it."""
    images = _images(2, model.image_size, compute_config)
    return _widest_bytes(model.network, lambda: _show(model, images, compute_config)) / len(images)


def _show(model: TeacherModel, images: Tensor, compute_config: ComputeConfig) -> None:
    with torch.no_grad(), compute_config.inference_autocast():
        model.forward(images)


def step_seconds(trial: BenchmarkSetup, first_trainable_stage: int, at_least: float = TRIAL_SECONDS) -> float:
    """One image through a training step, with all stages from `first_trainable_stage` on learning; no update."""
    stages = len(trial.model.stages)
    rates = tuple(float(number >= first_trainable_stage) for number in range(stages))
    set_trainable(trial.model, Phase(epochs=1, stage_rates=rates, head_rate=1.0))

    def step() -> None:
        with trial.compute_config.autocast():
            loss = torch.stack([a.float().square().mean() for a in trial.model(trial.images).values()]).sum()
        loss.backward()
        trial.model.zero_grad()

    return _seconds(step, trial.compute_config.device, at_least) / len(trial.images)


def head_seconds(trial: BenchmarkSetup) -> float:
    """One image's features through a training step of the heads alone; without the update."""
    model, device = trial.model, trial.compute_config.device
    set_trainable(model, Phase(epochs=1, stage_rates=(0.0,) * len(model.stages), head_rate=1.0))
    features = torch.rand((trial.plan.batch_size, model.features), device=device)

    def step() -> None:
        with trial.compute_config.autocast():
            loss = torch.stack([a.float().square().mean() for a in model.answers(features).values()]).sum()
        loss.backward()
        model.zero_grad()

    return _seconds(step, device, BRIEF_SECONDS) / len(features)


def update_seconds(trial: BenchmarkSetup) -> float:
    """One step of the optimizer over all parameters, with rates of 0."""
    optimizer = create_optimizer(trial.model, trial.plan.optimizer, trial.compute_config.device)
    for parameter in trial.model.parameters():
        parameter.requires_grad_(True).grad = torch.zeros_like(parameter)
    seconds = _seconds(optimizer.step, trial.compute_config.device, BRIEF_SECONDS)
    trial.model.zero_grad()
    return seconds


def stage_shares(trial: BenchmarkSetup) -> list[float]:
    """The share of each stage in the time of a forward pass; they add up to 1."""
    spent = np.zeros(len(trial.model.stages))
    trial.model.eval()
    with ExitStack() as hooks, torch.no_grad(), trial.compute_config.autocast():
        for number, modules in enumerate(_stage_modules(trial.model)):
            for module in modules:
                _time_into(hooks, module, spent, number, trial.compute_config.device)
        trial.model.backbone(trial.images)
    return [float(share) for share in spent / spent.sum()] if spent.sum() > 0 else [1 / len(spent)] * len(spent)


def _time_into(hooks: ExitStack, module: nn.Module, spent: np.ndarray, number: int, device: torch.device) -> None:
    began = [0.0]

    def before(*_: object) -> None:
        _wait_for(device)
        began[0] = time.perf_counter()

    def after(*_: object) -> None:
        _wait_for(device)
        spent[number] += time.perf_counter() - began[0]

    hooks.enter_context(module.register_forward_pre_hook(before))
    hooks.enter_context(module.register_forward_hook(after))


def stage_bytes(trial: BenchmarkSetup) -> tuple[list[float], list[float]]:
    """By stage, per image: (what a training step must remember of it, what it hands on)."""
    model, images = trial.model, trial.images[:2]
    remembered, handed_on = np.zeros(len(model.stages)), np.zeros(len(model.stages))
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    seen, current = set(own), [0]

    def pack(value: Tensor) -> Tensor:
        place = value.untyped_storage().data_ptr()
        if place not in seen:
            seen.add(place)
            remembered[current[0]] += value.untyped_storage().nbytes()
        return value

    set_trainable(model, Phase(epochs=1, stage_rates=(1.0,) * len(model.stages), head_rate=1.0))
    with ExitStack() as hooks:
        for number, modules in enumerate(_stage_modules(model)):
            for module in modules:
                hooks.enter_context(module.register_forward_pre_hook(_setting(current, number)))
                hooks.enter_context(module.register_forward_hook(_sizing(handed_on, number)))
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value), trial.compute_config.autocast():
            kept_alive = model(images)  # else freed memory would come again and be taken for seen
        del kept_alive
    return (remembered / len(images)).tolist(), (handed_on / len(images)).tolist()


def _setting(current: list[int], number: int) -> Callable[..., None]:
    def before(*_: object) -> None:
        current[0] = number

    return before


def _sizing(sizes: np.ndarray, number: int) -> Callable[..., None]:
    def after(module: nn.Module, given: object, gives: object) -> None:
        if isinstance(gives, Tensor):
            sizes[number] = gives.numel() * gives.element_size()

    return after


def forward_bytes(trial: BenchmarkSetup) -> float:
    """What a forward pass holds per image at its widest place: what one module is given, what it gives, and as much
    again for what torch lays out anew in between.
    """
    images = trial.images[:2]
    trial.model.eval()

    def look() -> None:
        with torch.no_grad(), trial.compute_config.inference_autocast():
            trial.model.backbone(images)

    return _widest_bytes(trial.model.backbone, look) / len(images)


def _widest_bytes(network: nn.Module, look: Callable[[], None]) -> float:
    """What `look` holds of the network's values, for all of its images."""
    widest = [0]

    def size(module: nn.Module, given: tuple[object, ...], gives: object) -> None:
        tensors = [value for value in (*given, gives) if isinstance(value, Tensor)]
        widest[0] = max(widest[0], sum(value.nbytes for value in tensors))

    with ExitStack() as hooks:
        for module in network.modules():
            if not list(module.children()):
                hooks.enter_context(module.register_forward_hook(size))
        look()
    return 1.5 * widest[0]


def save_seconds(folder: Path) -> tuple[float, float]:
    """Of a checkpoint in `folder`, however small, and of each byte in it."""

    def save(size: int) -> None:
        with whole_folder(folder / "trial") as part:
            for number in range(3):
                (part / str(number)).write_bytes(bytes(size // 3))

    try:
        small, large = (_seconds(partial(save, size), torch.device("cpu"), BRIEF_SECONDS) for size in SAVED)
    finally:
        shutil.rmtree(folder / "trial", ignore_errors=True)
    return small, max(large - small, 0.0) / (SAVED[1] - SAVED[0])


def augment_seconds(plan: Plan, compute_config: ComputeConfig) -> float:
    """One photo changed as a new plan's augmentation changes it; which changes are on makes little difference."""
    changes, side = Augmentation(), store_side(plan.image_size)
    pixels = torch.randint(0, 256, (FEWEST, 3, side, side), dtype=torch.uint8, device=compute_config.device)
    rows = np.arange(FEWEST)

    def change() -> None:
        augment(pixels, changes, sample_parameters(changes, 0, 0, rows, plan.image_size / side), plan.image_size)

    return _seconds(change, compute_config.device, BRIEF_SECONDS) / FEWEST


def decode_seconds(photos: Sequence[Path | bytes], image_size: int, workers: int) -> float:
    """One of these photos, decoded for the store by all workers at once."""
    began = 0.0
    for number, photo in enumerate(photos):
        if number == 1 or len(photos) == 1:
            began = time.perf_counter()  # the first one also loads what decodes
        decode_for(photo, store_side(image_size))
    return (time.perf_counter() - began) / max(len(photos) - 1, 1) / workers


def a_photo() -> bytes:
    """A JPEG of a phone's smaller size, where the photos are not known."""
    noise = np.random.default_rng(0).integers(0, 256, (PHOTO[1] // 16, PHOTO[0] // 16, 3), dtype=np.uint8)
    with BytesIO() as file:
        Image.fromarray(noise).resize(PHOTO).save(file, "JPEG", quality=90)
        return file.getvalue()


def _stage_modules(model: TrainedModel) -> list[list[nn.Module]]:
    return [[model.backbone.get_submodule(name) for name in stage.modules] for stage in model.stages]


def _images(count: int, size: int, compute_config: ComputeConfig) -> Tensor:
    noise = torch.rand((count, 3, size, size), generator=torch.Generator().manual_seed(0))
    return compute_config.lay_out(noise.to(compute_config.device))


def _seconds(work: Callable[[], object], device: torch.device, at_least: float) -> float:
    """The best of a few times, of which two agree: the first plans and allocates, and others may want the machine."""
    took: list[float] = []
    while not _settled(took, at_least):
        began = time.perf_counter()
        work()
        _wait_for(device)
        took.append(time.perf_counter() - began)
    return min(took)


def _settled(took: list[float], at_least: float) -> bool:
    if at_least == ONCE:
        return len(took) == 1
    if len(took) < 2 or (sum(took) < at_least and len(took) < MOST_TIMES):
        return False
    best, second = sorted(took)[:2]
    return second <= AGREE * best or len(took) >= FEW_TIMES


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
