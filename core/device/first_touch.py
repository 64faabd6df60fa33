"""The first touch of a device: its driver, context and libraries are loaded, in a thread while photos are decoded.

Measured on a fresh machine with a graphics card: 11 seconds, in which copying photos seemed to hang.
"""

import threading
from contextlib import suppress

import torch
from torch.nn import functional

_started: dict[torch.device, threading.Thread] = {}
_lock = threading.Lock()


def start_device(device: torch.device) -> threading.Thread | None:
    """Begin to load what a device needs, once per process. The thread ends when all is there; None on a processor."""
    if device.type == "cpu":
        return None
    with _lock:
        if device not in _started:
            _started[device] = threading.Thread(target=_touch_quietly, args=(device,), name="first touch", daemon=True)
            _started[device].start()
        return _started[device]


def _touch_quietly(device: torch.device) -> None:
    with suppress(RuntimeError):  # the run meets it itself, and says what to do
        touch(device)


def touch(device: torch.device) -> None:
    """A tiny training step of the kinds of layers that networks have, so that their libraries are loaded.

    It draws no random numbers: those of the model that is built at the same time are not to depend on it.
    """
    images = torch.ones(2, 8, 16, 16, device=device).contiguous(memory_format=torch.channels_last)
    kernel, depthwise = torch.ones(8, 8, 3, 3, device=device), torch.ones(8, 1, 3, 3, device=device)
    scale, shift = torch.ones(8, device=device), torch.zeros(8, device=device)
    classifier = torch.ones(3, 8, device=device)
    weights = [each.requires_grad_() for each in (kernel, depthwise, scale, shift, classifier)]
    dtypes = (torch.float32, torch.bfloat16) if device.type == "cuda" else (torch.float32,)
    for dtype in dtypes:
        with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
            x = functional.conv2d(functional.conv2d(images, kernel, padding=1), depthwise, padding=1, groups=8)
            x = functional.batch_norm(x, None, None, scale, shift, training=True).relu()
            loss = functional.cross_entropy(x.mean(dim=(2, 3)) @ classifier.T, torch.tensor([0, 2], device=device))
        loss.backward()
    torch.optim.AdamW(weights, fused=device.type == "cuda" or None).step()
    loss.item()  # waits for the device
