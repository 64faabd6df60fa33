"""What a plan costs here: benchmarks of this machine, autotuning, cost profiles, the estimate."""

from core.profiling.autotune import autotune_job
from core.profiling.background import estimate_in_background
from core.profiling.before_start import estimate_before_start
from core.profiling.cost_profile import (
    known_cost_profile,
    learned_start_seconds,
    max_micro_batch,
    profile_costs,
    record_actual,
    record_max_micro_batch,
    record_start,
    trusted_cost_profile,
    with_teacher,
)
from core.profiling.estimate import (
    CostProfile,
    Counts,
    Estimate,
    MachineState,
    caches_views,
    caching_seconds,
    estimate,
    head_parameters,
    head_size,
    phase_seconds,
    room_needed,
    trainable_parameters,
)
from core.profiling.first_choices import first_choices, remember_choice
from core.profiling.rough import measured_networks, rough_seconds

__all__ = [
    "CostProfile",
    "Counts",
    "Estimate",
    "MachineState",
    "autotune_job",
    "caches_views",
    "caching_seconds",
    "estimate",
    "estimate_before_start",
    "estimate_in_background",
    "first_choices",
    "head_parameters",
    "head_size",
    "known_cost_profile",
    "learned_start_seconds",
    "max_micro_batch",
    "measured_networks",
    "phase_seconds",
    "profile_costs",
    "record_actual",
    "record_max_micro_batch",
    "record_start",
    "remember_choice",
    "room_needed",
    "rough_seconds",
    "trainable_parameters",
    "trusted_cost_profile",
    "with_teacher",
]
