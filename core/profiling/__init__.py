"""What a plan costs here: benchmarks of this machine, autotuning, cost profiles, the estimate."""

from core.profiling.autotune import arithmetic_for_run, first_learning
from core.profiling.cost_profile import (
    calibrate,
    fitting,
    known_calibration,
    remember_taken,
    trusted_calibration,
    with_teacher,
)
from core.profiling.estimate import (
    Calibration,
    Counts,
    Estimate,
    caching_seconds,
    estimate,
    head_parameters,
    keeps_views,
    learning_parameters,
    phase_seconds,
    room_needed,
)

__all__ = [
    "Calibration",
    "Counts",
    "Estimate",
    "arithmetic_for_run",
    "caching_seconds",
    "calibrate",
    "estimate",
    "first_learning",
    "fitting",
    "head_parameters",
    "keeps_views",
    "known_calibration",
    "learning_parameters",
    "phase_seconds",
    "remember_taken",
    "room_needed",
    "trusted_calibration",
    "with_teacher",
]
