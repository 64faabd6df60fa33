"""What a run's kept model makes of photos of another place: its answers there, and how it sees both places.

Nothing here looks at labels of the other place, but to say how many answers are right where it has some.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pydantic import ValidationError

from core.datasets import Dataset, center_crop, load_dataset, open_pixels
from core.device import resolve_device
from core.errors import NotFound
from core.evaluation import (
    map_positions,
    nuclear_norm_score,
    predictions_table,
    principal_axes,
    read_predictions,
    write_predictions,
)
from core.home import Home, write_json
from core.job import FORWARD_BATCH_SIZE, Prepared, clean_sample, ignore_event, labels_in_terms_of, target_rows
from core.models import DamagedCheckpoint, TrainedModel, create_model, load_trained_model, read_facts
from core.plans import Plan
from core.runs import Run, run_folder
from core.tasks import MISSING, Frozen, Split, Task
from core.training import predict_logits

MOST_MAPPED = 300  # photos of each place: more than fit on a map
SPLIT: Split = "validation"  # as which answers about another place are kept: the model did not learn from their labels


@dataclass(frozen=True)
class TargetAnswers:
    """predictions: a row per photo and task, as `core.evaluation.predictions_table` has them."""

    predictions: pd.DataFrame

    def nuclear_norm(self, task: Task) -> float:
        """How clear and different the answers are, 0 to 1 (`core.evaluation.nuclear_norm_score`)."""
        rows = self.predictions[self.predictions["task"] == task.name]
        return nuclear_norm_score(np.stack(rows["probabilities"].to_list()))

    def is_labelled(self, task: Task) -> bool:
        """Whether any of the photos has a label of these classes."""
        rows = self.predictions[self.predictions["task"] == task.name]
        return bool((rows["label"] != MISSING).any())


def answers_in_target(
    home: Home, plan: Plan, folder: Path, target: Dataset, progress: Callable[[Prepared], None] = ignore_event
) -> TargetAnswers:
    """Answers of a run's best model to the photos that a model would be adapted to; computed once and kept.

    folder: the run's. Only tasks of classes are asked. Raises NotFound without a model or the photos that it learned
    from, BadDataset for a photo that cannot be read.
    """
    file = f"target-{target.id}-{target.version}-{_best_epoch(folder)}.parquet"
    known = read_predictions(folder, file)
    if len(known):
        return TargetAnswers(known)
    source = load_dataset(home, plan.source.id, plan.source.version)
    tasks = [task for name in plan.tasks if (task := source.task(name)).classes]
    model = load_trained_model(home, plan, source.tasks, folder)
    rows = target_rows(target)
    rows = clean_sample(rows, len(rows), plan.seed)
    store = open_pixels(home, target, plan.image_size)
    logits = predict_logits(model, store, rows, resolve_device(plan.device), progress)
    labels, ids = labels_in_terms_of(target, tasks), target.table["image_id"].to_numpy()[rows]
    unknown = np.full(len(target), MISSING)
    tables = [
        predictions_table(ids, SPLIT, task, labels.get(task.name, unknown)[rows], logits[task.name]) for task in tasks
    ]
    answers = TargetAnswers(pd.concat(tables, ignore_index=True))
    write_predictions(folder, answers.predictions, file)
    return answers


class PlacesMap(Frozen):
    """How a network sees photos of two places. source, target: a position for each photo, float [photos, 2] between 0
    and 1; what is near each other looks alike to the network. domain_accuracy: share of photos of which a linear
    classifier on its features names the right place, cross-validated; guessing gives a half. None with too few photos.
    """

    source: tuple[tuple[float, float], ...]
    target: tuple[tuple[float, float], ...]
    domain_accuracy: float | None


class BothMaps(Frozen):
    """before: of the network as the run began. after: as it was kept."""

    before: PlacesMap
    after: PlacesMap


def known_maps(home: Home, run: Run) -> BothMaps | None:
    """The maps of a run, where they were drawn already."""
    try:
        return BothMaps.model_validate_json(_map_file(run_folder(home, run.id)).read_bytes())
    except (OSError, ValidationError, NotFound):
        return None


def draw_maps(home: Home, run: Run, target: Dataset, progress: Callable[[Prepared], None] = ignore_event) -> BothMaps:
    """Both places before and after a run, which are kept with it.

    Raises NotFound without a model, and what `create_model` does where the network's own weights are not here.
    """
    source = load_dataset(home, run.plan.source.id, run.plan.source.version)
    device = resolve_device(run.plan.device)
    tasks = [source.task(name) for name in run.plan.tasks]
    models = (
        create_model(home, run.plan, tasks),
        load_trained_model(home, run.plan, source.tasks, run_folder(home, run.id)),
    )
    learned = source.labelled_rows(tasks, "train")
    rows = {
        dataset.id: clean_sample(places, MOST_MAPPED, run.plan.seed)
        for dataset, places in ((source, learned), (target, target_rows(target)))
    }
    total, done, maps = len(models) * sum(map(len, rows.values())), 0, []
    for model in models:
        features = []
        for dataset in (source, target):
            store, places = open_pixels(home, dataset, run.plan.image_size), rows[dataset.id]
            found = []
            for batch in np.split(places, range(FORWARD_BATCH_SIZE, len(places), FORWARD_BATCH_SIZE)):
                found.append(_features(model.eval().to(device), store.read(batch).to(device), store.image_size))
                done += len(batch)
                progress(Prepared("evaluate", done, total))
            features.append(np.concatenate(found))
        maps.append(map_places(features[0], features[1], run.plan.seed))
    both = BothMaps(before=maps[0], after=maps[1])
    write_json(_map_file(run_folder(home, run.id)), both.model_dump(mode="json"))
    return both


def _map_file(folder: Path) -> Path:
    return folder / f"places-{_best_epoch(folder)}.json"


def _best_epoch(folder: Path) -> int:
    """What is kept of a model is named by its epoch: a run that goes on has another one. Raises NotFound."""
    try:
        return int(read_facts(folder / "best")["best"]["epoch"])
    except DamagedCheckpoint as error:
        raise NotFound("The model of this run cannot be read.", "Train it again.") from error


def _features(model: TrainedModel, pixels: torch.Tensor, image_size: int) -> np.ndarray:
    with torch.no_grad():
        return model.backbone(model.normalize(center_crop(pixels, image_size))).float().cpu().numpy()


def map_places(source: np.ndarray, target: np.ndarray, seed: int = 0) -> PlacesMap:
    """A map of features [photos, channels] of two places.

    Positions are by `core.evaluation.map_positions`. How well the places are told apart is what the proxy A-distance is
    made of (Ben-David et al., "Analysis of representations for domain adaptation", NIPS 2006), of as many photos of
    each.
    """
    positions = map_positions(principal_axes(np.concatenate([source, target]), seed), seed)
    placed = [(round(float(x), 4), round(float(y), 4)) for x, y in positions]
    return PlacesMap(
        source=tuple(placed[: len(source)]),
        target=tuple(placed[len(source) :]),
        domain_accuracy=_domain_accuracy(source, target, seed),
    )


def _domain_accuracy(source: np.ndarray, target: np.ndarray, seed: int) -> float | None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    each, rng = min(len(source), len(target)), np.random.default_rng(seed)
    if each < 6:
        return None
    photos = np.concatenate([part[rng.permutation(len(part))[:each]] for part in (source, target)])
    places = np.repeat([0, 1], each)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    return float(cross_val_score(classifier, photos, places, cv=folds).mean())
