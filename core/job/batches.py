"""How photos of a run's datasets are batched, and which of them are evaluated."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

FORWARD_BATCH_SIZE = 64  # photos per batch where nothing is trained; larger ones gain little and answer a pause late
CLEAN_SAMPLE_LIMIT = 2_000  # training photos that are evaluated without augmentation at each epoch's end
# Training photos by which the penalty of fitted heads is chosen: more choose the same, and would take long.
CROSS_VALIDATION_LIMIT = 1_000

Role = Literal["source", "target"]  # of a dataset in a run: its labels are learned; it is adapted to without labels
Batch = dict[Role, np.ndarray]  # by role, rows of that dataset


def role_seed(seed: int, role: Role) -> int:
    """The seed of a dataset's shuffling and augmentation: the plan's for the source, another one per other role."""
    return seed if role == "source" else int(np.random.SeedSequence([seed, *role.encode()]).generate_state(1)[0])


def epoch_batches(training: Mapping[Role, np.ndarray], batch_size: int, seed: int, epoch: int) -> list[Batch]:
    """Shuffle the source's rows anew for each epoch and split them into batches; no photo is left out.

    The last batch may be short, but a single photo joins the batch before: batch norm cannot be trained on one. A batch
    has as many rows of each other role as of the source; no row of a role comes again before all of it have come.

    training: by role, rows [images].
    """
    order = np.random.default_rng((seed, epoch)).permutation(training["source"])
    cuts = list(range(batch_size, len(order), batch_size))
    if cuts and len(order) - cuts[-1] == 1 and batch_size > 1:
        cuts.pop()
    orders: dict[Role, np.ndarray] = {
        role: order if role == "source" else _shuffled(rows, len(order), role_seed(seed, role), epoch)
        for role, rows in training.items()
    }
    return [{role: rows[batch] for role, rows in orders.items()} for batch in _slices(cuts, len(order))]


def _shuffled(rows: np.ndarray, count: int, seed: int, epoch: int) -> np.ndarray:
    """`count` of the rows in random order, in as many rounds through all of them as that takes."""
    rng = np.random.default_rng((seed, epoch))
    return np.concatenate([rng.permutation(rows) for _ in range(-(-count // len(rows)))])[:count]


def _slices(cuts: list[int], count: int) -> list[slice]:
    return [slice(start, end) for start, end in zip([0, *cuts], [*cuts, count], strict=True)]


def steps_per_epoch(images: int, batch_size: int) -> int:
    """How many batches `epoch_batches` returns."""
    full, rest = divmod(images, batch_size)
    joins = rest == 1 and full > 0 and batch_size > 1
    return full + (rest > 0 and not joins)


def clean_sample(training_rows: np.ndarray, validation_images: int, seed: int) -> np.ndarray:
    """Training rows, sorted, that are evaluated like validation photos in every epoch: as many, at most 2,000."""
    count = min(len(training_rows), validation_images, CLEAN_SAMPLE_LIMIT)
    return np.sort(np.random.default_rng((seed, 0xC1EA)).choice(training_rows, count, replace=False))


def split_microbatches(batch: Batch, micro_batch_size: int) -> list[Batch]:
    """Split a batch into micro-batches of nearly equal size, of at most `micro_batch_size` rows of each role.

    None has a single row where the batch has more, even if another one is then one row larger: batch norm cannot be
    trained on one.
    """
    images = len(batch["source"])
    parts = -(-images // micro_batch_size)
    count = max(1, min(parts, images // 2) if micro_batch_size > 1 else parts)
    split = {role: np.array_split(rows, count) for role, rows in batch.items()}
    return [{role: rows[number] for role, rows in split.items()} for number in range(count)]
