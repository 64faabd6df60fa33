"""Benchmarks of one backbone on this machine: a second or two, with random weights and noise for images.

| function | what is timed or sized | unit |
| --- | --- | --- |
| forward_seconds | the backbone in eval mode | seconds per image |
| fused_forward_seconds | that pass with fused batch norms, as a frozen prefix runs | seconds per image |
| step_seconds | forward and backward, from a first trainable stage on, without the update | seconds per image |
| head_seconds | forward and backward of the heads alone, on features | seconds per image |
| update_seconds | the optimizer over all parameters | seconds per step |
| stage_time_fractions | each stage's part of a forward pass | fractions that add up to 1 |
| stage_bytes | saved for backward by each stage, and handed on to the next | bytes per image |
| forward_bytes | the widest place of a forward pass | bytes per image |
| teacher_seconds, teacher_forward_bytes | a teacher's forward pass | seconds, bytes per image |
| augment_seconds | the default augmentation | seconds per image |
| decode_seconds | decoding, by all workers at once | seconds per photo |
| save_seconds | writing a checkpoint | seconds per checkpoint, and per byte |

Seconds are the best of a few repetitions of which two agree: the first one plans and allocates, and other programs may
want the machine.
"""

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

STEP_SECONDS = 0.5  # that one repetition of a step should last at most
MIN_SECONDS = 0.3  # for which a benchmark is repeated, at least
BRIEF_MIN_SECONDS = 0.05  # of benchmarks of what costs little beside a step
SINGLE_RUN = 0.0  # no repetition: for a caller that repeats by itself
AGREEMENT = 1.1  # the second best repetition is at most so many times as long as the best
MAX_DISAGREEING, MAX_REPETITIONS = 6, 1_000  # to wait for two that agree; and of what takes no time at all
MIN_IMAGES = 4
TEACHER_BATCH_SIZE = 16  # unless that takes too long
CHECKPOINT_BYTES = (30_000, 12_000_000)  # of two checkpoints that are written
PHOTO_SIZE = (1024, 768)  # of a camera's pictures, as a stand-in where the photos are not known


@dataclass(frozen=True)
class BenchmarkSetup:
    """A model and random images to try it on: a whole batch, or as many as a step does in half a second. With only a
    few images each would cost up to twice as much.

    rough_seconds: of a training step, per image, from a first quick measurement.
    """

    model: TrainedModel
    plan: Plan
    compute_config: ComputeConfig
    images: Tensor
    rough_seconds: float = 0.0


def set_up(
    model: TrainedModel,
    plan: Plan,
    compute_config: ComputeConfig,
    first_trainable_stage: int = 0,
    max_seconds: float = STEP_SECONDS,
) -> BenchmarkSetup:
    """Move the model to the device, and make as many images as a training step computes within `max_seconds`.

    first_trainable_stage: of the steps to be measured.
    """
    batch_size = max(plan.batch_size, 2)
    few = _noise(min(MIN_IMAGES, batch_size), plan.image_size, compute_config)
    setup = BenchmarkSetup(compute_config.move(model), plan, compute_config, few)
    rough_seconds = min(step_seconds(setup, first_trainable_stage, SINGLE_RUN) for _ in range(2))  # the first warms up
    fitting = int(max_seconds / rough_seconds) if rough_seconds > 0 else plan.batch_size
    images = _noise(min(max(fitting, len(few)), batch_size), plan.image_size, compute_config)
    return replace(setup, images=images, rough_seconds=rough_seconds)


def with_compute_config(setup: BenchmarkSetup, compute_config: ComputeConfig) -> BenchmarkSetup:
    """The setup in another configuration. The model itself is changed, and torch uses its threads from now on."""
    compute_config.use_threads()
    model, images = compute_config.move(setup.model), compute_config.lay_out(setup.images)
    return replace(setup, model=model, compute_config=compute_config, images=images)


def forward_seconds(setup: BenchmarkSetup, min_seconds: float = MIN_SECONDS) -> float:
    """Seconds of a forward pass of the backbone in eval mode, per image."""
    setup.model.eval()

    def forward() -> None:
        with torch.no_grad(), setup.compute_config.inference_autocast():
            setup.model.backbone(setup.images)

    return _seconds(forward, setup.compute_config.device, min_seconds) / len(setup.images)


def fused_forward_seconds(setup: BenchmarkSetup) -> float:
    """Seconds of a forward pass of the backbone with fused batch norms, per image."""
    setup.model.eval()
    prefix = FusedPrefix(cut(setup.model.backbone, len(setup.model.stages), setup.plan.image_size).prefix)

    def forward() -> None:
        with torch.no_grad(), setup.compute_config.inference_autocast():
            prefix(setup.images)

    return _seconds(forward, setup.compute_config.device, MIN_SECONDS) / len(setup.images)


def step_seconds(setup: BenchmarkSetup, first_trainable_stage: int, min_seconds: float = MIN_SECONDS) -> float:
    """Seconds of forward and backward per image, with the stages from `first_trainable_stage` on trainable."""
    stages = len(setup.model.stages)
    rates = tuple(float(number >= first_trainable_stage) for number in range(stages))
    set_trainable(setup.model, Phase(epochs=1, stage_rates=rates, head_rate=1.0))

    def step() -> None:
        with setup.compute_config.autocast():
            loss = _any_loss(setup.model(setup.images))
        loss.backward()
        setup.model.zero_grad()

    return _seconds(step, setup.compute_config.device, min_seconds) / len(setup.images)


def head_seconds(setup: BenchmarkSetup) -> float:
    """Seconds of forward and backward of the heads, per image, on features."""
    model, device = setup.model, setup.compute_config.device
    set_trainable(model, Phase(epochs=1, stage_rates=(0.0,) * len(model.stages), head_rate=1.0))
    features = torch.rand((setup.plan.batch_size, model.num_features), device=device)

    def step() -> None:
        with setup.compute_config.autocast():
            loss = _any_loss(model.logits(features))
        loss.backward()
        model.zero_grad()

    return _seconds(step, device, BRIEF_MIN_SECONDS) / len(features)


def _any_loss(logits: dict[str, Tensor]) -> Tensor:
    return torch.stack([each.float().square().mean() for each in logits.values()]).sum()


def update_seconds(setup: BenchmarkSetup) -> float:
    """Seconds of a step of the optimizer over all parameters, with learning rates of 0."""
    optimizer = create_optimizer(setup.model, setup.plan.optimizer, setup.compute_config.device)
    for parameter in setup.model.parameters():
        parameter.requires_grad_(True).grad = torch.zeros_like(parameter)
    seconds = _seconds(optimizer.step, setup.compute_config.device, BRIEF_MIN_SECONDS)
    setup.model.zero_grad()
    return seconds


def stage_time_fractions(setup: BenchmarkSetup) -> list[float]:
    """The fraction of each stage in the time of a forward pass."""
    spent = np.zeros(len(setup.model.stages))
    setup.model.eval()
    with ExitStack() as hooks, torch.no_grad(), setup.compute_config.autocast():
        for number, modules in enumerate(_stage_modules(setup.model)):
            for module in modules:
                _add_timer(hooks, module, spent, number, setup.compute_config.device)
        setup.model.backbone(setup.images)
    return [float(each) for each in spent / spent.sum()] if spent.sum() > 0 else [1 / len(spent)] * len(spent)


def _add_timer(hooks: ExitStack, module: nn.Module, spent: np.ndarray, number: int, device: torch.device) -> None:
    started = [0.0]

    def before(*_: object) -> None:
        _synchronize(device)
        started[0] = time.perf_counter()

    def after(*_: object) -> None:
        _synchronize(device)
        spent[number] += time.perf_counter() - started[0]

    hooks.enter_context(module.register_forward_pre_hook(before))
    hooks.enter_context(module.register_forward_hook(after))


def stage_bytes(setup: BenchmarkSetup) -> tuple[list[float], list[float]]:
    """By stage, bytes per image: (saved for backward, handed on to the next stage)."""
    model, images = setup.model, setup.images[:2]
    saved, handed_on = np.zeros(len(model.stages)), np.zeros(len(model.stages))
    seen, current = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}, [0]

    def pack(value: Tensor) -> Tensor:
        address = value.untyped_storage().data_ptr()
        if address not in seen:
            seen.add(address)
            saved[current[0]] += value.untyped_storage().nbytes()
        return value

    def enter(number: int, *_: object) -> None:
        current[0] = number

    def leave(number: int, module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            handed_on[number] = output.numel() * output.element_size()

    set_trainable(model, Phase(epochs=1, stage_rates=(1.0,) * len(model.stages), head_rate=1.0))
    with ExitStack() as hooks:
        for number, modules in enumerate(_stage_modules(model)):
            for module in modules:
                hooks.enter_context(module.register_forward_pre_hook(partial(enter, number)))
                hooks.enter_context(module.register_forward_hook(partial(leave, number)))
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value), setup.compute_config.autocast():
            logits = model(images)  # held: memory that is freed would be allocated again at an address in `seen`
        del logits
    return (saved / len(images)).tolist(), (handed_on / len(images)).tolist()


def forward_bytes(setup: BenchmarkSetup) -> float:
    """Bytes per image at the widest place of a forward pass: inputs and output of one module, and half as much again
    for the copies that torch makes in another memory layout.
    """
    images = setup.images[:2]
    setup.model.eval()

    def forward() -> None:
        with torch.no_grad(), setup.compute_config.inference_autocast():
            setup.model.backbone(images)

    return _widest_bytes(setup.model.backbone, forward) / len(images)


def _widest_bytes(network: nn.Module, forward: Callable[[], None]) -> float:
    """The most bytes that `forward` holds of the network's activations, for all of its images together."""
    widest = [0]

    def measure(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        tensors = [value for value in (*inputs, output) if isinstance(value, Tensor)]
        widest[0] = max(widest[0], sum(value.nbytes for value in tensors))

    with ExitStack() as hooks:
        for module in network.modules():
            if not list(module.children()):
                hooks.enter_context(module.register_forward_hook(measure))
        forward()
    return 1.5 * widest[0]


def teacher_seconds(model: TeacherModel, compute_config: ComputeConfig) -> float:
    """Seconds of the forward pass of a teacher, per photo."""
    few, more = (_noise(images, model.image_size, compute_config) for images in (MIN_IMAGES, TEACHER_BATCH_SIZE))
    device = compute_config.device
    rough_seconds = _seconds(partial(_run_teacher, model, few, compute_config), device, SINGLE_RUN) / MIN_IMAGES
    images = more if rough_seconds * TEACHER_BATCH_SIZE < STEP_SECONDS else few
    return _seconds(partial(_run_teacher, model, images, compute_config), device, MIN_SECONDS) / len(images)


def teacher_forward_bytes(model: TeacherModel, compute_config: ComputeConfig) -> float:
    """Bytes per photo at the widest place of a teacher's forward pass, counted like `forward_bytes`."""
    images = _noise(2, model.image_size, compute_config)
    return _widest_bytes(model.network, partial(_run_teacher, model, images, compute_config)) / len(images)


def _run_teacher(model: TeacherModel, images: Tensor, compute_config: ComputeConfig) -> None:
    with torch.no_grad(), compute_config.inference_autocast():
        model.forward(images)


def save_seconds(folder: Path) -> tuple[float, float]:
    """Seconds of writing a checkpoint in `folder`: (of any checkpoint, however small, of each byte of it)."""

    def save(size: int) -> None:
        with whole_folder(folder / "trial") as part:
            for number in range(3):
                (part / str(number)).write_bytes(bytes(size // 3))

    cpu = torch.device("cpu")
    try:
        small, large = (_seconds(partial(save, size), cpu, BRIEF_MIN_SECONDS) for size in CHECKPOINT_BYTES)
    finally:
        shutil.rmtree(folder / "trial", ignore_errors=True)
    return small, max(large - small, 0.0) / (CHECKPOINT_BYTES[1] - CHECKPOINT_BYTES[0])


def augment_seconds(plan: Plan, compute_config: ComputeConfig) -> float:
    """Seconds of the default augmentation, per photo; which transforms a plan uses makes little difference."""
    augmentation, side = Augmentation(), store_side(plan.image_size)
    pixels = torch.randint(0, 256, (MIN_IMAGES, 3, side, side), dtype=torch.uint8, device=compute_config.device)
    rows = np.arange(MIN_IMAGES)

    def augment_batch() -> None:
        parameters = sample_parameters(augmentation, 0, 0, rows, plan.image_size / side)
        augment(pixels, augmentation, parameters, plan.image_size)

    return _seconds(augment_batch, compute_config.device, BRIEF_MIN_SECONDS) / MIN_IMAGES


def decode_seconds(photos: Sequence[Path | bytes], image_size: int, workers: int) -> float:
    """Seconds of decoding one of these photos for the pixel store, when all workers decode at once."""
    started = 0.0
    for number, photo in enumerate(photos):
        if number == 1 or len(photos) == 1:
            started = time.perf_counter()  # the first one also loads the decoder
        decode_for(photo, store_side(image_size))
    return (time.perf_counter() - started) / max(len(photos) - 1, 1) / workers


def example_photo() -> bytes:
    """A JPEG of a phone's smaller size, where the photos are not known."""
    noise = np.random.default_rng(0).integers(0, 256, (PHOTO_SIZE[1] // 16, PHOTO_SIZE[0] // 16, 3), dtype=np.uint8)
    with BytesIO() as file:
        Image.fromarray(noise).resize(PHOTO_SIZE).save(file, "JPEG", quality=90)
        return file.getvalue()


def _stage_modules(model: TrainedModel) -> list[list[nn.Module]]:
    return [[model.backbone.get_submodule(name) for name in stage.modules] for stage in model.stages]


def _noise(images: int, size: int, compute_config: ComputeConfig) -> Tensor:
    noise = torch.rand((images, 3, size, size), generator=torch.Generator().manual_seed(0))
    return compute_config.lay_out(noise.to(compute_config.device))


def _seconds(work: Callable[[], object], device: torch.device, min_seconds: float) -> float:
    """Seconds of the best repetition of `work`. min_seconds: that all repetitions last together, at least."""
    repetitions: list[float] = []
    while not _has_converged(repetitions, min_seconds):
        started = time.perf_counter()
        work()
        _synchronize(device)
        repetitions.append(time.perf_counter() - started)
    return min(repetitions)


def _has_converged(repetitions: list[float], min_seconds: float) -> bool:
    if min_seconds == SINGLE_RUN:
        return len(repetitions) == 1
    if len(repetitions) < 2 or (sum(repetitions) < min_seconds and len(repetitions) < MAX_REPETITIONS):
        return False
    best, second = sorted(repetitions)[:2]
    return second <= AGREEMENT * best or len(repetitions) >= MAX_DISAGREEING


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
