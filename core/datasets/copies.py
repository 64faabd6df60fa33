"""Near copies: one picture that came more than once, saved again, smaller or in another format.

A test photo that is a smaller copy of a training photo flatters every figure, and a file's content does not show it. So
each photo gets a fingerprint at import: a perceptual hash (pHash, Zauner 2010: the signs of its lowest frequencies
around their median, here 16 x 16 of them) and its mean colour. How many copies are found so, and how many different
photos are taken for copies, is measured by `benchmarks/near_copies.py`.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from PIL import Image
from scipy.fft import dct

SIDE = 32  # pixels of the miniature that is hashed
FREQUENCIES = 16  # of each direction, a bit each; of 8, the usual, other photos differ as little as copies do
MAX_BITS = 20  # of 256 that may differ
MAX_COARSE_BITS = 6  # of the 64 lowest frequencies, which are compared first: eight bytes a pair, not 35
MAX_COLOUR = 6  # levels of 256 between the mean colours: the same mouse in blue is another photo
LEAST_CONTRAST = 8  # levels from the darkest to the brightest pixel; of a blank picture only noise would be hashed
PAIRS_AT_ONCE = 2**21

COARSE_BYTES, BITS_BYTES = 8, FREQUENCIES**2 // 8
FINGERPRINT_BYTES = BITS_BYTES + 3


def fingerprint(miniature: Image.Image) -> bytes | None:
    """35 bytes that hardly differ between copies of a picture; None for one in which nothing can be seen.

    miniature: the whole picture as RGB, averaged down to `SIDE` x `SIDE`.
    """
    pixels = np.frombuffer(miniature.convert("L").tobytes(), dtype=np.uint8).reshape(SIDE, SIDE)
    if pixels.max() - pixels.min() < LEAST_CONTRAST:
        return None
    frequencies = (_cosines() @ pixels.astype(np.float32) @ _cosines().T).ravel()
    lower_half = np.partition(frequencies, len(frequencies) // 2 - 1)[len(frequencies) // 2 - 1]
    colour = miniature.resize((1, 1), Image.Resampling.BOX)
    return np.packbits((frequencies > lower_half)[_lowest_first()]).tobytes() + colour.tobytes()


@cache
def _cosines() -> np.ndarray:
    """float32 [FREQUENCIES, SIDE]: the lowest part of the discrete cosine transform, as a matrix."""
    return dct(np.eye(SIDE, dtype=np.float32), axis=0, norm="ortho")[:FREQUENCIES]


@cache
def _lowest_first() -> np.ndarray:
    """The order in which the bits are written, int64 [FREQUENCIES ** 2]: the quarter of the lowest ones first."""
    number, half = np.arange(FREQUENCIES**2).reshape(FREQUENCIES, FREQUENCIES), FREQUENCIES // 2
    quarters = number[:half, :half], number[:half, half:], number[half:, :half], number[half:, half:]
    return np.concatenate([quarter.ravel() for quarter in quarters])


def number_pictures(hashes: Sequence[str], fingerprints: Sequence[bytes | None]) -> np.ndarray:
    """Which picture each photo shows, int64 [photos]: the row of the first photo that shows it.

    Files of one content show one picture, and so do near copies of a first photo. Copies of copies are no chain: in a
    film each frame is like the next, and the last is not like the first.
    """
    first_by_hash: dict[str, int] = {}
    picture = np.array([first_by_hash.setdefault(digest, row) for row, digest in enumerate(hashes)], dtype=np.int64)
    rows = np.array([row for row in first_by_hash.values() if fingerprints[row] is not None], dtype=np.int64)
    if len(rows) < 2:
        return picture
    alike = _alike(np.frombuffer(b"".join(fingerprints[row] or b"" for row in rows), dtype=np.uint8))
    first_of = np.arange(len(hashes))
    for first, second in rows[alike]:
        if first_of[first] == first and first_of[second] == second:
            first_of[second] = first
    return first_of[picture]


def in_several_splits(table: pd.DataFrame) -> np.ndarray:
    """bool [photos]: whose picture lies in more than one split. table: as in `core.datasets.Dataset`."""
    return (table.groupby("picture")["split"].transform("nunique") > 1).to_numpy()


def _alike(joined: np.ndarray) -> np.ndarray:
    """Pairs of near copies, int64 [pairs, 2], in order. joined: uint8 [photos * FINGERPRINT_BYTES]."""
    table = joined.reshape(-1, FINGERPRINT_BYTES)
    coarse = np.ascontiguousarray(table[:, :COARSE_BYTES]).view(np.uint64).ravel()
    pairs, step = [], max(1, PAIRS_AT_ONCE // len(table))
    for start in range(0, len(table), step):
        differ = np.bitwise_count(coarse[start : start + step, None] ^ coarse[None, start:])
        near = np.stack(np.divmod(np.flatnonzero(differ <= MAX_COARSE_BITS), differ.shape[1]), axis=1)
        pairs.append(near[near[:, 1] > near[:, 0]] + start)
    found = np.concatenate(pairs)
    bits, colour = table[:, :BITS_BYTES], table[:, BITS_BYTES:].astype(np.int16)
    first, second = found.T
    close = np.bitwise_count(bits[first] ^ bits[second]).sum(axis=1) <= MAX_BITS
    close &= np.abs(colour[first] - colour[second]).max(axis=1) <= MAX_COLOUR
    return found[close]
