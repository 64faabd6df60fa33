"""Counter-based random numbers: they depend on their purpose, and on nothing that came before.

The state of a generator would have to be saved with every checkpoint, and would give a photo other numbers in another
batch. Here each number is a hash of (seed, epoch, photo, which), by the finaliser of SplitMix64 (Steele, Lea and Flood,
"Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

import numpy as np
import torch

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _seeded(seed: int, moment: int | np.ndarray) -> np.ndarray:
    """uint64 [moments]; arrays throughout, since NumPy warns when a scalar overflows, as it must here."""
    key = _mix(np.array([seed], np.uint64) + _GOLDEN)
    return _mix(key + np.atleast_1d(moment).astype(np.uint64) * _GOLDEN)


def uniform(seed: int, epoch: int | np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """float64 [images, count] in [0, 1): the same for the same seed, epoch and row, whatever else is in the batch.

    epoch: one for all, or one for each image.
    """
    photos = _mix(_seeded(seed, epoch) + rows.astype(np.uint64) * _GOLDEN)[:, None]
    numbers = _mix(photos + np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN)
    return (numbers >> np.uint64(11)).astype(np.float64) * 2.0**-53


def generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    """A generator that is the same at the same step of a resumed run."""
    return torch.Generator(device).manual_seed(int(_seeded(seed, step)[0] >> np.uint64(1)))
