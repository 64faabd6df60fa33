"""A new objective is one file and one line: plans accept it, training computes it, its reports are curves."""

import json
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file

from core.errors import BadPlan
from core.evaluation import step_curves
from core.execution.recorder import points_of_a_step
from core.job import Job, Stepped
from core.objectives import CrossEntropy, LogitDistillation, ObjectiveContext, make_loss, objective_curves
from core.plans import change, parse_plan
from core.tasks import KINDS
from tests.fixtures.engine import (
    _one_thread,
    _photos_in_memory,
    dataset,
    job_for,
    make_plan,
    phase,
    run_through,
)
from tests.fixtures.toy_objective import Compactness, compactness
from tests.training.test_resume import assert_same, close_at, history_of

__all__ = ["_one_thread", "_photos_in_memory", "compactness", "dataset", "job_for"]


def test_a_plan_accepts_what_is_registered_and_nothing_else(compactness: type[Compactness]):
    plan = make_plan(objectives=(CrossEntropy(), compactness(strength=0.2)))
    assert parse_plan(plan.model_dump_json()) == plan
    assert change(plan, "objectives.1.width=4").objectives[1] == compactness(strength=0.2, width=4)
    unknown = json.dumps(json.loads(plan.model_dump_json()) | {"objectives": [{"kind": "tightness"}]})
    with pytest.raises(BadPlan, match="and not tightness"):
        parse_plan(unknown)


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 5])
def test_stopped_and_resumed_with_a_module_of_its_own_it_is_bit_equal(
    job_for: Callable[..., Job], compactness: type[Compactness], step: int
):
    plan = make_plan(phase(), objectives=(CrossEntropy(), compactness(weight=0.5)))
    unbroken, broken = job_for(plan, "unbroken"), job_for(plan, "broken")
    whole = run_through(unbroken)
    parts = close_at(broken, step) + run_through(broken)
    assert_same(unbroken, broken)
    assert history_of(whole) == history_of(parts)


def test_its_module_learns_is_saved_by_its_kind_and_stays_out_of_the_model(
    job_for: Callable[..., Job], compactness: type[Compactness]
):
    job, objective = job_for(make_plan(phase(), objectives=(CrossEntropy(), compactness()))), compactness()
    run_through(job)
    saved = load_file(job.folder / "last" / "training_state.safetensors")
    channels = saved["auxiliary/compactness/weight"].shape[1]
    begun = objective.make_auxiliary(ObjectiveContext({}, channels, job.plan.seed))
    assert not torch.equal(saved["auxiliary/compactness/weight"], begun.weight)
    assert any(name.startswith("optimizer/auxiliary.compactness.weight/") for name in saved)
    assert not [name for name in load_file(job.folder / "last" / "model.safetensors") if "compactness" in name]


def test_what_it_reports_becomes_curves_beside_the_shares_of_the_loss(
    job_for: Callable[..., Job], compactness: type[Compactness]
):
    plan = make_plan(phase(epochs=1), objectives=(CrossEntropy(), compactness()))
    curves = ["objective/cross_entropy", "objective/compactness", "objective/compactness/radius"]
    assert objective_curves(plan.objectives, plan.tasks) == tuple(curves)
    for event in run_through(job_for(plan)):
        if isinstance(event, Stepped):
            assert list(event.reports) == curves
            assert sum(event.reports[curve] for curve in curves[:2]) == pytest.approx(event.loss, rel=1e-5)
            assert event.reports[curves[2]] > 0
            points = points_of_a_step(event, step_curves([KINDS["classes"]]))
            assert [point.name for point in points] == [
                "loss/train",
                "accuracy/train",
                *curves,
            ]


def test_reports_of_a_batch_in_parts_are_those_of_the_whole(job_for: Callable[..., Job], compactness):
    plan = make_plan(phase(learning=0, epochs=1), objectives=(CrossEntropy(), compactness()))

    def first_step(job: Job, most: int) -> Stepped:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("core.training.setup.max_micro_batch", lambda *_: most)
            return next(event for event in run_through(job) if isinstance(event, Stepped))

    whole, parts = first_step(job_for(plan, "whole"), 8), first_step(job_for(plan, "parts"), 4)
    assert parts.reports == pytest.approx(whole.reports, rel=1e-4)


def test_one_objective_without_reports_has_nothing_to_say_beside_the_loss(job_for: Callable[..., Job]):
    assert objective_curves((CrossEntropy(),), ("species",)) == ()
    assert not make_loss([CrossEntropy()], ObjectiveContext({}, 2)).reports(None, torch.ones(1), 1.0)
    assert LogitDistillation.needs == {"teacher"}
    steps = [e for e in run_through(job_for(make_plan(phase(epochs=1)))) if isinstance(e, Stepped)]
    assert all(step.reports == {} for step in steps)
