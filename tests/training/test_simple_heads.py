"""Runs whose head is a simple one, and simple heads side by side without a run."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from core.errors import BadDataset, TooLittleMemory
from core.evaluation import HeadSubject, read_out_of_fold
from core.home import Home
from core.job import Ended, EpochEnded, Job, Noted, Prepared, Stepped
from core.models import NearestNeighbors, load_trained_model
from core.plans import SIMPLE_HEADS, Augmentation, Head, Plan, take_head
from core.training import compare_heads, simple_heads, train
from tests.fixtures.engine import STARTER, make_plan, phase, run_through, state_of
from tests.training.test_resume import assert_same, history_of

TASKS = ("species", "health")


def simple(kind: str, **changes) -> Plan:
    return make_plan(phase(learning=0, epochs=1, solver="lbfgs"), head=Head(kind=kind), **changes)


@pytest.mark.parametrize("kind", SIMPLE_HEADS)
def test_a_run_computes_a_head_per_task_and_keeps_it_as_its_model(job_for: Callable[..., Job], kind: str):
    job = job_for(simple(kind, tasks=TASKS))
    events = run_through(job)
    (ended,) = [e for e in events if isinstance(e, EpochEnded)]
    (step,) = [e for e in events if isinstance(e, Stepped)]
    assert (ended.step, step.images, ended.best) == (4, 26, True)
    assert ended.scores["species"].train_accuracy > 0.5
    notes = [e.sentence for e in events if isinstance(e, Noted)]
    settings = SIMPLE_HEADS[kind].setting
    assert len(notes) == (2 if settings else 0)
    assert all(f"for {task}: {settings} is " in note for task, note in zip(TASKS, notes, strict=False))
    model = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder)
    kinds = {type(head) for head in model.heads}
    assert kinds == {NearestNeighbors if kind == "nearest_neighbors" else torch.nn.Linear}
    features = torch.from_numpy(np.random.default_rng(0).normal(size=(4, model.num_features)).astype(np.float32))
    found, trained = model.logits(features), state_of(job).model.logits(features)
    assert all(torch.equal(found[task], trained[task]) for task in TASKS)
    assert found["health"].isfinite().all()


@pytest.mark.parametrize("stop", [Noted, Stepped, EpochEnded])
def test_stopped_anywhere_and_resumed_it_is_bit_equal(job_for: Callable[..., Job], stop: type):
    plan = simple("nearest_neighbors", tasks=TASKS, augmentation=Augmentation())
    unbroken, broken = job_for(plan, "unbroken"), job_for(plan, "broken")
    whole, events, heard = run_through(unbroken), train(broken), []
    for event in events:
        heard.append(event)
        if isinstance(event, stop):
            break
    events.close()
    rest = run_through(broken)
    assert_same(unbroken, broken)
    assert history_of(whole) == history_of(heard + rest)
    assert isinstance(rest[-1], Ended)


def test_photos_of_one_group_get_the_usual_setting(job_for: Callable[..., Job], dataset):
    dataset.table["picture"] = 0
    events = run_through(job_for(simple("nearest_neighbors"), of=dataset))
    (note,) = [e.sentence for e in events if isinstance(e, Noted)]
    assert note == "Nearest neighbours: k is 5, as usual: the photos are too few to say."


def test_features_that_memory_does_not_hold_are_refused_in_words(job_for: Callable[..., Job], monkeypatch):
    monkeypatch.setattr(simple_heads, "memory_budget", lambda device: 1_000)
    with pytest.raises(TooLittleMemory, match="Choose the linear head"):
        run_through(job_for(simple("linear_svm")))


@pytest.fixture
def photos_here(home: Home, dataset, monkeypatch) -> None:
    monkeypatch.setattr("core.training.head_comparison.load_datasets", lambda home, plan: {"source": dataset})


def test_heads_are_compared_on_what_runs_keep_and_their_answers_stay(
    home: Home, dataset, job_for: Callable[..., Job], photos_here
):
    plan = make_plan(phase(STARTER, learning=1), backbone=STARTER, tasks=TASKS)
    events = []
    found = compare_heads(home, plan, events.append)
    assert [(each.subject.task, each.kind) for each in found] == [
        (task, kind) for task in TASKS for kind in SIMPLE_HEADS
    ]
    assert {e.kind for e in events if isinstance(e, Prepared)} >= {"cache", "cross_validate"}
    species, health = found[0], found[-1]
    assert (len(species.image_ids), len(health.image_ids)) == (35, 24)  # all that have a label
    np.testing.assert_array_equal(species.labels, np.arange(35) % 3)
    assert [*species.image_ids[:3]] == ["i0", "i1", "i2"]
    subject = HeadSubject.of(take_head(plan, "linear"), "species")
    for each in found[: len(SIMPLE_HEADS)]:
        kept = read_out_of_fold(home, subject, each.kind)
        np.testing.assert_array_equal(kept.probabilities, each.probabilities)
        assert kept.accuracy == each.accuracy
    again = []
    compare_heads(home, plan, again.append)
    assert "cache" not in {e.kind for e in again if isinstance(e, Prepared)}


def test_heads_of_photos_of_one_group_are_not_compared(home: Home, photos_here, dataset):
    dataset.table["picture"] = 0
    with pytest.raises(BadDataset, match="each class is one group of them"):
        compare_heads(home, make_plan(phase(STARTER, learning=0), backbone=STARTER))
