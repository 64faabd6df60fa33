"""Whether a new photo is like those that a model learned from: a model answers with one of its classes to anything.

A photo is as far from the training photos as its features are from the nearest of theirs. How far is unusual is read
off the validation photos, which the model did not learn from either: an outlier test by conformal p-values (Laxhammar
and Falkman, "Conformal prediction for distribution-independent anomaly detection", COPA 2011), whose share of false
alarms is known without any assumption about features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from core.datasets import Dataset, Split, load_dataset
from core.exports.predictor import BATCH, Photo, Predictor, best_model_version, cached_predictor, read_photo
from core.home import Home
from core.runs import get_run

MOST_REFERENCES, MOST_JUDGES = 400, 200
FEWEST_JUDGES = 19  # with fewer, one photo in twenty would be called strange by chance alone
STRANGE = 0.02  # so many of the photos like its own are called strange by mistake


@dataclass(frozen=True)
class Strangeness:
    """judges: validation photos asked. as_far: those of them at least as unlike the training photos as this one."""

    judges: int
    as_far: int

    @property
    def is_strange(self) -> bool:
        return self.as_far == 0 or (1 + self.as_far) / (1 + self.judges) <= STRANGE

    @property
    def sentence(self) -> str:
        """What was counted, in words."""
        if self.as_far == 0:
            return f"Not one of {self.judges:,} photos that judged it is so unlike those it learned from."
        few = "1 is" if self.as_far == 1 else f"{self.as_far} are"
        return f"Of {self.judges:,} photos that judged it, only {few} so unlike those it learned from."


@dataclass(frozen=True, eq=False)
class _Familiar:
    """references: of training photos, [photos, channels], of length 1. distances: of the judges to the nearest one."""

    references: Tensor
    distances: np.ndarray


def strangeness(home: Home, run_id: str, photos: Sequence[Photo]) -> list[Strangeness | None]:
    """How strange each photo is to a run's best model; None where it cannot be read, or too few photos could tell.

    The first call looks at some hundred of the run's own photos. Raises NotFound when it has no model.
    """
    run = get_run(home, run_id)
    familiar = _load_familiar(home, run.id, best_model_version(home, run.id))
    features, readable = _features(cached_predictor(home, run.id), photos)
    if familiar is None:
        return [None] * len(photos)
    distances = iter(_distances(features, familiar.references))
    return [
        Strangeness(len(familiar.distances), int((familiar.distances >= next(distances)).sum())) if can_read else None
        for can_read in readable
    ]


@lru_cache(maxsize=4)
def _load_familiar(home: Home, run_id: str, version: int) -> _Familiar | None:
    """version: of the best model, so that another model is another entry."""
    predictor = cached_predictor(home, run_id)
    source = predictor.plan.source
    dataset = load_dataset(home, source.id, source.version)
    judges = _some_photos(dataset, "validation", MOST_JUDGES)
    if len(judges) < FEWEST_JUDGES:
        return None
    references, _ = _features(predictor, _some_photos(dataset, "train", MOST_REFERENCES))
    features, _ = _features(predictor, judges)
    return _Familiar(references, _distances(features, references))


def _some_photos(dataset: Dataset, split: Split, most: int) -> list[Photo]:
    """Files of photos of a split, the same ones each time."""
    rows = dataset.indices(split)
    chosen = np.sort(np.random.default_rng(0).permutation(rows)[:most])
    return [dataset.path(image_id) for image_id in dataset.table["image_id"].iloc[chosen]]


def _features(predictor: Predictor, photos: Sequence[Photo]) -> tuple[Tensor, list[bool]]:
    """Features of the readable photos, [readable, channels], of length 1, and which of the photos those are."""
    found: list[Tensor] = []
    readable: list[bool] = []
    for start in range(0, len(photos), BATCH):
        batch = [read_photo(photo, predictor.plan.image_size) for photo in photos[start : start + BATCH]]
        pixels = [photo for photo in batch if isinstance(photo, np.ndarray)]
        readable += [isinstance(photo, np.ndarray) for photo in batch]
        if pixels:
            found.append(_features_of_pixels(predictor, np.stack(pixels)))
    return torch.cat(found) if found else torch.empty(0, predictor.model.num_features), readable


@torch.inference_mode()
def _features_of_pixels(predictor: Predictor, pixels: np.ndarray) -> Tensor:
    photos = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(predictor.device, torch.float32)
    features = predictor.model.backbone(predictor.model.normalize(photos)).flatten(1).float()
    return torch.nn.functional.normalize(features, dim=1).cpu()


def _distances(features: Tensor, references: Tensor) -> np.ndarray:
    """Of each photo to the nearest reference, 1 - cosine, [photos]."""
    if not len(features):
        return np.empty(0)
    return (1 - features @ references.T).min(dim=1).values.numpy()
