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


def epoch_batches(
    training: Mapping[Role, np.ndarray], batch_size: int, seed: int, epoch: int, strata: np.ndarray | None = None
) -> list[Batch]:
    """Shuffle the source's rows anew for each epoch and split them into batches; no photo is left out.

    The last batch may be short, but a single photo joins the batch before: batch norm cannot be trained on one. A batch
    has as many rows of each other role as of the source; no row of a role comes again before all of it have come.

    training: by role, rows [images]. strata: of each of the source's rows, [images]. As many rows are then drawn as
    there are, each stratum with equal probability: photos of a small one come again, some of a large one wait for
    another epoch (class-balanced sampling: Kang et al., "Decoupling Representation and Classifier for Long-Tailed
    Recognition", ICLR 2020, section 3.1, equation 1 with q = 0).
    """
    rng, rows = np.random.default_rng((seed, epoch)), training["source"]
    order = rng.permutation(rows) if strata is None else _balanced(rows, strata, rng)
    cuts = list(range(batch_size, len(order), batch_size))
    if cuts and len(order) - cuts[-1] == 1 and batch_size > 1:
        cuts.pop()
    orders: dict[Role, np.ndarray] = {
        role: order
        if role == "source"
        else _in_rounds(rows, len(order), np.random.default_rng((role_seed(seed, role), epoch)))
        for role, rows in training.items()
    }
    return [{role: rows[batch] for role, rows in orders.items()} for batch in _slices(cuts, len(order))]


def _balanced(rows: np.ndarray, strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many rows as there are, each of a stratum drawn at random; within it, all come before one comes again."""
    present, members = np.unique(strata, return_inverse=True)
    drawn, order = rng.integers(len(present), size=len(rows)), np.empty_like(rows)
    for number in range(len(present)):
        places = np.flatnonzero(drawn == number)
        order[places] = _in_rounds(rows[members == number], len(places), rng)
    return order


def _in_rounds(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` of the rows in random order, in as many rounds through all of them as that takes."""
    return np.concatenate([rows[:0], *(rng.permutation(rows) for _ in range(-(-count // len(rows))))])[:count]


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
