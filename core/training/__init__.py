"""The engine: a generator of events that carries out a plan, and what a trained model is afterwards.

`train` is in loop.py, in the order in which it happens; everything beside it is one part of that.
"""

from core.training.augmentation import preview_augmentation
from core.training.batches import clean_sample
from core.training.building import load_trained
from core.training.calibration import (
    calibrate,
    fitting,
    known_calibration,
    remember_taken,
    trusted_calibration,
    with_teacher,
)
from core.training.devices import Device, devices, resolve_device
from core.training.events import (
    Checkpointed,
    Ended,
    EpochEnded,
    Event,
    PhaseBegan,
    Prepared,
    Stepped,
    Warned,
)
from core.training.looks import looks_kept
from core.training.loop import train
from core.training.mixing import preview_mixing
from core.training.model import TrainedModel
from core.training.scoring import score
from core.training.workbench import Job

__all__ = [
    "Checkpointed",
    "Device",
    "Ended",
    "EpochEnded",
    "Event",
    "Job",
    "PhaseBegan",
    "Prepared",
    "Stepped",
    "TrainedModel",
    "Warned",
    "calibrate",
    "clean_sample",
    "devices",
    "fitting",
    "known_calibration",
    "load_trained",
    "looks_kept",
    "preview_augmentation",
    "preview_mixing",
    "remember_taken",
    "resolve_device",
    "score",
    "train",
    "trusted_calibration",
    "with_teacher",
]
