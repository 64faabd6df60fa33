"""The shortest way from photos to a classifier: a pretrained network's features, and a classical head on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from core.backbones import BackboneCard, Normalize, build_backbone, default_card, download_weights, get_card
from core.datasets import evaluation_pixels
from core.home import open_home
from core.plans import BackboneChoice

BATCH_SIZE = 32

Photo = str | Path | Image.Image | np.ndarray


@dataclass(frozen=True, eq=False)
class PretrainedModel:
    """A backbone in eval mode. image_size: side in pixels of the photos that it is given."""

    card: BackboneCard
    backbone: nn.Module
    image_size: int
    normalize: Normalize = field(repr=False)

    @torch.inference_mode()
    def extract_features(self, images: Sequence[Photo]) -> np.ndarray:
        """Features of photos, float32 [images, features].

        images: file names, pictures of Pillow, or uint8 arrays [height, width, 3]; any sizes. Raises BadDataset for a
        file that is not a picture.
        """
        batches = [images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE)]
        return np.concatenate([self._forward(batch) for batch in batches]) if batches else np.empty((0, 0), np.float32)

    def _forward(self, images: Sequence[Photo]) -> np.ndarray:
        photos = np.stack([evaluation_pixels(_as_photo(image), self.image_size) for image in images])
        pixels = torch.from_numpy(photos).permute(0, 3, 1, 2).float()
        return self.backbone(self.normalize(pixels)).numpy()


def load_pretrained_model(name: str | None = None, image_size: int | None = None) -> PretrainedModel:
    """A pretrained network, by any name that `graft backbones` lists; without one, the best small one that is here.

    Raises NotFound, and NotReachable when it must be downloaded and cannot be.
    """
    home = open_home()
    card = get_card(name) if name else default_card(home)
    download_weights(home, card)
    size = image_size or card.input_size
    backbone = build_backbone(home, BackboneChoice(name=card.name), size).eval()
    return PretrainedModel(card, backbone, size, Normalize(card))


def train_classifier(features: np.ndarray, labels: Sequence[str] | np.ndarray) -> Pipeline:
    """Logistic regression on features [images, channels]; labels: one per image. It has scikit-learn's `predict`.

    Features are scaled to unit variance first, so that the penalty weighs them alike.
    """
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)).fit(features, labels)


def _as_photo(image: Photo) -> Path | Image.Image:
    if isinstance(image, str | Path):
        return Path(image)
    return (Image.fromarray(image) if isinstance(image, np.ndarray) else image).convert("RGB")
