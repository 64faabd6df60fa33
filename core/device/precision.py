"""How it is computed: in 32 bits or the faster 16 where the machine has them, in which order in memory, by how many
threads. All ways give the same network; they differ in speed and in the last digits.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

Precision = Literal["fp32", "bf16", "fp16"]
Model = TypeVar("Model", bound=nn.Module)
_SHORT = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class ComputeConfig:
    """precision: of a training step. inference_dtype: of the frozen part where it only looks; None is the same.
    channels_last: convolutions may run faster when the colours of a pixel lie beside each other in memory.
    threads: of a processor; None is as torch has it.
    """

    device: torch.device
    precision: Precision = "fp32"
    channels_last: bool = False
    inference_dtype: Precision | None = None
    threads: int | None = None

    def autocast(self) -> AbstractContextManager[object]:
        """For what learns and for what judges it. Weights stay 32 bits; what is safe in 16 is computed in 16."""
        return _autocast(self.device, self.precision)

    def inference_autocast(self) -> AbstractContextManager[object]:
        """For the frozen part alone, whose answers are kept."""
        return _autocast(self.device, self.inference_dtype or self.precision)

    def taken_in(self, value: Tensor) -> Tensor:
        """What the frozen part said, in the numbers in which the rest goes on."""
        return value.float() if self.precision == "fp32" and value.is_floating_point() else value

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps small gradients from vanishing in fp16; does nothing otherwise."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def move(self, model: Model) -> Model:
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return model.to(self.device).to(memory_format=layout)

    def lay_out(self, images: Tensor) -> Tensor:
        """Images [batch, 3, height, width] as the network likes them in memory."""
        return images.contiguous(memory_format=torch.channels_last if self.channels_last else torch.contiguous_format)

    def use_threads(self) -> None:
        """Compute by so many threads from now on, in this thread of Python."""
        if self.threads is not None and self.threads != torch.get_num_threads():
            torch.set_num_threads(self.threads)

    def use_one_thread(self) -> None:
        """For steps that are over in a millisecond, such as a head's on features that were kept: several threads wait
        for each other at each of their operations, and for long where anything else runs. Measured for a linear head on
        two cores with other programs at work: 40 seconds by two threads, 4.5 by one.
        """
        if self.device.type == "cpu":
            torch.set_num_threads(1)

    def facts(self) -> dict[str, Any]:
        """All of it but the device, as JSON takes it: a run goes on in what it began in."""
        return {
            "precision": self.precision,
            "inference_dtype": self.inference_dtype,
            "channels_last": self.channels_last,
            "threads": self.threads,
        }


@contextmanager
def threads_given_back() -> Iterator[None]:
    """Afterwards torch computes by as many threads as before."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def compute_config_from(facts: dict[str, Any], device: torch.device) -> ComputeConfig | None:
    """The inverse of `facts`; None where the device does not compute in those numbers."""
    compute_config = ComputeConfig(device, **facts)
    wanted = {compute_config.precision, compute_config.inference_dtype or compute_config.precision}
    return compute_config if wanted <= set(precisions(device)) else None


def usual(model: nn.Module, device: torch.device, precision: str = "auto") -> ComputeConfig:
    """What is fast as a rule, where measuring would take longer than it saves.

    precision: as in a plan; where the device does not have it, it is fp32.
    """
    allowed = allowed_precisions(device, precision)
    short = allowed[-1] if device.type == "cuda" else allowed[0]
    return ComputeConfig(device, short, has_convolutions(model), threads=torch.get_num_threads())


def allowed_precisions(device: torch.device, asked: str = "auto") -> tuple[Precision, ...]:
    """Those to choose from for a plan that asks for one or for "auto", the safest first. fp16 only where there is no
    bf16: it is no faster, and numbers leave its range.
    """
    available = precisions(device)
    if asked == "auto":
        return available[:2]
    return tuple(each for each in available if each == asked) or ("fp32",)


def precisions(device: torch.device) -> tuple[Precision, ...]:
    """What the device computes in hardware, the safest first."""
    if device.type == "cuda":
        return ("fp32", "bf16", "fp16") if torch.cuda.is_bf16_supported(including_emulation=False) else ("fp32", "fp16")
    if device.type == "cpu" and _cpu_has_bf16():
        return ("fp32", "bf16")
    return ("fp32",)


def _autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    if precision == "fp32":  # also within another one's: the frozen part may look in 32 bits where the rest does not
        return torch.autocast(device.type, enabled=False) if torch.is_autocast_enabled(device.type) else nullcontext()
    return torch.autocast(device.type, dtype=_SHORT[precision])


def _cpu_has_bf16() -> bool:
    # Not torch.ops.mkldnn._is_mkldnn_bf16_supported: it also says yes where AVX-512 only imitates bf16, several times
    # as slow. These names have no public form yet; where one is missing there is no bf16.
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name)() for name in asked if hasattr(torch.cpu, name))


def has_convolutions(model: nn.Module) -> bool:
    """Whether most of its weights that are images' neighbours are convolved: then channels_last pays as a rule."""
    kernels = [m for m in model.modules() if isinstance(m, nn.Conv2d) and max(m.kernel_size) > 1]
    return len(kernels) > 1  # a transformer's one is its patches
