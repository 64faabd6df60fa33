"""What a plan costs here: benchmarks of this machine, autotuning, cost profiles, the estimate."""

from core.profiling.autotune import compute_config_for_run, first_trainable_stage
from core.profiling.background import estimate_in_background
from core.profiling.cost_profile import (
    fitting,
    known_cost_profile,
    profile_costs,
    record_actual,
    trusted_cost_profile,
    with_teacher,
)
from core.profiling.estimate import (
    CostProfile,
    Counts,
    Estimate,
    caches_views,
    caching_seconds,
    estimate,
    head_parameters,
    head_size,
    learning_parameters,
    phase_seconds,
    room_needed,
)

__all__ = [
    "CostProfile",
    "Counts",
    "Estimate",
    "caches_views",
    "caching_seconds",
    "compute_config_for_run",
    "estimate",
    "estimate_in_background",
    "first_trainable_stage",
    "fitting",
    "head_parameters",
    "head_size",
    "known_cost_profile",
    "learning_parameters",
    "phase_seconds",
    "profile_costs",
    "record_actual",
    "room_needed",
    "trusted_cost_profile",
    "with_teacher",
]
