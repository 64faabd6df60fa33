"""When the checkpoints of a run are written, and the one thread that writes them while training goes on."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from core.job import CHECKPOINT_SECONDS, COST_SHARE, Checkpointed, Job
from core.training.checkpoints import (
    Snapshot,
    copy_checkpoint,
    on_host,
    saved_best_epoch,
    take_snapshot,
    write_checkpoint,
)
from core.training.state import TrainingState


class Checkpointer:
    """Takes snapshots of a run and writes them: last/, and best/ with the model of the best epoch.

    Training waits for the copy in memory alone. The best epoch's snapshot stays in memory until the next checkpoint is
    written: `save` and `close` leave nothing there.

    names: of the model's tensors that can change. best_epoch: of the state from which training goes on.
    """

    def __init__(self, job: Job, names: list[str], best_epoch: int) -> None:
        self._folder, self._plan_hash, self._names = job.folder, job.plan.hash, names
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._writing: Future[Checkpointed | None] | None = None
        self._best: Future[Snapshot] | None = None  # not on the disk yet
        # In memory or on the disk, where best/ may be of a later epoch than the state, which then comes again.
        self._best_epoch = best_epoch if best_epoch == saved_best_epoch(job.folder) else 0
        self._last_taken: tuple[int, int] | None = None  # step and epoch of what is written as last/
        self._began_at = time.monotonic()
        self._snapshot_seconds, self._writer_seconds = 0.0, 0.0

    def is_due(self) -> bool:
        """Whether it is time for a checkpoint within an epoch."""
        return self._writing is None and time.monotonic() - self._began_at >= CHECKPOINT_SECONDS

    def begin(self, state: TrainingState) -> None:
        """Begin to write a checkpoint of the state as it is now; the one before must have been written."""
        is_kept = state.position.batch == 0 and state.position.epoch == self._best_epoch
        last = self._best if self._best and is_kept else self._take(state)
        self._last_taken, self._began_at = (state.position.step, state.position.epoch), time.monotonic()
        self._submit(self._best, last)

    def end_epoch(self, state: TrainingState) -> None:
        """Keep the state when its epoch is the best, and begin to write it unless that would cost too much now."""
        is_due = self._writing is None and self._is_affordable(state)
        if self._is_new_best(state):
            self._take(state)
        if is_due:
            self.begin(state)

    def written(self) -> Iterator[Checkpointed]:
        """The checkpoint that has come to be on the disk since this was asked last, if any. Raises DiskFull."""
        if self._writing and self._writing.done():
            yield from self._wait()

    def save_again(self, state: TrainingState) -> Iterator[Checkpointed]:
        """Write a state that changed without a step. Raises DiskFull."""
        self._last_taken = None
        yield from self.save(state)

    def save(self, state: TrainingState) -> Iterator[Checkpointed]:
        """Write all that is not on the disk yet, and wait for it. Raises DiskFull; the checkpoints on disk stay."""
        yield from self._wait()
        if (state.position.step, state.position.epoch) != self._last_taken or self._is_new_best(state):
            self.begin(state)
        yield from self._wait()

    def save_best(self, state: TrainingState) -> Iterator[Checkpointed]:
        """Write the state as the best model, whatever its epoch, and wait for it. Raises DiskFull."""
        yield from self._wait()
        taken = self._writer.submit(on_host, take_snapshot(state, self._names, self._plan_hash))
        self._submit(taken, None)
        self._best_epoch = state.best.epoch
        yield from self._wait()

    def close(self) -> None:
        """Write the best epoch if it is in memory alone, and wait for the disk. Raises DiskFull."""
        with self._writer:
            list(self._wait())
            if self._best:
                self._submit(self._best, None)
                list(self._wait())

    def _is_affordable(self, state: TrainingState) -> bool:
        """Whether the checkpoint before has cost little enough of the time since it began; so did none before."""
        cost = self._snapshot_seconds
        if state.compute_config.device.type == "cpu":
            cost += self._writer_seconds  # it takes them from the cores that train
        return cost <= COST_SHARE * (time.monotonic() - self._began_at)

    def _is_new_best(self, state: TrainingState) -> bool:
        return state.position.batch == 0 and state.position.epoch == state.best.epoch != self._best_epoch

    def _take(self, state: TrainingState) -> Future[Snapshot]:
        """A snapshot on its way to the host, kept where it is of the best epoch."""
        began = time.monotonic()
        snapshot = self._writer.submit(on_host, take_snapshot(state, self._names, self._plan_hash))
        self._snapshot_seconds = time.monotonic() - began
        if self._is_new_best(state):
            self._best, self._best_epoch = snapshot, state.position.epoch
        return snapshot

    def _submit(self, best: Future[Snapshot] | None, last: Future[Snapshot] | None) -> None:
        self._best, self._writing = None, self._writer.submit(self._write, best, last)

    def _write(self, best: Future[Snapshot] | None, last: Future[Snapshot] | None) -> Checkpointed | None:
        began = time.thread_time()
        # best/ first: a crash in between leaves an older last/, from which the same best/ follows again.
        if best:
            write_checkpoint(best.result(), self._folder / "best")
        if last and last is best:
            copy_checkpoint(self._folder / "best", self._folder / "last")
        elif last:
            write_checkpoint(last.result(), self._folder / "last")
        self._writer_seconds = time.thread_time() - began
        return Checkpointed(last.result().epoch, last.result().step) if last else None

    def _wait(self) -> Iterator[Checkpointed]:
        if self._writing:
            writing, self._writing = self._writing, None
            if checkpoint := writing.result():
                yield checkpoint
