"""Heads that are fitted in place of being trained in steps: what they become, and when they are."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from core.errors import BadPlan
from core.job import EpochEnded, HeadsTried, Job, Noted, Prepared, Stepped
from core.plans import Augmentation, Head, Optimizer, Phase, change, fits_heads, parse_plan
from core.training import head_fit
from core.training.head_fit import STRENGTHS, LabelledFeatures, Scaling, minimize
from core.training.setup import setup_training
from tests.fixtures.engine import SPECIES, make_dataset, make_plan, phase, run_through, state_of


def fitted(**changes) -> Phase:
    return phase(learning=0, **{"epochs": 3, "solver": "lbfgs", **changes})


def context_of(job: Job):
    setting_up = setup_training(job)
    while True:
        try:
            next(setting_up)
        except StopIteration as ready:
            return ready.value[0]


def chosen_strength(job: Job, photos: LabelledFeatures, model: torch.nn.Module) -> float:
    choosing = head_fit._choose_strength(context_of(job), model, photos)
    while True:
        try:
            next(choosing)
        except StopIteration as chosen:
            return chosen.value


def only(kind: type, events: list) -> list:
    return [event for event in events if isinstance(event, kind)]


def test_features_are_brought_to_mean_0_and_variance_1_together():
    features = np.random.default_rng(0).normal([0, 5, -3], [1, 10, 0], (40, 3)).astype(np.float32)
    found = Scaling.of(torch.from_numpy(features))
    np.testing.assert_allclose(found.mean, features.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.scale, np.sqrt(features.var(axis=0).mean()), rtol=1e-4)
    assert torch.isfinite(Scaling.of(torch.ones(5, 2)).apply(torch.ones(5, 2))).all()


def test_the_heads_that_are_saved_take_features_as_they_are():
    rng = np.random.default_rng(1)
    features = torch.from_numpy(rng.normal(3, 2, (20, 5)).astype(np.float32))
    weights = tuple(torch.from_numpy(rng.normal(size=size).astype(np.float32)) for size in ((4, 5), (4,), (2, 5), (2,)))
    found = Scaling.of(features)
    folded = found.folded(weights)
    for number in (0, 2):
        wanted = found.apply(features) @ weights[number].T + weights[number + 1]
        torch.testing.assert_close(features @ folded[number].T + folded[number + 1], wanted, rtol=1e-4, atol=1e-4)
    for given, back in zip(weights, found.unfolded(folded), strict=True):
        torch.testing.assert_close(back, given, rtol=1e-4, atol=1e-4)


def test_a_fitted_head_is_scikit_learns_logistic_regression(job_for: Callable[..., Job]):
    rng, strength = np.random.default_rng(2), 0.03
    labels = np.arange(60) % 3
    features = rng.normal(labels[:, None] * [1, 0, -1, 0], 1, (60, 4)).astype(np.float32)
    photos = LabelledFeatures(torch.from_numpy(features), {"species": torch.from_numpy(labels)})
    zero = (torch.zeros(3, 4), torch.zeros(3))
    weight, bias = minimize(context_of(job_for(make_plan(fitted()))), photos, zero, strength, 500)
    wanted = LogisticRegression(C=1 / (strength * 60), tol=1e-8, max_iter=1_000).fit(features, labels)
    np.testing.assert_allclose(weight, wanted.coef_, atol=2e-3)
    np.testing.assert_allclose(bias - bias.mean(), wanted.intercept_ - wanted.intercept_.mean(), atol=2e-3)


def test_the_photos_say_how_simple_the_head_should_be(job_for: Callable[..., Job]):
    job = job_for(make_plan(fitted()))
    rng, model = np.random.default_rng(3), state_of(job).model
    labels = torch.from_numpy(job.dataset.labels(SPECIES)[job.dataset.indices("train")])
    apart = rng.normal(0, 0.1, (26, model.num_features)) + 3 * np.eye(model.num_features)[labels.numpy()]
    noise = rng.normal(size=(26, model.num_features))
    found = [
        chosen_strength(job, LabelledFeatures(torch.from_numpy(each.astype(np.float32)), {"species": labels}), model)
        for each in (apart, noise)
    ]
    assert found[0] < 0.01 < STRENGTHS[2] <= found[1]


def test_no_fold_parts_a_group(job_for: Callable[..., Job]):
    dataset = make_dataset(60)
    groups = np.repeat([f"tree {n}" for n in range(23)], 3)
    dataset = replace(dataset, table=dataset.table.assign(group=groups))
    context = context_of(job_for(make_plan(fitted()), of=dataset))
    folds = list(head_fit._folds(context, np.arange(60)))
    assert len(folds) == head_fit.FOLDS
    for learned, held in folds:
        assert not set(groups[learned]) & set(groups[held])


def test_the_strength_is_chosen_once_and_said(job_for: Callable[..., Job]):
    events = run_through(job_for(make_plan(fitted())))
    (note,) = only(Noted, events)
    assert "chosen by cross-validation" in note.sentence
    assert {e.kind for e in only(Prepared, events)} >= {"cross_validate"}
    assert len(only(EpochEnded, events)) == 3


def test_an_epoch_counts_as_many_steps_as_elsewhere(job_for: Callable[..., Job]):
    events = run_through(job_for(make_plan(fitted(), phase(epochs=1))))
    assert [(e.epoch, e.step) for e in only(EpochEnded, events)] == [(1, 4), (2, 8), (3, 12), (4, 16)]
    steps = only(Stepped, events)
    assert [(e.step, e.images) for e in steps] == [(4, 26), (8, 26), (12, 26), (13, 8), (14, 16), (15, 24), (16, 26)]
    assert [e.learning_rates for e in steps[:3]] == [{}] * 3


def test_the_loss_falls_and_classes_without_a_photo_do_no_harm(job_for: Callable[..., Job]):
    plan = make_plan(fitted(epochs=5), tasks=("species", "health"))
    losses = [e.loss for e in only(Stepped, run_through(job_for(plan)))]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.5 * losses[0]


def test_fitted_heads_see_photos_as_they_are_however_later_phases_change_them(job_for: Callable[..., Job]):
    events = run_through(job_for(make_plan(fitted(), phase(learning=1, epochs=1), augmentation=Augmentation())))
    first = events[: events.index(only(EpochEnded, events)[2])]
    assert not [e for e in only(Prepared, first) if e.kind == "cache_view"]
    plain = run_through(job_for(make_plan(fitted()), "plain"))
    assert [e.loss for e in only(Stepped, first)] == [e.loss for e in only(Stepped, plain)]


@pytest.mark.parametrize(
    "changes",
    [
        {"head": Head(dropout=0.2)},
        {"augmentation": Augmentation(mixup=0.5)},
        {"optimizer": Optimizer(ema_decay=0.9)},
        {"sampling": "balanced"},
    ],
    ids=["dropout", "mixup", "average", "drawn"],
)
def test_what_only_steps_can_do_is_done_in_steps(job_for: Callable[..., Job], changes: dict):
    plan = make_plan(fitted(epochs=1), **changes)
    assert not fits_heads(plan, plan.phases[0])
    assert len(only(Stepped, run_through(job_for(plan)))) == 4


def test_without_room_for_the_features_the_head_learns_in_steps(job_for: Callable[..., Job], monkeypatch):
    monkeypatch.setattr(head_fit, "memory_budget", lambda device: 1_000)
    events = run_through(job_for(make_plan(fitted(epochs=1))))
    assert len(only(Stepped, events)) == 4
    assert all(e.learning_rates["head"] > 0 for e in only(Stepped, events))


def test_a_rate_makes_a_head_learn_in_steps_again():
    plan = make_plan(fitted(), phase())
    assert fits_heads(plan, plan.phases[0])
    assert fits_heads(change(plan, "head_rate=0.01"), plan.phases[0])  # of the last phase
    first = change(make_plan(fitted()), "head_rate=0.02")
    assert (first.phases[0].solver, first.phases[0].head_rate) == ("optimizer", 0.02)


def test_plans_of_before_have_the_hash_that_they_had():
    plan = make_plan(phase(learning=0))
    assert '"solver"' not in plan.model_dump_json(exclude_defaults=True)
    with pytest.raises(BadPlan, match="solver"):
        parse_plan(plan.model_dump_json().replace('"optimizer"', '"newton"', 1).encode())


def test_new_heads_are_tried_on_what_is_cached(job_for: Callable[..., Job], monkeypatch):
    assert not only(HeadsTried, run_through(job_for(make_plan(fitted()))))  # random weights are no features
    monkeypatch.setattr("core.training.head_trial.is_tried", lambda plan, photos: True)
    (tried,) = only(HeadsTried, run_through(job_for(make_plan(fitted()), "tried")))
    assert tried.trials["species"].photos == 35  # training and validation
    assert not only(HeadsTried, run_through(job_for(make_plan(phase(learning=1)), "not frozen")))
