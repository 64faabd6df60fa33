"""A trained model that predicts new photos, on the very path that training and evaluation used."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from core.datasets import evaluation_pixels, in_order, load_dataset
from core.device import resolve_device
from core.errors import BadDataset, NotFound
from core.home import Home
from core.models import TrainedModel, load_trained_model
from core.plans import Plan
from core.runs import get_run, has_best, run_folder
from core.tasks import Task, label_kind

BATCH = 32

Photo = Path | bytes | Image.Image  # a file, what is in it, or a picture that `core.datasets.decode` made of it
# By task, as its kind of label decodes it: of classes, the probability by class, the most likely first.
Prediction = dict[str, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Predictor:
    """model: in evaluation mode on `device`. tasks: its heads, in order."""

    model: TrainedModel
    plan: Plan
    tasks: tuple[Task, ...]
    device: torch.device

    def predict(self, photos: Sequence[Photo]) -> list[Prediction]:
        """One prediction per photo. Raises BadDataset for the first photo that cannot be read."""
        predictions = []
        for prediction in self.iter_predictions(photos):
            if isinstance(prediction, BadDataset):
                raise prediction
            predictions.append(prediction)
        return predictions

    def iter_predictions(self, photos: Sequence[Photo]) -> Generator[Prediction | BadDataset, None, None]:
        """One prediction per photo, in order, for any number of photos; an error for each that cannot be read.

        The photos of the next batch are decoded while the network computes one. Closing it ends that soon.
        """
        decode = partial(read_photo, image_size=self.plan.image_size)
        with closing(in_order(decode, photos, ahead=BATCH)) as decoded:
            while batch := list(islice(decoded, BATCH)):
                readable = [photo for photo in batch if not isinstance(photo, BadDataset)]
                predictions = iter(self.predict_pixels(np.stack(readable)) if readable else [])
                yield from (photo if isinstance(photo, BadDataset) else next(predictions) for photo in batch)

    @torch.inference_mode()
    def predict_pixels(self, pixels: np.ndarray) -> list[Prediction]:
        """Predictions for photos as `read_photo` gives them, uint8 [batch, size, size, 3]."""
        photos = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self.device, torch.float32)
        logits = self.model(self.model.normalize(photos))
        of_tasks = {task.name: label_kind(task).decode(task, logits[task.name]) for task in self.tasks}
        return [{name: decoded[row] for name, decoded in of_tasks.items()} for row in range(len(pixels))]


def read_photo(photo: Photo, image_size: int) -> np.ndarray | BadDataset:
    """The photo as evaluation sees it, uint8 [size, size, 3]; or the error that says why it cannot be read."""
    try:
        return evaluation_pixels(photo, image_size)
    except BadDataset as error:
        return error


def load_predictor(home: Home, run_id: str, device: str = "auto") -> Predictor:
    """The best model of a run. Raises NotFound when there is no such run or it has no model yet, BadPlan (device)."""
    run = get_run(home, run_id)
    if not has_best(home, run.id):
        raise NotFound(f'"{run.name}" has no model yet.', "Wait until its first epoch has ended.")
    dataset = load_dataset(home, run.plan.source.id, run.plan.source.version)
    tasks = tuple(dataset.task(name) for name in run.plan.tasks)
    on_device = resolve_device(device)
    model = load_trained_model(home, run.plan, tasks, run_folder(home, run.id)).to(on_device).eval()
    return Predictor(model, run.plan, tasks, on_device)


def cached_predictor(home: Home, run_id: str) -> Predictor:
    """A run's predictor, kept in memory until the run has another best model. Raises as `load_predictor` does."""
    run = get_run(home, run_id)
    return _load_cached(home, run.id, best_model_version(home, run.id))


def best_model_version(home: Home, run_id: str) -> int:
    """When a run's best model was written, in nanoseconds; 0 without one. Another model has another number."""
    best = run_folder(home, run_id) / "best"
    return best.stat().st_mtime_ns if best.exists() else 0


@lru_cache(maxsize=2)  # one that is used and one it is compared with; each holds a whole network
def _load_cached(home: Home, run_id: str, version: int) -> Predictor:
    return load_predictor(home, run_id)
