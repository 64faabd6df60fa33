"""Real handwriting: the 1,797 digits that come with scikit-learn, 43 people's, 8 x 8 numbers from 0 to 16 each.

E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998 (CC BY 4.0).
"""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

SIZE = 64
_PAPER, _INK = np.array([250, 248, 242]), np.array([28, 32, 58])


@lru_cache(maxsize=1)
def load() -> tuple[np.ndarray, np.ndarray]:
    """The digits as float [1797, 8, 8], 0 to 16, and which they are, [1797]."""
    # Here and not above: scikit-learn takes a second to load, and a list of samples needs none of it.
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8), labels


def write(digit: np.ndarray) -> Image.Image:
    """One digit [8, 8] enlarged to ink on paper, SIZE x SIZE: eight cells are too few to be looked at as squares."""
    cells = Image.fromarray((digit / 16 * 255).round().astype(np.uint8))
    # Ten cells wide with the margin, so that a stroke at the rim keeps its whole width.
    framed = Image.new("L", (10, 10))
    framed.paste(cells, (1, 1))
    wide = framed.resize((SIZE, SIZE), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1.2))
    strength = np.clip((np.asarray(wide, dtype=np.float64) / 255 - 0.16) / 0.5, 0, 1)
    ink = (strength**2 * (3 - 2 * strength))[..., None]  # smoothstep: grey cells become edges of a stroke
    return Image.fromarray((_PAPER + (_INK - _PAPER) * ink).round().astype(np.uint8))
