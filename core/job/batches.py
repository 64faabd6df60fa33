"""How training photos are batched, and which of them are evaluated."""

import numpy as np

FORWARD_BATCH_SIZE = 64  # photos per batch where nothing is trained; larger ones gain little and answer a pause late

CLEAN_SAMPLE_LIMIT = 2_000  # training photos that are evaluated without augmentation at the end of each epoch


def epoch_batches(rows: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The rows [images], shuffled anew in each epoch and split into batches; no photo is left out.

    The last batch may be short, but a single photo joins the batch before: batch norm cannot be trained on one.
    """
    order = np.random.default_rng((seed, epoch)).permutation(rows)
    cuts = list(range(batch_size, len(order), batch_size))
    if cuts and len(order) - cuts[-1] == 1 and batch_size > 1:
        cuts.pop()
    return np.split(order, cuts)


def steps_per_epoch(images: int, batch_size: int) -> int:
    """How many batches `epoch_batches` returns."""
    full, rest = divmod(images, batch_size)
    joins = rest == 1 and full > 0 and batch_size > 1
    return full + (rest > 0 and not joins)


def clean_sample(training_rows: np.ndarray, validation_images: int, seed: int) -> np.ndarray:
    """Sorted training rows that are evaluated without augmentation: as many as validation photos, at most 2,000; the
    rows of a seed are the same in each epoch.
    """
    count = min(len(training_rows), validation_images, CLEAN_SAMPLE_LIMIT)
    return np.sort(np.random.default_rng((seed, 0xC1EA)).choice(training_rows, count, replace=False))


def split_microbatches(rows: np.ndarray, max_size: int) -> list[np.ndarray]:
    """A batch in micro-batches of at most `max_size` rows, of nearly equal size. None has a single row where the batch
    has more, even if another one is then one row larger: batch norm cannot be trained on one.
    """
    count = -(-len(rows) // max_size)
    return np.array_split(rows, max(1, min(count, len(rows) // 2) if max_size > 1 else count))
