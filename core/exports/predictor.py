"""A trained model that answers to new photos, on the one path that training used, too."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.datasets import Task, decode_for, load_dataset, prepare_image, store_side
from core.device import resolve_device
from core.errors import BadDataset, NotFound
from core.home import Home
from core.models import TrainedModel, load_trained_model
from core.plans import Plan
from core.runs import get_run, has_best, run_folder

BATCH = 32

Photo = Path | bytes | Image.Image  # a file, what is in it, or a picture that `core.datasets.decode` made of it
Answer = dict[str, dict[str, float]]  # by task: probability by class, the most likely first


@dataclass(frozen=True, eq=False)
class Predictor:
    """model: in evaluation mode on `device`. tasks: its heads, in order."""

    model: TrainedModel
    plan: Plan
    tasks: tuple[Task, ...]
    device: torch.device

    def predict(self, photos: Sequence[Photo]) -> list[Answer]:
        """One answer per photo. Raises BadDataset for the first that cannot be read."""
        answers = []
        for answer in self.answers(photos):
            if isinstance(answer, BadDataset):
                raise answer
            answers.append(answer)
        return answers

    def answers(self, photos: Sequence[Photo]) -> Iterator[Answer | BadDataset]:
        """One answer per photo, as they come; for what cannot be read the error that says why. Any number of photos."""
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(photos), BATCH):
                some = photos[start : start + BATCH]
                yield from self._answers_to(list(pool.map(partial(read_photo, image_size=self.plan.image_size), some)))

    def _answers_to(self, read: list[np.ndarray | BadDataset]) -> list[Answer | BadDataset]:
        pixels = [photo for photo in read if not isinstance(photo, BadDataset)]
        told = iter(self._ask(np.stack(pixels)) if pixels else [])
        return [photo if isinstance(photo, BadDataset) else next(told) for photo in read]

    @torch.inference_mode()
    def _ask(self, pixels: np.ndarray) -> list[Answer]:
        """Answers to uint8 [batch, size, size, 3]."""
        photos = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self.device, torch.float32)
        logits = self.model(self.model.normalised(photos))
        shares = {task.name: logits[task.name].float().softmax(dim=1).tolist() for task in self.tasks}
        return [
            {task.name: _ranked(task, shares[task.name][number]) for task in self.tasks}
            for number in range(len(pixels))
        ]


def read_photo(photo: Photo, image_size: int) -> np.ndarray | BadDataset:
    """The photo as it is judged, uint8 [size, size, 3]; or why it cannot be read."""
    side = store_side(image_size)
    try:
        pixels = prepare_image(photo, side) if isinstance(photo, Image.Image) else decode_for(photo, side)
    except BadDataset as error:
        return error
    start = (side - image_size) // 2
    return pixels[start : start + image_size, start : start + image_size]


def load_predictor(home: Home, run_id: str, device: str = "auto") -> Predictor:
    """The best model of a run. Raises NotFound when there is no such run or it has no model yet, BadPlan (device)."""
    run = get_run(home, run_id)
    if not has_best(home, run.id):
        raise NotFound(f'"{run.name}" has no model yet.', "Wait until its first epoch has ended.")
    dataset = load_dataset(home, run.plan.source.id, run.plan.source.version)
    tasks = tuple(dataset.task(name) for name in run.plan.tasks)
    where = resolve_device(device)
    model = load_trained_model(home, run.plan, tasks, run_folder(home, run.id)).to(where).eval()
    return Predictor(model, run.plan, tasks, where)


def predictor(home: Home, run_id: str) -> Predictor:
    """The same, kept in memory while the run's best model stays the same."""
    run = get_run(home, run_id)
    return _kept(home, run.id, best_since(home, run.id))


def best_since(home: Home, run_id: str) -> int:
    """When a run's best model was written, in nanoseconds; 0 without one. Another one has another number."""
    best = run_folder(home, run_id) / "best"
    return best.stat().st_mtime_ns if best.exists() else 0


@lru_cache(maxsize=2)  # one that is used and one it is compared with; each holds a whole network
def _kept(home: Home, run_id: str, changed: int) -> Predictor:
    return load_predictor(home, run_id)


def _ranked(task: Task, shares: list[float]) -> dict[str, float]:
    return dict(sorted(zip(task.classes, shares, strict=True), key=lambda pair: -pair[1]))
