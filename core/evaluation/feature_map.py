"""Features of photos in fewer dimensions: the axes along which they differ most, and a map to look at."""

import numpy as np

MOST_AXES = 50  # what lies beyond is mostly noise, and takes time


def principal_axes(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Standardised features [photos, channels] along their principal axes, at most 50: float64 [photos, axes]."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    photos = StandardScaler().fit_transform(features.astype(np.float64))
    return PCA(min(MOST_AXES, *photos.shape), random_state=seed).fit_transform(photos)


def map_positions(axes: np.ndarray, seed: int = 0) -> np.ndarray:
    """A position for each photo between 0 and 1, float64 [photos, 2]: neighbours look alike, and distances across the
    map mean nothing. axes: of `principal_axes`. By t-SNE (van der Maaten and Hinton, JMLR 9, 2008).
    """
    from sklearn.manifold import TSNE

    count = len(axes)
    if count > 3:
        perplexity = min(30.0, (count - 1) / 3)
        positions = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(axes).astype(np.float64)
    else:
        positions = np.pad(axes, ((0, 0), (0, 2)))[:, :2]
    low, high = positions.min(axis=0), positions.max(axis=0)
    return (positions - low) / np.maximum(high - low, 1e-9)
