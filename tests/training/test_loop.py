"""The engine from the first event to the last: its events, when it ends, which model it saves."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from core.errors import BadDataset, BadPlan
from core.job.context import Job
from core.job.events import Ended, EpochEnded, PhaseBegan, Stepped
from core.models.build import load_trained_model
from core.objectives import CrossEntropy
from core.plans import NO_AUGMENTATION, Augmentation, EarlyStopping, Head, Optimizer
from core.training import setup
from core.training.loop import train
from core.training.validation import predict_logits
from tests.fixtures.engine import HEALTH, SPECIES, VIT, InMemory, make_dataset, make_plan, phase, run_through


def only(kind: type, events: list) -> list:
    return [event for event in events if isinstance(event, kind)]


def test_events_tell_the_run_in_order(job_for: Callable[..., Job]):
    plan = make_plan(phase(learning=0, name="head", epochs=1), phase(name="all", epochs=2))
    events = run_through(job_for(plan))
    assert [(e.phase, e.name, e.epoch, e.epochs) for e in only(PhaseBegan, events)] == [
        (0, "head", 1, 1),
        (1, "all", 2, 2),
    ]
    steps = only(Stepped, events)
    assert [e.step for e in steps] == list(range(1, 13))  # 26 photos in batches of 8: 4 steps, 3 epochs
    assert [e.images for e in steps[:4]] == [8, 16, 24, 26]
    assert [e.epoch for e in only(EpochEnded, events)] == [1, 2, 3]
    assert events[-1] == Ended("finished", 3, 12, "All epochs are done.", events[-1].facts)


def test_it_learns_what_can_be_learned(job_for: Callable[..., Job]):
    events = run_through(job_for(make_plan(phase(epochs=6), augmentation=NO_AUGMENTATION)))
    scores = [e.scores["species"] for e in only(EpochEnded, events)]
    assert scores[-1].train_loss < 0.7 < scores[0].train_loss
    assert scores[-1].validation_accuracy > 0.8


def test_the_best_epoch_is_the_model_that_is_kept(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(epochs=4)))
    epochs = only(EpochEnded, run_through(job))
    best = min(epochs, key=lambda e: e.scores["species"].validation_loss)
    assert [e.best for e in epochs][best.epoch - 1]
    model = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder)
    rows = job.dataset.indices("validation")
    logits = predict_logits(model, InMemory(32, job.dataset.labels(SPECIES)), rows)["species"].astype(np.float64)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -logs[np.arange(len(rows)), job.dataset.labels(SPECIES)[rows]].mean()
    assert loss == pytest.approx(best.scores["species"].validation_loss, rel=1e-4)


def test_label_smoothing_never_enters_the_validation_loss(job_for: Callable[..., Job]):
    still = phase(learning=0, head_rate=0.0, epochs=1)
    plain, smooth = (
        only(EpochEnded, run_through(job_for(make_plan(still, objectives=(CrossEntropy(label_smoothing=s),)), f"s{s}")))
        for s in (0.0, 0.5)
    )
    assert plain[0].scores == smooth[0].scores


def test_several_tasks_learn_together_and_missing_labels_do_not_count(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(epochs=1), tasks=("species", "health")))
    (ended,) = only(EpochEnded, run_through(job))
    validation = job.dataset.indices("validation")
    labelled = (job.dataset.labels(HEALTH)[validation] >= 0).sum()
    assert ended.scores["health"].validation_images == labelled < len(validation)
    assert ended.scores["species"].validation_images == len(validation)


def test_a_task_without_labels_to_judge_by_is_refused(job_for: Callable[..., Job]):
    dataset = make_dataset()
    dataset.table.loc[dataset.table["split"] == "validation", HEALTH.column] = -1
    with pytest.raises(BadDataset, match='No validation photo of "leaves" has a label for "health"'):
        run_through(job_for(make_plan(tasks=("health",)), of=dataset))


def test_patience_ends_a_run_that_does_not_improve(job_for: Callable[..., Job]):
    still = phase(learning=0, head_rate=0.0, epochs=50)
    events = run_through(job_for(make_plan(still, early_stopping=EarlyStopping(patience=3))))
    assert (events[-1].reason, events[-1].epoch) == ("early", 4)
    assert "3 epochs" in events[-1].sentence


def test_patience_begins_anew_with_a_phase(job_for: Callable[..., Job]):
    still = phase(learning=0, head_rate=0.0, epochs=2)
    events = run_through(job_for(make_plan(still, still, still, early_stopping=EarlyStopping(patience=3))))
    assert events[-1].reason == "finished"


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_best(job_for: Callable[..., Job]):
    calm, wild = phase(epochs=1), phase(rate=10.0, head_rate=10.0, epochs=30, schedule="constant")
    plan = make_plan(calm, wild, optimizer=Optimizer(kind="sgd", momentum=0.99), augmentation=NO_AUGMENTATION)
    job = job_for(plan)
    events = run_through(job)
    assert events[-1].reason == "unstable"
    assert "learning rate is too high" in events[-1].sentence
    model = load_trained_model(job.home, plan, job.dataset.tasks, job.folder)
    assert all(value.isfinite().all() for value in model.state_dict().values())


def test_dropout_changes_what_is_learned_but_not_how_it_is_judged(job_for: Callable[..., Job]):
    still = phase(learning=0, head_rate=0.0, epochs=1)
    without, with_dropout = (run_through(job_for(make_plan(still, head=Head(dropout=d)), f"d{d}")) for d in (0.0, 0.5))
    assert only(Stepped, without)[0].loss != only(Stepped, with_dropout)[0].loss
    assert only(EpochEnded, without)[0].scores == only(EpochEnded, with_dropout)[0].scores


def test_a_last_batch_of_one_photo_does_not_stop_batch_norm(job_for: Callable[..., Job]):
    events = run_through(job_for(make_plan(phase(epochs=1)), of=make_dataset(train_images=17)))
    assert [e.images for e in only(Stepped, events)] == [8, 17]


def test_batches_of_one_are_refused_only_where_batch_norm_learns(job_for: Callable[..., Job]):
    with pytest.raises(BadPlan, match="Set the batch size to 2"):
        run_through(job_for(make_plan(batch_size=1)))
    run_through(job_for(make_plan(phase(learning=0, epochs=1), batch_size=1), "head"))
    run_through(job_for(make_plan(phase(VIT, epochs=1), backbone=VIT, batch_size=1), "vit"))


def test_clipping_shortens_every_step(job_for: Callable[..., Job]):
    short = Optimizer(kind="sgd", momentum=0.0, weight_decay=0.0, clip_norm=1e-8)
    (ended,) = only(EpochEnded, run_through(job_for(make_plan(phase(VIT, epochs=1), backbone=VIT, optimizer=short))))
    assert ended.scores["species"].validation_loss == pytest.approx(np.log(3), abs=0.1)


def test_a_store_that_could_not_be_kept_is_told(job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        setup,
        "open_pixels",
        lambda home, data, size, progress: InMemory(size, data.labels(SPECIES), "Slow."),
    )
    assert "Slow." in [getattr(e, "sentence", "") for e in run_through(job_for(make_plan(phase(epochs=1))))]


def test_photos_that_are_mixed_go_through_the_network_by_all_threads(job_for: Callable[..., Job]):
    torch.set_num_threads(2)
    changes = Augmentation(mixup=0.5, cached_views=2)
    events = train(job_for(make_plan(phase(learning=0, epochs=4), augmentation=changes)))
    assert {torch.get_num_threads() for event in events if isinstance(event, Stepped)} == {2}


@pytest.mark.parametrize(("learning", "threads"), [(0, 1), (1, 2)], ids=["head alone", "a stage, too"])
def test_a_head_alone_learns_by_one_thread_and_all_are_given_back(
    job_for: Callable[..., Job], learning: int, threads: int
):
    torch.set_num_threads(2)
    used = set()
    for event in train(job_for(make_plan(phase(learning=learning, epochs=2), augmentation=NO_AUGMENTATION))):
        if isinstance(event, Stepped):
            used.add(torch.get_num_threads())
    assert used == {threads}
    assert torch.get_num_threads() == 2
