"""How a network is computed: precision, memory layout, threads. Every configuration gives the same network; they differ
in speed and in the last digits.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

Precision = Literal["fp32", "bf16", "fp16"]
Model = TypeVar("Model", bound=nn.Module)
_HALF_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class ComputeConfig:
    """precision: of a training step. inference_dtype: of the frozen part, which only runs forward; None is that of the
    step. channels_last: the memory format; convolutions may run faster when the channels of a pixel lie side by side.
    threads: of a processor; None is as torch has it.
    """

    device: torch.device
    precision: Precision = "fp32"
    channels_last: bool = False
    inference_dtype: Precision | None = None
    threads: int | None = None

    def autocast(self) -> AbstractContextManager[object]:
        """For training and evaluation. Weights stay fp32; what is safe in 16 bits is computed in 16."""
        return _autocast(self.device, self.precision)

    def inference_autocast(self) -> AbstractContextManager[object]:
        """For the frozen part alone, whose activations are cached."""
        return _autocast(self.device, self.inference_dtype or self.precision)

    @property
    def is_16_bit(self) -> bool:
        """Whether any part is computed in 16 bits, where numbers may overflow."""
        return {self.precision, self.inference_dtype or self.precision} != {"fp32"}

    def in_32_bits(self) -> "ComputeConfig":
        """The same, every part in 32 bits."""
        return replace(self, precision="fp32", inference_dtype=None)

    def to_step_precision(self, value: Tensor) -> Tensor:
        """Activations of the frozen part in the precision of the training step."""
        return value.float() if self.precision == "fp32" and value.is_floating_point() else value

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps small gradients from vanishing in fp16; does nothing otherwise."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def move(self, model: Model) -> Model:
        """The model on the device, in the memory format."""
        return model.to(self.device).to(memory_format=self._memory_format)

    def lay_out(self, images: Tensor) -> Tensor:
        """Images [batch, 3, height, width] in the memory format."""
        return images.contiguous(memory_format=self._memory_format)

    @property
    def _memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def use_threads(self) -> None:
        """Make torch compute with `threads` threads from now on, in this thread of Python."""
        if self.threads is not None and self.threads != torch.get_num_threads():
            torch.set_num_threads(self.threads)

    def use_one_thread(self) -> None:
        """For steps of about a millisecond, such as those of a head on cached features: several threads wait for each
        other at each operation, and for long where anything else runs. Measured for a linear head on two cores with
        other programs at work: 40 seconds with two threads, 4.5 with one.
        """
        if self.device.type == "cpu":
            torch.set_num_threads(1)

    def facts(self) -> dict[str, Any]:
        """All of it but the device, as JSON: a resumed run computes as it began."""
        return {
            "precision": self.precision,
            "inference_dtype": self.inference_dtype,
            "channels_last": self.channels_last,
            "threads": self.threads,
        }


@contextmanager
def restored_threads() -> Iterator[None]:
    """Restore torch's number of threads at the end of the block."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def compute_config_from(facts: dict[str, Any], device: torch.device) -> ComputeConfig | None:
    """The configuration of these `ComputeConfig.facts`; None where the device lacks one of the precisions."""
    compute_config = ComputeConfig(device, **facts)
    needed = {compute_config.precision, compute_config.inference_dtype or compute_config.precision}
    return compute_config if needed <= set(available_precisions(device)) else None


def default_compute_config(model: nn.Module, device: torch.device, precision: str = "auto") -> ComputeConfig:
    """The configuration that is fast as a rule, where measuring would take longer than it saves.

    precision: as in a plan; fp32 where the device lacks it.
    """
    allowed = allowed_precisions(device, precision)
    fast = allowed[-1] if device.type == "cuda" else allowed[0]
    return ComputeConfig(device, fast, is_convolutional(model), threads=torch.get_num_threads())


def allowed_precisions(device: torch.device, requested: str = "auto") -> tuple[Precision, ...]:
    """Precisions to choose from for a plan that requests one, or "auto"; the safest first. fp16 only where there is no
    bf16: it is no faster, and values overflow in it.
    """
    available = available_precisions(device)
    if requested == "auto":
        return available[:2]
    return tuple(each for each in available if each == requested) or ("fp32",)


def available_precisions(device: torch.device) -> tuple[Precision, ...]:
    """Precisions that the device computes in hardware, the safest first."""
    if device.type == "cuda":
        return ("fp32", "bf16", "fp16") if torch.cuda.is_bf16_supported(including_emulation=False) else ("fp32", "fp16")
    if device.type == "cpu" and _cpu_has_bf16():
        return ("fp32", "bf16")
    return ("fp32",)


def _autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    if precision == "fp32":  # also within another autocast: the frozen part may run in fp32 where the rest does not
        return torch.autocast(device.type, enabled=False) if torch.is_autocast_enabled(device.type) else nullcontext()
    return torch.autocast(device.type, dtype=_HALF_DTYPES[precision])


def _cpu_has_bf16() -> bool:
    # Not torch.ops.mkldnn._is_mkldnn_bf16_supported: it also says yes where AVX-512 only imitates bf16, several times
    # as slow. These names have no public form yet; where one is missing there is no bf16.
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name)() for name in checks if hasattr(torch.cpu, name))


def is_convolutional(model: nn.Module) -> bool:
    """Whether it has more than one convolution with a kernel above 1 pixel: then channels_last pays as a rule."""
    kernels = [m for m in model.modules() if isinstance(m, nn.Conv2d) and max(m.kernel_size) > 1]
    return len(kernels) > 1  # a transformer has one: its patch embedding
