"""What a run works with and reports: job, context, batches, learning-rate schedule, events."""

from core.job.batches import (
    CLEAN_SAMPLE_LIMIT,
    FORWARD_BATCH_SIZE,
    Batch,
    Role,
    clean_sample,
    epoch_batches,
    split_microbatches,
    steps_per_epoch,
)
from core.job.context import Job, Source, TrainingContext, build_context, resolve_tasks
from core.job.events import Checkpointed, Ended, EpochEnded, Event, PhaseBegan, Prepared, Stepped, Warned, ignore_event
from core.job.lr_schedule import HEAD, PhasePosition, base_learning_rates, learning_rates_at, phase_at, rates_over_time

__all__ = [
    "CLEAN_SAMPLE_LIMIT",
    "FORWARD_BATCH_SIZE",
    "HEAD",
    "Batch",
    "Checkpointed",
    "Ended",
    "EpochEnded",
    "Event",
    "Job",
    "PhaseBegan",
    "PhasePosition",
    "Prepared",
    "Role",
    "Source",
    "Stepped",
    "TrainingContext",
    "Warned",
    "base_learning_rates",
    "build_context",
    "clean_sample",
    "epoch_batches",
    "ignore_event",
    "learning_rates_at",
    "phase_at",
    "rates_over_time",
    "resolve_tasks",
    "split_microbatches",
    "steps_per_epoch",
]
