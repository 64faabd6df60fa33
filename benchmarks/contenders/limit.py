"""What the machine could do if photos cost nothing: the same network on tensors that are there already.

Forward where only the head learns, else a training step with the same frozen part; in each kind of arithmetic that the
machine has in hardware.
"""

import json
import sys
import time
from statistics import median

import torch
from torch import nn

from benchmarks.contenders.plain_loop import DEVICE, make_model, train_mode
from benchmarks.contenders.work import Work
from core.device import available_precisions

SECONDS, MIN_STEPS = 2.0, 3  # of each way


def configurations() -> list[tuple[str, torch.memory_format, bool]]:
    """Name, layout, whether in bf16."""
    found = [("fp32", torch.contiguous_format, False), ("fp32 channels-last", torch.channels_last, False)]
    has_bf16 = "bf16" in available_precisions(DEVICE)
    return found + ([("bf16 channels-last", torch.channels_last, True)] if has_bf16 else [])


def images_per_second(work: Work, layout: torch.memory_format, bf16: bool) -> float:
    """The median step's."""
    model = make_model(work).to(memory_format=layout)
    images = torch.randn(work.batch_size, 3, work.image_size, work.image_size, device=DEVICE)
    images = images.contiguous(memory_format=layout)
    labels = torch.arange(work.batch_size, device=DEVICE) % work.classes
    training = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(training, lr=work.rate)
    head_alone = len(training) == len(list(model.get_classifier().parameters()))

    def forward() -> None:
        with torch.no_grad(), torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16):
            model(images)

    def step() -> None:
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16):
            loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    if head_alone:
        model.eval()
    else:
        train_mode(model)
    return work.batch_size / _seconds(forward if head_alone else step)


def _seconds(run) -> float:
    run()
    elapsed: list[float] = []
    while sum(elapsed) < SECONDS or len(elapsed) < MIN_STEPS:
        started = time.perf_counter()
        run()
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
        elapsed.append(time.perf_counter() - started)
    return median(elapsed)


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    work = Work(**{**arguments, "frozen": tuple(arguments["frozen"])})
    print(json.dumps({name: images_per_second(work, layout, bf16) for name, layout, bf16 in configurations()}))
