"""What backbones are tried by: which photos teach, and which judge."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks import probing
from benchmarks.probing import Subject
from core.datasets import SplitPlan, import_dataset
from core.home import Home

TINY = Subject("test_resnet.r160_in1k", "Tiny", 32)


@pytest.fixture
def photos(home: Home, draw_photos, tmp_path: Path):
    drawn = draw_photos(tmp_path / "drawn", {"disc": 20, "box": 20})
    return import_dataset(home, "shapes", drawn, split=SplitPlan(train=0.5, validation=0.25, test=0.25))


def test_only_what_was_drawn_teaches_and_no_test_photo_is_near(home: Home, photos, monkeypatch: pytest.MonkeyPatch):
    jobs, train = [], probing.train
    monkeypatch.setattr(probing, "train", lambda job: jobs.append(job) or train(job))
    rows = probing.sample_rows(photos, 3, seed=0)
    right = probing.train_from_scratch(home, TINY, photos, rows, steps=2, seed=0)
    assert right.shape == (len(photos.indices("test")),)
    assert right.dtype == bool
    [job] = jobs
    used = job.dataset.table
    assert sorted(used["hash"][used["split"] == "train"]) == sorted(photos.table["hash"].iloc[rows])
    others = set(used["hash"][used["split"] != "train"])
    assert others <= set(photos.table["hash"].iloc[photos.indices("validation")])
    assert job.plan.backbone.weights == "random"
    assert job.plan.epochs == 2  # of one batch each


def test_fine_tuning_is_for_the_head_first_and_for_all_stages_then(home: Home, photos, monkeypatch: pytest.MonkeyPatch):
    plans = []
    monkeypatch.setattr(probing, "_train_and_predict", lambda home, plan, *rest: plans.append(plan))
    probing.fine_tune(home, TINY, photos, np.arange(64), steps=150, seed=3)
    [plan] = plans
    head, everything = plan.phases
    assert not any(head.stage_rates)
    assert all(everything.stage_rates)
    assert list(everything.stage_rates) == sorted(everything.stage_rates), "the nearer to the head, the faster"
    assert (head.epochs, everything.epochs) == (25, 50)  # of two batches each: 50 and 100 steps
    assert (plan.backbone.weights, plan.seed) == ("pretrained", 3)


def test_a_domain_is_taken_from_the_zip_by_itself(home: Home, draw_photos, tmp_path: Path):
    drawn = {"amazon/mug": 10, "amazon/bike": 10, "dslr/mug": 5}
    folder = draw_photos(tmp_path / "drawn", drawn)
    with zipfile.ZipFile(tmp_path / "office-caltech10.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder).with_suffix(".jpg").as_posix())
    photos = probing.domain(home, tmp_path, "amazon")
    assert photos.tasks[0].classes == ("bike", "mug")
    assert {split: len(photos.indices(split)) for split in ("train", "validation", "test")} == {
        "train": 10,
        "validation": 2,
        "test": 8,
    }
    assert probing.domain(home, tmp_path, "amazon").id == photos.id


def test_features_are_computed_once_and_random_ones_differ_by_seed(home: Home, photos, monkeypatch: pytest.MonkeyPatch):
    first, other = (probing.features(home, TINY, photos, "random", seed) for seed in (0, 1))
    assert first.shape == other.shape
    assert len(first) == 40
    assert not np.allclose(first, other)
    monkeypatch.setattr(probing, "create_model", None)  # nothing is built a second time
    assert np.array_equal(probing.features(home, TINY, photos, "random", 0), first)
