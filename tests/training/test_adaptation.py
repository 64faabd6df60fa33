"""A plan with a target: each step takes a batch of it beside the source's, and nothing else of it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.execution.recorder import points_of_an_epoch
from core.home import Home
from core.job.context import Job
from core.job.events import EpochEnded, Stepped, Warned
from core.models import read_facts
from core.models.build import load_trained_model
from core.models.model import learning_batch_norms
from core.objectives import Coral, CrossEntropy, Dann, MinimumClassConfusion, MultiKernelMmd, Objective
from core.plans import NO_AUGMENTATION, Augmentation, Phase, Plan
from core.tasks import Task
from core.training import step
from core.training.validation import predict_logits
from tests.fixtures.engine import SOURCE, SPECIES, TARGET, VIT, InMemory, make_dataset, make_plan, phase, run_through

TARGET_PHOTOS = 19


def adapted(objective: Objective, *phases: Phase, **changes: object) -> Plan:
    return make_plan(*phases, datasets=(SOURCE, TARGET), objectives=(CrossEntropy(), objective), **changes)


def weights_of(job: Job) -> dict[str, torch.Tensor]:
    return load_trained_model(job.home, job.plan, [SPECIES], job.folder, "last").state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one if not name.endswith(("_mean", "_var", "_tracked")))


@pytest.mark.parametrize("objective", [Dann(width=8), Coral(), MultiKernelMmd(), MinimumClassConfusion()])
@pytest.mark.parametrize("learning", [1, 99])
def test_each_method_trains_and_its_share_of_the_loss_and_its_reports_are_curves(
    job_for: Callable[..., Job], objective: Objective, learning: int
):
    events = run_through(job_for(adapted(objective, phase(learning=learning, epochs=1))))
    steps = [event for event in events if isinstance(event, Stepped)]
    assert len(steps) == 4
    for each in steps:
        assert {f"objective/{objective.kind}", f"objective/{objective.kind}/distance"} <= each.reports.keys()
        assert all(np.isfinite(value) for value in each.reports.values())
    assert any(isinstance(event, EpochEnded) for event in events)


def test_the_head_is_fitted_to_labels_before_the_target_is_looked_at(job_for: Callable[..., Job]):
    fitted = phase(learning=0, epochs=2, solver="lbfgs")
    adapting = job_for(adapted(Coral(), fitted, phase(learning=1, epochs=1)), "adapting")
    steps = [event for event in run_through(adapting) if isinstance(event, Stepped)]
    plain = [event for event in run_through(job_for(make_plan(fitted), "plain")) if isinstance(event, Stepped)]
    assert [each.loss for each in steps[:2]] == [each.loss for each in plain]
    assert [bool(each.reports) for each in steps] == [False] * 2 + [True] * 4


def test_a_head_alone_learns_in_steps_from_a_target(job_for: Callable[..., Job]):
    plan = adapted(MinimumClassConfusion(), phase(learning=0, epochs=1, solver="lbfgs"))
    steps = [event for event in run_through(job_for(plan)) if isinstance(event, Stepped)]
    assert len(steps) == 4
    assert all("objective/mcc/distance" in each.reports for each in steps)


def test_what_the_target_says_changes_what_is_learned(job_for: Callable[..., Job]):
    plans = adapted(MinimumClassConfusion(), phase(epochs=1)), adapted(MinimumClassConfusion(weight=0), phase(epochs=1))
    with_it, without = (job_for(plan, name) for plan, name in zip(plans, ("with", "without"), strict=True))
    for job in (with_it, without):
        run_through(job)
    assert not same(weights_of(with_it), weights_of(without))


def test_a_target_that_counts_for_nothing_leaves_the_weights_as_without_one(job_for: Callable[..., Job]):
    alone, beside = job_for(make_plan(phase(epochs=1)), "alone"), job_for(adapted(Coral(weight=0), phase(epochs=1)))
    for job in (alone, beside):
        run_through(job)
    assert same(weights_of(alone), weights_of(beside))


def test_all_photos_of_the_target_come_in_turn_and_progress_goes_from_0_to_1(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    seen, progress, forward = [], [], step.forward

    def watched(context, state, pipeline, batch, *rest):  # type: ignore[no-untyped-def]
        output = forward(context, state, pipeline, batch, *rest)
        assert len(batch["target"]) == len(output.in_target.features) == len(output.features)
        seen.extend(batch["target"])
        progress.append(output.progress)
        return output

    monkeypatch.setattr("core.training.step.forward", watched)
    run_through(job_for(adapted(Coral(), phase(epochs=2))))
    assert set(seen[:TARGET_PHOTOS]) == set(range(TARGET_PHOTOS))
    assert progress == pytest.approx(np.arange(8) / 8)


def test_mixed_photos_are_those_of_the_source_alone(job_for: Callable[..., Job]):
    plan = adapted(MultiKernelMmd(), phase(epochs=1), augmentation=Augmentation(mixup=1.0))
    assert run_through(job_for(plan))[-1].reason == "finished"


def test_memory_that_runs_out_leaves_two_photos_at_once_to_compare(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    forward = step.forward

    def too_large(context, state, pipeline, batch, *rest):  # type: ignore[no-untyped-def]
        if len(batch["source"]) > 2:
            raise torch.OutOfMemoryError
        return forward(context, state, pipeline, batch, *rest)

    monkeypatch.setattr("core.training.step.forward", too_large)
    plan = adapted(Coral(), phase(learning=0, epochs=1), augmentation=NO_AUGMENTATION)
    events = run_through(job_for(plan))
    assert [event for event in events if isinstance(event, Warned)]
    assert all(np.isfinite(event.loss) for event in events if isinstance(event, Stepped))


def test_what_the_answers_tell_of_the_target_is_said_at_the_end_of_each_epoch(job_for: Callable[..., Job]):
    events = run_through(job_for(adapted(Coral(), phase(learning=1, epochs=2))))
    for each in (event for event in events if isinstance(event, EpochEnded)):
        assert set(each.target) == {"species/target/nuclear_norm"}
        assert 0 < each.target["species/target/nuclear_norm"] <= 1
        points = {point.name: point.value for point in points_of_an_epoch(each, [SPECIES])}
        assert points["species/target/nuclear_norm"] == each.target["species/target/nuclear_norm"]


def test_the_best_epoch_is_the_one_with_the_clearest_answers_in_the_target(job_for: Callable[..., Job]):
    job = job_for(adapted(MinimumClassConfusion(), phase(learning=1, epochs=3, head_rate=0.03)))
    ended = [event for event in run_through(job) if isinstance(event, EpochEnded)]
    norms = [each.target["species/target/nuclear_norm"] for each in ended]
    assert max(each.epoch for each in ended if each.best) == 1 + np.argmax(norms)
    kept = read_facts(job.folder / "best")["best"]
    assert (kept["epoch"], kept["loss"]) == (1 + np.argmax(norms), -max(norms))
    assert ended[0].best_in_words == "the clearest answers in the other place so far"


def test_where_the_target_has_labels_of_the_same_names_its_true_accuracy_is_said(home: Home, job_for):
    job = job_for(adapted(MinimumClassConfusion(), phase(epochs=1), augmentation=NO_AUGMENTATION))
    labelled = make_dataset(14, 5)
    other = Task("species", ("ash", "beech", "oak"))  # in another order, and one that the source does not have
    table = labelled.table.assign(hash=[f"t{number}" for number in range(len(labelled))])
    target = replace(labelled, id="d2", tasks=(other,), table=table)
    job = replace(job, datasets={**job.datasets, "target": target})
    [ended] = [event for event in run_through(job) if isinstance(event, EpochEnded)]
    model = load_trained_model(home, job.plan, [SPECIES], job.folder, "last")
    store = InMemory(job.plan.image_size, labelled.labels(SPECIES))
    answers = predict_logits(model, store, np.arange(len(target)))["species"].argmax(axis=1)
    meant = np.array([2, -1, 0])[labelled.labels(SPECIES)]  # ash is the source's third class, oak its first
    expected = (answers == meant)[meant >= 0].mean()
    assert ended.target["species/target/accuracy"] == pytest.approx(expected)


def test_a_plan_without_a_target_says_nothing_of_one(job_for: Callable[..., Job]):
    events = run_through(job_for(make_plan(phase(epochs=1))))
    assert [event.target for event in events if isinstance(event, EpochEnded)] == [{}]


def adapted_norms(job: Job) -> list[torch.Tensor]:
    model = load_trained_model(job.home, job.plan, [SPECIES], job.folder, "last")
    return [norm.running_mean for norm in learning_batch_norms(model, job.plan.phases[-1])]


def test_batch_norms_that_learn_have_the_statistics_of_the_target(home: Home, job_for: Callable[..., Job]):
    changes = {"augmentation": NO_AUGMENTATION, "batch_size": 16}  # one batch is all of the target
    plan = make_plan(phase(learning=2, epochs=1), datasets=(SOURCE, TARGET), adaptive_batch_norm=True, **changes)
    job = job_for(plan)
    run_through(job)
    model = load_trained_model(home, plan, [SPECIES], job.folder, "last")
    first, taken = learning_batch_norms(model, plan.phases[0])[0], []
    first.register_forward_pre_hook(lambda module, inputs: taken.append(inputs[0]))
    noise = np.random.default_rng(7).integers(0, 3, TARGET_PHOTOS)  # the photos that the fixture makes
    predict_logits(model, InMemory(plan.image_size, noise), np.arange(TARGET_PHOTOS))
    inputs = torch.cat(taken)
    torch.testing.assert_close(first.running_mean, inputs.mean(dim=(0, 2, 3)), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(first.running_var, inputs.var(dim=(0, 2, 3)), rtol=1e-3, atol=1e-4)


def test_without_the_setting_they_keep_what_training_left(job_for: Callable[..., Job]):
    norms = {}
    for adapts in (True, False):
        plan = adapted(Coral(), phase(learning=2, epochs=1)).model_copy(update={"adaptive_batch_norm": adapts})
        job = job_for(plan, f"adapts {adapts}")
        run_through(job)
        norms[adapts] = adapted_norms(job)
    assert norms[True]
    assert not any(torch.equal(one, other) for one, other in zip(norms[True], norms[False], strict=True))


def test_a_network_without_batch_norm_has_nothing_to_adapt_and_says_so(job_for: Callable[..., Job]):
    plan = make_plan(phase(VIT, epochs=1), backbone=VIT, datasets=(SOURCE, TARGET), adaptive_batch_norm=True)
    warned = [event.sentence for event in run_through(job_for(plan)) if isinstance(event, Warned)]
    assert warned == ["The stages that learn have no batch norm, so there are no statistics to adapt."]
