"""A second, unlabelled dataset goes through the pipeline, cache and batches of the one whose labels are learned."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.activations.cache import CachedActivations
from core.activations.feature_pipeline import FeaturePipeline, build_pipeline
from core.activations.input_batches import augmented_batch, clean_batch
from core.backbones import get_card
from core.datasets import Dataset
from core.device.precision import default_compute_config
from core.errors import BadDataset
from core.home import Home
from core.job.batches import Batch, Role, epoch_batches, role_seed, split_microbatches
from core.job.context import Job, TrainingContext, build_context
from core.job.lr_schedule import phase_at
from core.models.build import create_model
from core.models.model import TrainedModel
from core.plans import NO_AUGMENTATION, Augmentation, Plan
from tests.fixtures.engine import RESNET, SPECIES, InMemory, make_plan, make_target, phase

TARGET_PHOTOS, TARGET_VALIDATION = 14, 5
ROWS = np.array([11, 0, 3])


@pytest.fixture
def target() -> Dataset:
    return make_target(TARGET_PHOTOS, TARGET_VALIDATION)


@pytest.fixture
def pipeline_for(home: Home, dataset: Dataset, target: Dataset) -> Callable[[Plan], FeaturePipeline]:
    """pipeline_for(plan): of its first epoch, with both datasets."""

    def pipeline(plan: Plan) -> FeaturePipeline:
        model = create_model(home, plan, (SPECIES,)).eval()
        compute_config = default_compute_config(model.backbone, torch.device("cpu"), "fp32")
        job = Job(plan, {"source": dataset, "target": target}, home, Path("nowhere"))
        noise = np.random.default_rng(7).integers(0, 3, len(target))
        stores = {
            "source": InMemory(plan.image_size, dataset.labels(SPECIES)),
            "target": InMemory(plan.image_size, noise),
        }
        context = build_context(job, get_card(RESNET), stores, compute_config, model.num_features)
        return finish(first_epoch(context, compute_config.move(model)))

    return pipeline


def first_epoch(context: TrainingContext, model: TrainedModel):
    pipeline = yield from build_pipeline(context, model, phase_at(context.plan, 0), views=None, previous=None)
    return (yield from pipeline.with_epoch_cache(0))


def finish(steps):
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def features_of(pipeline: FeaturePipeline, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return pipeline.model.backbone(images)


def test_clean_photos_of_the_target_are_cached_and_give_its_features(pipeline_for: Callable[[Plan], FeaturePipeline]):
    pipeline = pipeline_for(make_plan(phase(learning=1), augmentation=NO_AUGMENTATION))
    expected = features_of(pipeline, clean_batch(pipeline.context, pipeline.model, ROWS, "target"))
    assert set(pipeline.clean_cache) == {"source", "target"}
    for features in (
        pipeline.evaluation_features(ROWS, "target"),
        pipeline.training_features(ROWS, 0, role="target"),
    ):
        torch.testing.assert_close(features.detach(), expected, rtol=1e-3, atol=1e-4)


def test_augmented_photos_of_the_target_are_cached_by_view(pipeline_for: Callable[[Plan], FeaturePipeline]):
    pipeline = pipeline_for(make_plan(phase(learning=1, epochs=10), augmentation=Augmentation(cached_views=3)))
    views = pipeline.views_of(ROWS, 0, "target")
    images = augmented_batch(pipeline.context, pipeline.model, ROWS, views, "target")
    cached = pipeline.augmented_cache["target"]
    assert all(isinstance(each, CachedActivations) and each.folder for each in cached.values())
    features = pipeline.training_features(ROWS, 0, role="target").detach()
    torch.testing.assert_close(features, features_of(pipeline, images), rtol=1e-3, atol=1e-4)


def test_a_target_that_trains_all_stages_needs_no_cache(pipeline_for: Callable[[Plan], FeaturePipeline]):
    pipeline = pipeline_for(make_plan(phase()))
    views = pipeline.views_of(ROWS, 0, "target")
    images = augmented_batch(pipeline.context, pipeline.model, ROWS, views, "target")
    features = pipeline.training_features(ROWS, 0, role="target").detach()
    torch.testing.assert_close(features, features_of(pipeline, images))


def test_a_later_run_reads_the_features_of_both_datasets_from_the_disk(
    pipeline_for: Callable[[Plan], FeaturePipeline], home: Home, monkeypatch: pytest.MonkeyPatch
):
    plan = make_plan(phase(learning=0), augmentation=NO_AUGMENTATION)
    first = pipeline_for(plan).evaluation_features(ROWS, "target")
    assert len(list(home.activations.iterdir())) == 2

    def run_prefix(*_: object) -> None:
        raise AssertionError("all of it is on the disk")

    monkeypatch.setattr("core.activations.split_backbone.SplitBackbone.run_prefix", run_prefix)
    assert torch.equal(pipeline_for(plan).evaluation_features(ROWS, "target"), first)


def test_all_photos_of_a_target_are_adapted_to_but_those_kept_for_its_test(
    pipeline_for: Callable[[Plan], FeaturePipeline], target: Dataset
):
    target.table.loc[[1, TARGET_PHOTOS], "split"] = "test"
    source = pipeline_for(make_plan(phase(), augmentation=NO_AUGMENTATION)).context.sources["target"]
    expected = np.setdiff1d(np.arange(TARGET_PHOTOS + TARGET_VALIDATION), [1, TARGET_PHOTOS])
    assert source.labels == {}
    assert np.array_equal(source.training, expected)
    assert np.array_equal(source.clean, expected)
    assert not len(source.validation)


def test_a_target_whose_photos_are_all_kept_for_its_test_is_refused_in_words(
    pipeline_for: Callable[[Plan], FeaturePipeline], target: Dataset
):
    target.table["split"] = "test"
    with pytest.raises(BadDataset, match=r'All photos of "leaves" are kept for the test.*Split them again'):
        pipeline_for(make_plan(phase()))


def batches_of(rows: dict[Role, np.ndarray], seed: int = 0, epoch: int = 0) -> list[Batch]:
    return epoch_batches(rows, 8, seed, epoch)


def test_the_source_comes_in_the_same_batches_with_and_without_a_target():
    alone: dict[Role, np.ndarray] = {"source": np.arange(26)}
    expected = np.random.default_rng((3, 2)).permutation(np.arange(26))
    for rows in (alone, {**alone, "target": np.arange(7)}):
        batches = batches_of(rows, seed=3, epoch=2)
        assert np.array_equal(np.concatenate([batch["source"] for batch in batches]), expected)
        assert [len(batch["source"]) for batch in batches] == [8, 8, 8, 2]


@pytest.mark.parametrize("targets", [7, 26, 100])
def test_a_batch_has_as_many_rows_of_the_target_and_none_comes_again_before_all_have_come(targets: int):
    batches = batches_of({"source": np.arange(26), "target": np.arange(targets)})
    assert [len(batch["target"]) for batch in batches] == [len(batch["source"]) for batch in batches]
    order = np.concatenate([batch["target"] for batch in batches])
    for start in range(0, len(order), targets):
        part = order[start : start + targets]
        assert len(set(part)) == len(part)


def test_batches_of_both_roles_depend_on_seed_and_epoch_alone():
    rows: dict[Role, np.ndarray] = {"source": np.arange(26), "target": np.arange(40)}

    def order(seed: int, epoch: int) -> tuple[int, ...]:
        return tuple(np.concatenate([batch["target"] for batch in batches_of(rows, seed, epoch)]))

    resumed, unbroken = batches_of(rows, 1, 5)[2:], batches_of(rows, 1, 5)
    for one, other in zip(resumed, unbroken[2:], strict=True):
        assert all(np.array_equal(one[role], other[role]) for role in rows)
    assert len({order(seed, epoch) for seed in (0, 1) for epoch in (0, 1)}) == 4


def test_roles_are_shuffled_and_augmented_by_seeds_of_their_own():
    assert role_seed(5, "source") == 5
    assert role_seed(5, "target") not in (5, role_seed(6, "target"))


def test_micro_batches_split_both_roles_alike():
    batch: Batch = {"source": np.arange(9), "target": np.arange(9) + 100}
    parts = split_microbatches(batch, 4)
    assert [len(part["source"]) for part in parts] == [len(part["target"]) for part in parts] == [3, 3, 3]
    for role, rows in batch.items():
        assert np.array_equal(np.concatenate([part[role] for part in parts]), rows)
