"""What a backbone is worth on other photos: a linear classifier on its features, fine-tuning, from scratch."""

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from core.backbones import (
    BackboneCard,
    describe_stages,
    find_packaged,
    find_starter,
    get_card,
    list_gallery,
    list_starters,
)
from core.datasets import (
    VERSION,
    Dataset,
    LabeledPhoto,
    LabeledPhotos,
    Split,
    SplitPlan,
    center_crop,
    import_dataset,
    import_photos,
    list_datasets,
    load_dataset,
    open_pixels,
)
from core.home import Home, whole_file
from core.job import Job
from core.models import create_model, load_trained_model
from core.plans import (
    HEAD_RATE,
    SCRATCH_RATE,
    STAGE_RATE,
    BackboneChoice,
    DatasetChoice,
    Optimizer,
    Phase,
    Plan,
    make_plan,
    rates_towards_stem,
)
from core.profiling import autotune_job
from core.training import predict_logits, train

CLOTHING = "clothing"
DOMAINS = ("amazon", "caltech", "dslr", "webcam")
DOMAIN_SPLIT = SplitPlan(train=0.5, validation=0.1, test=0.4)
STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # of the classifier (scikit-learn's C); validation chooses
MAX_ITERATIONS = 3_000
MAX_FOLDS = 5
FEW = 10  # photos per class
DRAWS = (0, 1, 2)
BATCH = 32
FORWARD_BATCH_SIZE = 64


@dataclass(frozen=True)
class Subject:
    """A backbone that is tried. file: of weights that do not come with Graft, else None. size: of the photos."""

    name: str
    title: str
    size: int
    file: Path | None = None

    @property
    def has_imagenet_weights(self) -> bool:
        """Of 1.3 million large photos, and so no starter."""
        return self.file is not None or find_packaged(self.name) is not None

    @property
    def card(self) -> BackboneCard:
        return get_card(self.name)

    def choice(self, weights: str) -> BackboneChoice:
        if weights == "random":
            return BackboneChoice(name=self.name, weights="random")
        if self.file:
            return BackboneChoice(name=self.name, weights="file", file=str(self.file.resolve()))
        return BackboneChoice(name=self.name)


@cache
def weights_digest(subject: Subject) -> str:
    """Of the file with its pretrained weights: what was measured of others says nothing about these."""
    comes_with_graft = find_starter(subject.name) or find_packaged(subject.name)
    if comes_with_graft:
        return comes_with_graft.sha256
    return hashlib.sha256(subject.file.read_bytes()).hexdigest() if subject.file else ""


def starters_here() -> list[Subject]:
    return [Subject(s.card.name, s.card.title, s.card.input_size) for s in list_starters()]


def packaged_here() -> list[Subject]:
    return [Subject(c.name, c.title, c.input_size) for c in list_gallery() if c.source == "package"]


def dataset_named(home: Home, data: Path, name: str) -> Dataset:
    """Clothing, or a domain of office-caltech10."""
    return clothing(home, data) if name == CLOTHING else domain(home, data, name)


def clothing(home: Home, data: Path) -> Dataset:
    """Ten kinds of clothing with their official split."""
    if CLOTHING in {each.name for each in list_datasets(home)}:
        return load_dataset(home, CLOTHING)
    return import_dataset(home, CLOTHING, data / "clothing-small.zip")


def domain(home: Home, data: Path, name: str) -> Dataset:
    """One domain of office-caltech10, by itself; four in ten of its photos are for the test."""
    if name in {each.name for each in list_datasets(home)}:
        return load_dataset(home, name)
    with zipfile.ZipFile(data / "office-caltech10.zip") as archive:
        return import_photos(home, name, LabeledPhotos(_photos_of(archive, name)), split=DOMAIN_SPLIT)


def _photos_of(archive: zipfile.ZipFile, domain: str) -> Iterator[LabeledPhoto]:
    for name in archive.namelist():
        if name.startswith(f"{domain}/") and name.endswith(".jpg"):
            yield LabeledPhoto(name, partial(archive.open, name), {"class": name.split("/")[1]})


def sample_rows(dataset: Dataset, shots: int | None, seed: int) -> np.ndarray | None:
    """Rows of the training split, so many per class, or as many as a class has; all of them for None.

    None where no class has more than that: it would be all of them again.
    """
    rows = dataset.indices("train")
    if shots is None:
        return rows
    labels = dataset.labels(dataset.tasks[0])[rows]
    groups = [rows[labels == number] for number in range(len(dataset.tasks[0].classes))]
    if max(map(len, groups)) <= shots:
        return None
    rng = np.random.default_rng((seed, shots))
    return np.sort(np.concatenate([rng.choice(group, min(shots, len(group)), replace=False) for group in groups]))


def features(home: Home, subject: Subject, dataset: Dataset, weights: str, seed: int = 0) -> np.ndarray:
    """float32 [rows of the dataset, channels], computed once and kept. weights: "pretrained" or "random"."""
    plan = _plan(subject, dataset, weights, (_phase(subject, 1, 0.0, 0.0),), seed)
    file = home.root / "features" / f"{dataset.id}-{_digest(subject, dataset, plan)}.npy"
    if file.exists():
        return np.load(file)
    model, store = create_model(home, plan, dataset.tasks[:1]).eval(), open_pixels(home, dataset, subject.size)
    found = []
    with torch.no_grad():
        for rows in np.split(np.arange(len(dataset)), range(FORWARD_BATCH_SIZE, len(dataset), FORWARD_BATCH_SIZE)):
            found.append(model.backbone(model.normalize(center_crop(store.read(rows), subject.size))).numpy())
    values = np.concatenate(found)
    file.parent.mkdir(exist_ok=True)
    with whole_file(file) as part, part.open("wb") as opened:
        np.save(opened, values)
    return values


def _digest(subject: Subject, dataset: Dataset, plan: Plan) -> str:
    """Digest of all that features depend on: for random weights the seed, else the file."""
    weights = f"random {plan.seed}" if plan.backbone.weights == "random" else weights_digest(subject)
    facts = f"{weights} {plan.backbone.name} {plan.image_size} {dataset.version} {VERSION}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def linear_probe(values: np.ndarray, dataset: Dataset, rows: np.ndarray, split: Split = "test") -> np.ndarray:
    """Whether a linear classifier on features names each photo of a split right.

    values: [rows of the dataset, channels]. rows: to learn from. Its strength is chosen on the validation photos; where
    these are judged, by cross-validation within what it learns from.
    """
    labels = dataset.labels(dataset.tasks[0])
    scaled = StandardScaler().fit(values[rows]).transform(values)
    validation_rows, evaluation_rows = dataset.indices("validation"), dataset.indices(split)

    def fit(strength: float) -> LogisticRegression:
        return LogisticRegression(C=strength, max_iter=MAX_ITERATIONS).fit(scaled[rows], labels[rows])

    with threadpool_limits(1):  # its steps are too small to share: threads would wait for each other
        if split == "validation":
            best = fit(_cross_validated_strength(scaled[rows], labels[rows]))
        else:
            best = max(
                map(fit, STRENGTHS), key=lambda each: each.score(scaled[validation_rows], labels[validation_rows])
            )
    return best.predict(scaled[evaluation_rows]) == labels[evaluation_rows]


def _cross_validated_strength(values: np.ndarray, labels: np.ndarray) -> float:
    """By cross-validation, each class shared out alike. values: [images, channels]."""
    folds = StratifiedKFold(min(MAX_FOLDS, *np.unique(labels, return_counts=True)[1]), shuffle=True, random_state=0)

    def accuracy(strength: float) -> float:
        return cross_val_score(LogisticRegression(C=strength, max_iter=MAX_ITERATIONS), values, labels, cv=folds).mean()

    return max(STRENGTHS, key=accuracy)


@dataclass(frozen=True)
class ProbeAccuracy:
    """Percent of the validation photos that a linear classifier names right after FEW photos per class, the mean over
    DRAWS of them, and after all."""

    few: float
    all: float


def probe_accuracy(home: Home, subject: Subject, dataset: Dataset) -> ProbeAccuracy:
    """Of pretrained features. To choose by: the best of several is flattered a little."""
    values = features(home, subject, dataset, "pretrained")

    def percent(shots: int | None, draw: int) -> float:
        rows = sample_rows(dataset, shots, draw)
        return 100 * float(
            linear_probe(values, dataset, dataset.indices("train") if rows is None else rows, "validation").mean()
        )

    return ProbeAccuracy(round(float(np.mean([percent(FEW, draw) for draw in DRAWS])), 1), round(percent(None, 0), 1))


def fine_tune(
    home: Home, subject: Subject, dataset: Dataset, rows: np.ndarray, steps: int, seed: int, split: Split = "test"
) -> np.ndarray:
    """Whether the backbone names photos of a split right after so many steps: the head first, then all stages."""
    head_epochs = _epochs(steps // 3, len(rows))
    stages = len(describe_stages(subject.card))
    head = _phase(subject, head_epochs, 0.0, HEAD_RATE)
    all_stages = Phase(
        name="all",
        epochs=_epochs(steps - steps // 3, len(rows)),
        stage_rates=rates_towards_stem(stages, 3 * STAGE_RATE),
        head_rate=HEAD_RATE,
    )
    return _train_and_predict(
        home, _plan(subject, dataset, "pretrained", (head, all_stages), seed), dataset, rows, split
    )


def train_head(
    home: Home, subject: Subject, dataset: Dataset, rows: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weight [classes, channels] and bias [classes] of the head that *Head only* learns from some rows.

    A plan as the plan page makes it; the dataset's validation photos choose the epoch.
    """
    plan = _plan(subject, dataset, "pretrained", (_phase(subject, 1, 0.0, 0.0),), seed)
    subset = _subset(dataset, np.concatenate([rows, dataset.indices("validation")]), plan)
    plan = make_plan(subset, subject.card, describe_stages(subject.card), "feature-extraction", subject.size)
    plan = plan.model_copy(update={"seed": seed, "backbone": subject.choice("pretrained")})
    job = Job(plan, {"source": subset}, home, home.runs / "probe")
    shutil.rmtree(job.folder, ignore_errors=True)
    for _ in train(job):
        pass
    head = load_trained_model(home, plan, subset.tasks, job.folder, "best").heads[0]
    for file in home.pixels.glob(f"{subset.id}.*"):
        file.unlink()
    return head.weight.detach().numpy(), head.bias.detach().numpy()


def train_from_scratch(
    home: Home, subject: Subject, dataset: Dataset, rows: np.ndarray, steps: int, seed: int, split: Split = "test"
) -> np.ndarray:
    """Whether the architecture names photos of a split right after so many steps from random weights."""
    phase = _phase(subject, _epochs(steps, len(rows)), SCRATCH_RATE, SCRATCH_RATE)
    return _train_and_predict(home, _plan(subject, dataset, "random", (phase,), seed), dataset, rows, split)


def _train_and_predict(home: Home, plan: Plan, dataset: Dataset, rows: np.ndarray, split: Split) -> np.ndarray:
    """Train a plan on some rows; whether the final model names each photo of a split right.

    Validation chooses nothing here, so a few of its photos are enough.
    """
    few = dataset.indices("validation")[:: max(1, len(dataset.indices("validation")) // 20)]
    evaluation_rows = dataset.indices(split)
    subset = _subset(dataset, np.concatenate([rows, few]), plan)
    plan = plan.model_copy(update={"datasets": (DatasetChoice(id=subset.id, version=1),)})
    job = Job(plan, {"source": subset}, home, home.runs / "probe")
    shutil.rmtree(job.folder, ignore_errors=True)
    for _ in train(autotune_job(job)):
        pass
    model = load_trained_model(home, plan, subset.tasks, job.folder, "last")
    logits = predict_logits(model, open_pixels(home, dataset, plan.image_size), evaluation_rows)[plan.tasks[0]]
    for file in home.pixels.glob(f"{subset.id}.*"):
        file.unlink()
    return logits.argmax(1) == dataset.labels(dataset.tasks[0])[evaluation_rows]


def _subset(dataset: Dataset, rows: np.ndarray, plan: Plan) -> Dataset:
    """A dataset of these rows alone, under a name of its own."""
    name = hashlib.sha256(rows.tobytes() + plan.hash.encode()).hexdigest()[:12]
    return replace(dataset, id=name, version=1, table=dataset.table.iloc[rows].reset_index(drop=True))


def _epochs(steps: int, images: int) -> int:
    return max(1, round(steps / -(-images // BATCH)))


def _phase(subject: Subject, epochs: int, rate: float, head_rate: float) -> Phase:
    rates = (rate,) * len(describe_stages(subject.card))
    return Phase(epochs=epochs, stage_rates=rates, head_rate=head_rate, warmup_epochs=0.1 * epochs)


def _plan(subject: Subject, dataset: Dataset, weights: str, phases: tuple[Phase, ...], seed: int) -> Plan:
    return Plan(
        datasets=(DatasetChoice(id=dataset.id, version=dataset.version),),
        tasks=(dataset.tasks[0].name,),
        backbone=subject.choice(weights),
        phases=phases,
        optimizer=Optimizer(weight_decay=0.05 if weights == "random" else 0.01),
        early_stopping=None,
        batch_size=BATCH,
        image_size=subject.size,
        seed=seed,
    )
