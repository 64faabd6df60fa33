"""The shortest way from photos to a classifier: a pretrained network's features, and a classical head on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from core.backbones import BackboneCard, build_backbone, default_card, download_weights, get_card
from core.datasets import decode_for, prepare_image, store_side
from core.home import open_home
from core.plans import BackboneChoice

BATCH = 32

Photo = str | Path | Image.Image | np.ndarray


@dataclass(frozen=True, eq=False)
class PretrainedModel:
    """A backbone in evaluation mode. image_size: the side in pixels at which it sees photos."""

    card: BackboneCard
    backbone: nn.Module
    image_size: int

    @torch.inference_mode()
    def extract_features(self, images: Sequence[Photo]) -> np.ndarray:
        """What the network sees in each photo, float32 [images, features].

        images: file names, pictures of Pillow, or uint8 arrays [height, width, 3]; any sizes. Raises BadDataset for a
        file that is not a picture.
        """
        found = [self._features(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        return np.concatenate(found) if found else np.empty((0, 0), np.float32)

    def _features(self, images: Sequence[Photo]) -> np.ndarray:
        pixels = torch.from_numpy(np.stack([self._pixels(image) for image in images])).permute(0, 3, 1, 2).float()
        mean, std = (255 * torch.tensor(each).view(1, 3, 1, 1) for each in (self.card.mean, self.card.std))
        return self.backbone((pixels - mean) / std).numpy()

    def _pixels(self, image: Photo) -> np.ndarray:
        """uint8 [image_size, image_size, 3], as Graft's training judges photos, too."""
        side = store_side(self.image_size)
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        if isinstance(image, Image.Image):
            pixels = prepare_image(image.convert("RGB"), side)
        else:
            pixels = decode_for(Path(image), side)
        start = (side - self.image_size) // 2
        return pixels[start : start + self.image_size, start : start + self.image_size]


def load_pretrained_model(name: str | None = None, image_size: int | None = None) -> PretrainedModel:
    """A pretrained network, by any name that `graft backbones` lists; without one, the best small one that is here.

    Raises NotFound, and NotReachable when it must be downloaded and cannot be.
    """
    home = open_home()
    chosen = get_card(name) if name else default_card(home)
    download_weights(home, chosen)
    side = image_size or chosen.input_size
    return PretrainedModel(chosen, build_backbone(home, BackboneChoice(name=chosen.name), side).eval(), side)


def train_classifier(features: np.ndarray, labels: Sequence[str] | np.ndarray) -> Pipeline:
    """Logistic regression on features [images, channels]; labels: one per image. It has scikit-learn's `predict`.

    Features are brought to unit variance first, so that the penalty weighs them alike.
    """
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)).fit(features, labels)
