"""In which numbers it is computed: 32 bits, or the faster 16 where the machine has them in hardware."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

Precision = Literal["fp32", "bf16", "fp16"]
Model = TypeVar("Model", bound=nn.Module)
_SHORT = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Arithmetic:
    """channels_last: convolutions run faster when the colours of a pixel lie beside each other in memory."""

    device: torch.device
    precision: Precision = "fp32"
    channels_last: bool = False

    def autocast(self) -> AbstractContextManager[object]:
        """Weights stay 32 bits; what is safe in 16 is computed in 16."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=_SHORT[self.precision])

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps small gradients from vanishing in fp16; does nothing otherwise."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def move(self, model: Model) -> Model:
        model = model.to(self.device)
        return model.to(memory_format=torch.channels_last) if self.channels_last else model

    def lay_out(self, images: Tensor) -> Tensor:
        """Images [batch, 3, height, width] as the network likes them in memory."""
        return images.contiguous(memory_format=torch.channels_last if self.channels_last else torch.contiguous_format)


def precisions(device: torch.device) -> tuple[Precision, ...]:
    """What the device computes in hardware, the safest first."""
    if device.type == "cuda":
        return ("fp32", "bf16", "fp16") if torch.cuda.is_bf16_supported(including_emulation=False) else ("fp32", "fp16")
    if device.type == "cpu" and _cpu_has_bf16():
        return ("fp32", "bf16")
    return ("fp32",)


def _cpu_has_bf16() -> bool:
    # Not torch.ops.mkldnn._is_mkldnn_bf16_supported: it also says yes where AVX-512 only imitates bf16, several times
    # as slow. These names have no public form yet; where one is missing there is no bf16.
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name)() for name in asked if hasattr(torch.cpu, name))


def has_convolutions(model: nn.Module) -> bool:
    """Whether most of its weights that are images' neighbours are convolved: then channels_last pays."""
    kernels = [m for m in model.modules() if isinstance(m, nn.Conv2d) and max(m.kernel_size) > 1]
    return len(kernels) > 1  # a transformer's one is its patches
