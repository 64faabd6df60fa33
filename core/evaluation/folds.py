"""Folds to cross-validate by: stratified, and no group of photos is parted."""

import warnings
from collections.abc import Sequence

import numpy as np

Fold = tuple[np.ndarray, np.ndarray]  # places to learn from, and to be judged by


def group_folds(strata: np.ndarray, groups: Sequence[object] | np.ndarray, count: int, seed: int = 0) -> list[Fold]:
    """So many folds, or one per group where there are fewer; each place is judged in exactly one of them. Empty where
    that cannot be: there is one group, or no stratum has as many photos as there would be folds.

    strata: int [photos], such as the index of a class. groups: of each photo; photos of one group are alike.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # half a second to load, for who needs it

    names = np.asarray([str(group) for group in groups])
    count = min(count, len(np.unique(names)))
    if count < 2 or np.unique(strata, return_counts=True)[1].max() < count:
        return []
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with one photo is in one fold, and that is well
        return list(splitter.split(names, strata, names))
