"""A soup: the mean of the best epochs' weights, kept where validation says that it is better."""

from collections.abc import Callable, Generator, Iterator

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from core.errors import BadPlan
from core.job import Ended, Event, Job, Noted
from core.models import load_trained_model, read_facts
from core.plans import NO_AUGMENTATION, Plan, parse_plan
from core.training import soup
from core.training.loop import train
from core.training.soup import Ingredient, keep_ingredient, mean_of
from tests.fixtures.engine import make_plan, phase, run_through

PLAN = make_plan(phase(learning=2, epochs=3, schedule="constant"), soup=3, augmentation=NO_AUGMENTATION)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[list[Ingredient]]:
    """The ingredients after each epoch of the runs to come."""
    seen: list[list[Ingredient]] = []

    def keep(*arguments) -> list[Ingredient]:
        seen.append(keep_ingredient(*arguments))
        return seen[-1]

    monkeypatch.setattr("core.training.loop.keep_ingredient", keep)
    return seen


def judged_as(monkeypatch: pytest.MonkeyPatch, losses: list[float]) -> None:
    """Means that are tried have these validation losses, in turn."""
    coming: Iterator[float] = iter(losses)

    def validation_loss(*_) -> Generator[Event, None, float]:
        yield from ()
        return next(coming)

    monkeypatch.setattr(soup, "validation_loss", validation_loss)


def noted(events: list[Event]) -> str:
    return next(event.sentence for event in events if isinstance(event, Noted))


def test_the_mean_is_that_of_each_weight_and_integers_are_the_bests():
    values = np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32)
    of = [Ingredient(n, 1.0, {"w": torch.from_numpy(each), "n": torch.tensor(n)}) for n, each in enumerate(values)]
    mean = mean_of(of)
    np.testing.assert_allclose(mean["w"].numpy(), values.mean(axis=0), rtol=1e-6)
    assert mean["n"].item() == 0


def test_it_keeps_the_best_epochs_and_no_more_than_it_was_asked_to(kept: list, job_for: Callable[..., Job]):
    plan = PLAN.model_copy(update={"soup": 2})
    list(train(job_for(plan)))
    assert [len(each) for each in kept] == [1, 2, 2]
    assert all(one.loss <= other.loss for one, other in (each for each in kept[1:]))


def test_what_lowers_validation_loss_goes_in_and_batch_norm_is_estimated_anew(
    kept: list, job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    judged_as(monkeypatch, [0.002, 0.001])
    job = job_for(PLAN)
    events = run_through(job)
    best = read_facts(job.folder / "best")["best"]
    assert best["soup"] == [1, 2, 3]
    assert "The soup, the mean of epochs 1, 2 and 3, is kept: its validation loss is 0.001" in noted(events)
    model, mean = load_trained_model(job.home, PLAN, job.dataset.tasks, job.folder), mean_of(kept[-1])
    own = model.state_dict()
    norms = {name for name, each in model.named_modules() if isinstance(each, nn.BatchNorm2d)}
    learning = [name for name in mean if name.rsplit(".", 1)[0] in norms and name.endswith("running_mean")]
    assert learning
    assert all(torch.equal(own[name], mean[name]) for name in mean if "running" not in name and "num_b" not in name)
    assert not any(torch.allclose(own[name], mean[name]) for name in learning)
    last = load_file(job.folder / "last" / "model.safetensors")
    assert not torch.equal(last["heads.0.weight"], own["heads.0.weight"]), (
        "training itself goes on from its own weights"
    )
    assert not any("ingredients" in name for name in load_file(job.folder / "last" / "training_state.safetensors"))


def test_estimated_statistics_are_those_of_the_training_photos(job_for: Callable[..., Job], monkeypatch):
    judged_as(monkeypatch, [0.002, 0.001])
    job = job_for(make_plan(phase(epochs=3), soup=3, augmentation=NO_AUGMENTATION, batch_size=26))
    run_through(job)
    model = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder)
    _, first = next((n, m) for n, m in model.backbone.named_modules() if isinstance(m, nn.BatchNorm2d))
    seen: list[torch.Tensor] = []
    first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    from core.training import setup

    store = setup.open_pixels(job.home, job.dataset, 32, None)
    from core.datasets import center_crop

    with torch.no_grad():
        model(model.normalize(center_crop(store.read(np.arange(26)), 32)))
    torch.testing.assert_close(first.running_mean, seen[0].mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_a_mean_that_is_no_better_is_not_kept(job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch):
    judged_as(monkeypatch, [9.0, 9.0])
    job, without = job_for(PLAN, "with"), job_for(PLAN.model_copy(update={"soup": 0}), "without")
    events = run_through(job)
    run_through(without)
    assert noted(events).startswith("No mean of the best epochs was better than epoch")
    ours, theirs = (load_file(each.folder / "best" / "model.safetensors") for each in (job, without))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert "soup" in read_facts(job.folder / "last")["best"]


@pytest.mark.parametrize("losses", [[0.002, 0.001], [9.0, 9.0]])
def test_ended_while_it_was_made_and_resumed_it_is_the_same(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, losses: list[float]
):
    unbroken, broken = job_for(PLAN, "unbroken"), job_for(PLAN, "broken")
    judged_as(monkeypatch, losses)
    run_through(unbroken)
    judged_as(monkeypatch, losses)
    events = train(broken)
    next(event for event in events if isinstance(event, Noted))
    events.close()
    judged_as(monkeypatch, losses)
    assert isinstance(run_through(broken)[-1], Ended)
    for which in ("last", "best"):
        for file in ("model", "training_state"):
            ours, theirs = (load_file(each.folder / which / f"{file}.safetensors") for each in (unbroken, broken))
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not [event for event in run_through(broken) if isinstance(event, Noted)], "it is made once"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"soup": 1}, "a soup of one epoch is that epoch"), ({"optimizer": {"ema_decay": 0.9}}, "choose one of them")],
)
def test_what_does_not_go_with_a_soup_is_refused_in_words(changes: dict, sentence: str):
    fields = {**PLAN.model_dump(mode="json"), **changes}
    with pytest.raises(BadPlan, match=sentence):
        parse_plan(Plan.model_construct(**fields).model_dump_json(warnings=False))
