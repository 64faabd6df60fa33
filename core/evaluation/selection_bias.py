"""What choosing among many models flatters the chosen one by."""

import numpy as np

DRAWS = 500


def selection_bias(right: np.ndarray, seed: int = 0) -> float:
    """By how much the accuracy of the best of several models on the photos that chose it is too high, 0 to 1.

    right: bool [photos, models], which photos each model names right, all judged by cross-validation. In each draw of
    as many photos with replacement the best model is chosen, and judged by the photos that were not drawn (Tsamardinos
    et al., "Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation", Machine Learning
    107, 2018, algorithm 2). The bias is what was seen, less the mean of what those photos say; never below 0.
    """
    photos, models = right.shape
    if photos < 2 or models < 2:
        return 0.0
    rng, judged = np.random.default_rng(seed), []
    for _ in range(DRAWS):
        drawn = rng.integers(photos, size=photos)
        others = np.ones(photos, bool)
        others[drawn] = False
        if others.any():
            judged.append(right[others, right[drawn].mean(axis=0).argmax()].mean())
    return max(0.0, float(right.mean(axis=0).max() - np.mean(judged)))
