"""How good a model is on photos without labels, as far as its answers alone tell.

Cui et al., "Towards Discriminability and Diversity: Batch Nuclear-norm Maximization under Label Insufficient
Situations", CVPR 2020, section 3, which Musgrave, Belongie and Lim, "Benchmarking Validation Methods for Unsupervised
Domain Adaptation", 2022, found among the best measures by which to choose a model without labels.
"""

import numpy as np

# Curves of a task, after its name and "/", at the end of each epoch of a plan with a target.
NUCLEAR_NORM, TARGET_ACCURACY = "target/nuclear_norm", "target/accuracy"


def nuclear_norm_score(probabilities: np.ndarray) -> float:
    """The nuclear norm of the answers over the largest that it can be, 0 to 1: high where each photo has one clear
    answer and the photos have different ones.

    probabilities: [photos, classes], rows that add up to 1. NaN without photos.
    """
    photos, classes = probabilities.shape
    if not photos:
        return float("nan")
    norm = np.linalg.svd(probabilities.astype(np.float64), compute_uv=False).sum()
    return float(norm / np.sqrt(photos * min(photos, classes)))
