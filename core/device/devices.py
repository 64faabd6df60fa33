"""Devices of this machine that can compute."""

from dataclasses import dataclass

import torch

from core.errors import BadPlan


@dataclass(frozen=True)
class Device:
    """name: in a plan. description: for a person."""

    name: str
    description: str


def devices() -> tuple[Device, ...]:
    """The devices of this machine, the fastest first."""
    found = []
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            found.append(Device(f"cuda:{number}", torch.cuda.get_device_name(number)))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "The graphics part of this Mac"))
    cores = torch.get_num_threads()
    return (*found, Device("cpu", f"The processor, {cores} core{'s' if cores > 1 else ''} at work"))


def resolve_device(name: str = "auto") -> torch.device:
    """The device of a plan: "auto" is the fastest there is. Raises BadPlan when it is not in this machine."""
    names = [device.name for device in devices()]
    if name == "auto":
        return torch.device(names[0])
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in names:
        raise BadPlan(
            f'The plan asks for the device "{name}", and this machine has {", ".join(names)}.',
            'Set the device to "auto".',
        )
    return torch.device(wanted)
