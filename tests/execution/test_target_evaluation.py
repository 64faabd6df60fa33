"""What a run's model makes of photos of another place."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.backbones import describe_stages, get_card
from core.datasets import Dataset, import_dataset
from core.evaluation import nuclear_norm_score
from core.execution.run_loop import execute_run
from core.execution.submit import submit
from core.execution.target_evaluation import answers_in_target, draw_maps, known_maps, map_places
from core.home import Home
from core.job import target_rows
from core.plans import Plan, make_plan, set_epochs, set_target
from core.runs import run_folder
from core.tasks import MISSING

TINY = "test_resnet.r160_in1k"


def clouds(distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Features of 60 photos of each of two places, so far apart in one of their eight channels."""
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(60, 8)), rng.normal(size=(60, 8))
    target[:, 0] += distance
    return source.astype(np.float32), target.astype(np.float32)


def test_places_are_domain_accuracy_as_well_as_they_differ():
    far, near = map_places(*clouds(8.0)), map_places(*clouds(0.0))
    assert far.domain_accuracy == 1.0
    assert near.domain_accuracy == pytest.approx(0.5, abs=0.15)


def test_each_photo_has_a_place_on_the_map_and_the_same_one_each_time():
    source, target = clouds(3.0)
    places = map_places(source, target[:20], seed=3)
    assert (len(places.source), len(places.target)) == (60, 20)
    assert all(0 <= each <= 1 for position in (*places.source, *places.target) for each in position)
    assert places == map_places(source, target[:20], seed=3)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_few_photos_have_a_map_too(count: int):
    source, target = clouds(1.0)
    places = map_places(source[:1], target[:count])
    assert len(places.target) == count
    assert places.domain_accuracy is None


def short_plan(dataset: Dataset, target: Dataset | None) -> Plan:
    card = get_card(TINY)
    plan = make_plan(dataset, card, describe_stages(card), "feature-extraction", image_size=32)
    plan = set_target(set_epochs(plan, 1), target.id, 1) if target else set_epochs(plan, 1)
    random = plan.backbone.model_copy(update={"weights": "random"})
    return plan.model_copy(update={"backbone": random, "device": "cpu", "precision": "fp32"})


def test_an_adapted_run_keeps_its_answers_there_and_a_plain_one_is_asked_for_its_own(
    home: Home, draw_photos: Callable[..., Path], tmp_path: Path
):
    source = import_dataset(home, "here", draw_photos(tmp_path / "here", {"cup": 10, "hat": 10}))
    target = import_dataset(home, "there", draw_photos(tmp_path / "there", {"hat": 8, "owl": 8}))
    adapted, plain = (execute_run(home, submit(home, short_plan(source, each)).id) for each in (target, None))
    folder = run_folder(home, adapted.id)
    assert [each.name for each in folder.glob("target-*")] == [f"target-{target.id}-1-1.parquet"]

    rows, task = target_rows(target), source.tasks[0]
    for run in (adapted, plain):
        answers = answers_in_target(home, run.plan, run_folder(home, run.id), target)
        table = answers.predictions
        assert list(table["image_id"]) == list(target.table["image_id"].to_numpy()[rows])
        owls = target.labels(target.tasks[0])[rows] == target.tasks[0].classes.index("owl")
        assert list(table["label"]) == [MISSING if owl else task.classes.index("hat") for owl in owls]
        probabilities = np.stack(table["probabilities"].to_list())
        assert answers.nuclear_norm(task) == nuclear_norm_score(probabilities)
        assert answers.is_labelled(task)

    assert known_maps(home, adapted) is None
    maps = draw_maps(home, adapted, target)
    assert known_maps(home, adapted) == maps
    assert len(maps.before.source) == len(source.labelled_rows(source.tasks, "train"))
    assert len(maps.after.target) == len(rows)
    assert maps.before == maps.after  # the network itself was frozen
    next(folder.glob("places-*.json")).write_text("{")
    assert known_maps(home, adapted) is None
