"""Find the best way to learn from a dataset within some minutes: networks, photo sizes, heads and recipes.

Networks at sizes are compared by a linear head on their frozen features, cross-validated, by successive halving
(Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016): all of
them on few photos, the better half on twice as many, and so on. Then heads are compared on the features of the best
one, and whether more of the network should learn is tried by short runs, which validation photos judge.
"""

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from core.backbones import BackboneCard, describe_stages, image_sizes_for, list_gallery, weights_present
from core.datasets import Dataset, PixelStore, Task, center_crop, open_pixels
from core.device import resolve_device, restored_threads
from core.errors import BadDataset
from core.evaluation import LabelledPhotos, cross_validate, paired_gain, selection_bias
from core.execution.part_finding import try_plan
from core.home import Home, Progress, silent
from core.job import FORWARD_BATCH_SIZE, load_datasets
from core.models import TrainedModel, create_model
from core.plans import RECIPES, SIMPLE_HEADS, Plan, make_plan, take_head, with_recipe
from core.tasks import Interval, margin
from core.training import compare_heads

FEWEST_PHOTOS = 60  # on which networks are compared at first
MOST_PHOTOS = 3_000  # more choose the same network
SIZES = (0.8, 1.0, 1.4)  # of the photos, times a network's own
DEEPER = ("top", "head-first")  # recipes of which more than the head learns
SIGNIFICANT_ERRORS = 2.0


@dataclass(frozen=True)
class Tried:
    """One thing that was tried. network, size, way: what; a way is a head or a recipe. photos: that it was judged by.
    accuracy: of those. is_cross_validated: or else judged by validation photos alone. seconds: that it took.
    """

    network: str
    size: int
    way: str
    photos: int
    accuracy: Interval
    is_cross_validated: bool
    seconds: float


@dataclass(frozen=True)
class Best:
    """plan: ready to be trained. why: sentences. flattered: how much better the best network may look than it is, 0 to
    1, for having been chosen among others by the same photos.
    """

    plan: Plan
    why: tuple[str, ...]
    flattered: float

    @property
    def in_words(self) -> str:
        """Why it is the best, and how far to believe it."""
        flattery = (
            f"Chosen among several by the same photos, the network may look {100 * self.flattered:.1f} points better "
            "than it is; the test photos, which stayed shut, say how good it really is."
        )
        return " ".join([*self.why, flattery])


@dataclass
class _Candidate:
    """A network at a photo size. features: of the photos of its task in the order in which they join."""

    card: BackboneCard
    size: int
    features: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    right: np.ndarray = field(default_factory=lambda: np.empty(0, bool))

    @property
    def accuracy(self) -> float:
        return float(self.right.mean()) if len(self.right) else 0.0


class OutOfTime(Exception):
    """The minutes are over, or somebody has seen enough."""


STOPPED = (OutOfTime, KeyboardInterrupt)  # what has been tried by then decides


def find_best(
    home: Home, dataset: Dataset, task_name: str, seconds: float, progress: Progress = silent
) -> Iterator[Tried | Best]:
    """Each thing as soon as it was tried, and at last the best; sooner where the time is over.

    Only networks whose weights are here are tried. progress: may raise OutOfTime to end it with the best so far. Raises
    BadDataset where there are too few photos to cross-validate, and what `train` raises.
    """
    deadline = time.monotonic() + seconds

    def tell(done: int, total: int, words: str) -> None:
        progress(round(min(seconds, seconds - (deadline - time.monotonic()))), round(seconds), words)
        if time.monotonic() > deadline:
            raise OutOfTime

    with restored_threads():
        yield from _find(home, dataset, dataset.task(task_name), tell)


def _find(home: Home, dataset: Dataset, task: Task, tell: Progress) -> Iterator[Tried | Best]:
    ranked, why = _candidates(home), []
    plan: Plan | None = None
    try:
        yield from _halve(home, dataset, task, ranked, tell)
        plan, reason = yield from _choose_head(home, _plan_of(dataset, task, ranked[0]), ranked[0], tell)
        why.append(reason)
        plan, reason = yield from _choose_recipe(home, plan, ranked[0], tell)
        why.append(reason)
    except STOPPED:
        why.append("It ended before all was compared.")
    best, tried = ranked[0], [each for each in ranked if len(each.right)]
    if len(tried) > 1:
        why.insert(0, f"{best.card.title} at {best.size} pixels was the best of {len(tried)} networks and sizes.")
    judged = [each.right for each in ranked if len(each.right) == len(best.right)]
    yield Best(plan or _plan_of(dataset, task, best), tuple(why), selection_bias(np.stack(judged, axis=1)))


def _plan_of(dataset: Dataset, task: Task, candidate: _Candidate) -> Plan:
    plan = make_plan(dataset, candidate.card, describe_stages(candidate.card), image_size=candidate.size)
    return plan.model_copy(update={"tasks": (task.name,)})


def _candidates(home: Home) -> list[_Candidate]:
    """What is here, the most accurate on ImageNet first: where nothing was tried, the first is the best guess."""
    here = [card for card in list_gallery() if weights_present(home, card)]
    here.sort(key=lambda card: -(card.accuracy or 0.0))
    found = []
    for card in here:
        sizes = image_sizes_for(card)
        wanted = {min(sizes, key=lambda size: abs(size - factor * card.input_size)) for factor in SIZES}
        found += [_Candidate(card, size) for size in sorted(wanted)]
    return found


def _halve(home: Home, dataset: Dataset, task: Task, ranked: list[_Candidate], tell: Progress) -> Iterator[Tried]:
    """Compare on more and more photos; `ranked` is in order, the best first, after each candidate. Raises OutOfTime."""
    rows = np.concatenate([dataset.labelled_rows([task], split) for split in ("train", "validation")])
    rows = np.random.default_rng(0).permutation(rows)[:MOST_PHOTOS]
    rounds = max(1, math.ceil(math.log2(len(ranked))))
    counts = sorted(
        {min(len(rows), max(FEWEST_PHOTOS, len(rows) >> (rounds - number))) for number in range(rounds + 1)}
    )
    alive = list(ranked)
    for count in counts:
        for number, each in enumerate(alive):
            tell(number, len(alive), f"{each.card.title} at {each.size} pixels, {count:,} photos")
            yield _judge(home, dataset, task, each, rows[:count], tell)
        alive.sort(key=lambda each: -each.accuracy)
        ranked[: len(alive)] = alive
        alive = alive[: max(2, (len(alive) + 1) // 2)]


def _judge(home: Home, dataset: Dataset, task: Task, candidate: _Candidate, rows: np.ndarray, tell: Progress) -> Tried:
    started, known = time.monotonic(), len(candidate.features)
    model = create_model(home, make_plan(dataset, candidate.card, describe_stages(candidate.card)), [task])
    store = open_pixels(home, dataset, candidate.size)
    more = _features(model, store, rows[known:], tell)
    candidate.features = np.concatenate([candidate.features, more]) if known else more
    photos = LabelledPhotos(candidate.features, dataset.labels(task)[rows], len(task.classes), dataset.groups(rows))
    validating = cross_validate("logistic_regression", photos, 0)
    try:
        while True:
            next(validating)
            tell(0, 0, f"{candidate.card.title} at {candidate.size} pixels")
    except StopIteration as ended:
        found = ended.value
    if found is None:
        raise BadDataset(
            f'There are too few photos of "{task.name}" to choose by.', "Add photos: at least two of each class."
        )
    candidate.right = found.probabilities.argmax(axis=1) == photos.labels
    right = margin(int(candidate.right.sum()), len(rows))
    way, seconds = SIMPLE_HEADS["logistic_regression"].title, time.monotonic() - started
    return Tried(candidate.card.title, candidate.size, way, len(rows), right, True, seconds)


def _features(model: TrainedModel, store: PixelStore, rows: np.ndarray, tell: Progress) -> np.ndarray:
    """Of photos as they are, float32 [rows, channels]."""
    device, found = resolve_device("auto"), []
    model = model.eval().to(device)
    for batch in np.split(rows, range(FORWARD_BATCH_SIZE, len(rows), FORWARD_BATCH_SIZE)):
        with torch.no_grad():
            pixels = center_crop(store.read(batch).to(device), store.image_size)
            found.append(model.backbone(model.normalize(pixels)).float().cpu().numpy())
        tell(0, 0, "Looking at the photos")
    return np.concatenate(found)


def _choose_head(home: Home, plan: Plan, best: _Candidate, tell: Progress) -> Generator[Tried, None, tuple[Plan, str]]:
    """The linear head, unless another one is better by more than chance. Raises OutOfTime."""
    compared = compare_heads(home, plan, lambda _: tell(0, 0, "Comparing heads"))
    linear = next(each for each in compared if each.kind == "logistic_regression")
    right = {each.kind: each.probabilities.argmax(axis=1) == each.labels for each in compared}
    for each in compared:
        title = SIMPLE_HEADS[each.kind].title
        yield Tried(best.card.title, best.size, title, len(each.labels), each.accuracy, True, each.seconds)
    first = max(compared, key=lambda each: each.accuracy.value)
    if first.kind != linear.kind and _is_better(right[first.kind], right[linear.kind]):
        reason = f"{SIMPLE_HEADS[first.kind].title} was the better head, by more than chance."
        return take_head(plan, first.kind), reason
    return plan, "No other head was better than a linear one by more than chance."


def _is_better(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the first names more of the same photos right, by more than chance."""
    gains = one.astype(float) - other
    return bool(gains.mean() > SIGNIFICANT_ERRORS * gains.std(ddof=1) / math.sqrt(len(gains)))


def _choose_recipe(
    home: Home, plan: Plan, best: _Candidate, tell: Progress
) -> Generator[Tried, None, tuple[Plan, str]]:
    """The head alone, unless validation loss is lower by more than chance where more learns. Raises OutOfTime."""
    datasets, chosen, losses, reason = load_datasets(home, plan), plan, None, ""
    titles = {each.id: each.title for each in RECIPES}
    for name in ("", *DEEPER):
        attempt = with_recipe(plan, name, len(plan.phases[0].stage_rates)) if name else plan
        title = titles.get(name, "Head only")
        started = time.monotonic()
        trial = try_plan(home, attempt, datasets, lambda epoch, words, title=title: tell(0, 0, f"{title}: {words}"))  # type: ignore[misc]
        [scores] = trial.scores.values()
        photos = len(datasets["source"].labelled_rows([datasets["source"].task(plan.tasks[0])], "validation"))
        accuracy = margin(round(scores.validation_accuracy * photos), photos)
        yield Tried(best.card.title, best.size, title, photos, accuracy, False, time.monotonic() - started)
        if losses is None:
            losses = trial.losses
            continue
        gain, error = paired_gain(losses, trial.losses)
        if gain > SIGNIFICANT_ERRORS * error:
            chosen, losses = attempt, trial.losses
            reason = f"“{title}” was better by validation loss, by more than chance."
    return chosen, reason or "That more of the network learns was no better than the head alone by more than chance."
