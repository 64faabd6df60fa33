"""How training photos are batched, and which of them are evaluated."""

import numpy as np

FORWARD_BATCH_SIZE = 64  # photos per batch where nothing is trained; larger ones gain little and answer a pause late

CLEAN_SAMPLE_LIMIT = 2_000  # training photos that are scored without augmentation at each epoch's end


def epoch_batches(rows: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The rows [images] in an order of their own in each epoch, cut into batches; no photo is left out.

    The last batch is short, but never of one photo: batch norm cannot learn from one, so it joins the batch before.
    """
    order = np.random.default_rng((seed, epoch)).permutation(rows)
    cuts = list(range(batch_size, len(order), batch_size))
    if cuts and len(order) - cuts[-1] == 1 and batch_size > 1:
        cuts.pop()
    return np.split(order, cuts)


def steps_per_epoch(images: int, batch_size: int) -> int:
    """How many batches `epoch_batches` gives."""
    full, rest = divmod(images, batch_size)
    joins = rest == 1 and full > 0 and batch_size > 1
    return full + (rest > 0 and not joins)


def clean_sample(training_rows: np.ndarray, validation_images: int, seed: int) -> np.ndarray:
    """Training rows, sorted, that are scored like validation photos: as many, at most 2,000, the same in each epoch."""
    count = min(len(training_rows), validation_images, CLEAN_SAMPLE_LIMIT)
    return np.sort(np.random.default_rng((seed, 0xC1EA)).choice(training_rows, count, replace=False))


def split_microbatches(rows: np.ndarray, most: int) -> list[np.ndarray]:
    """A batch in parts of `most` rows at most, as equal as can be; none is of one row where the batch has more, even if
    another is then one row larger (batch norm again).
    """
    parts = -(-len(rows) // most)
    return np.array_split(rows, max(1, min(parts, len(rows) // 2) if most > 1 else parts))
