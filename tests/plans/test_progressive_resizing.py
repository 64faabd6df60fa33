"""Photos that grow: how large they are in each epoch, and what that costs."""

from dataclasses import replace

import pytest

from core.backbones import get_card as real_card
from core.plans import Phase, check_plan, make_plan
from core.plans.progressive_resizing import image_size_at, relative_step_costs, resizes_progressively
from core.profiling.estimate import estimate
from tests.plans.test_estimate import HEAD, MEASURED, PHOTOS


def plan_with(dataset, card, stages, size: int = 224, **changes):
    made = make_plan(dataset, card, stages, "scratch", image_size=size)
    (phase,) = made.phases
    return made.model_copy(update={"phases": (phase.model_copy(update=changes),)})


def test_they_reach_their_full_size_after_three_quarters_of_the_epochs(dataset, card, stages):
    plan = plan_with(dataset, card, stages, start_image_size=64, epochs=8)
    (phase,) = plan.phases
    # 64 + epoch / 6 * 160: 64, 90.7, 117.3, 144, 170.7, 197.3, then all
    assert [image_size_at(plan, phase, epoch) for epoch in range(8)] == [64, 96, 128, 128, 160, 192, 224, 224]
    assert image_size_at(plan, phase, 1, step=1) == 91
    assert relative_step_costs(plan, phase)[0] == pytest.approx((64 / 224) ** 2)


@pytest.mark.parametrize("changes", [{}, {"start_image_size": 224}, {"start_image_size": 300}])
def test_without_it_they_are_as_large_as_ever(dataset, card, stages, changes: dict):
    plan = plan_with(dataset, card, stages, epochs=3, **changes)
    assert not resizes_progressively(plan, plan.phases[0])
    assert relative_step_costs(plan, plan.phases[0]) == (1.0, 1.0, 1.0)


def test_where_a_stage_is_frozen_they_stay_and_that_is_said(dataset, card, stages):
    plan = plan_with(dataset, card, stages, start_image_size=64)
    (phase,) = plan.phases
    frozen = plan.model_copy(
        update={"phases": (phase.model_copy(update={"stage_rates": (0.0, *phase.stage_rates[1:])}),)}
    )
    assert not resizes_progressively(frozen, frozen.phases[0])
    assert "Photos grow only" in " ".join(a.sentence for a in check_plan(frozen, dataset, card, stages))
    assert "Photos grow only" not in " ".join(a.sentence for a in check_plan(plan, dataset, card, stages))


def test_a_network_of_one_size_stops_such_a_plan(dataset, card, stages):
    plan = plan_with(dataset, card, stages, size=64, start_image_size=32)
    for of_one_size in (replace(card, fixed_size=True), replace(card, one_built_size=True)):
        stops = [a.sentence for a in check_plan(plan, dataset, of_one_size, stages) if a.level == "stop"]
        assert stops == ["Graft CNN takes photos of one size only: let them not grow."]


@pytest.mark.parametrize(
    ("name", "one_size"),
    [
        ("vit_tiny_patch16_224", True),
        ("swin_tiny_patch4_window7_224", True),
        ("resnet18", False),
        ("graft-resnet10t", False),
        ("graft-efficientvit-b0", False),
    ],
)
def test_which_networks_take_photos_of_several_sizes(name: str, one_size: bool):
    known = real_card(name)
    assert (known.fixed_size or known.one_built_size) == one_size


def test_steps_cost_as_many_pixels_as_they_see(dataset, card, stages):
    plan, still = (plan_with(dataset, card, stages, epochs=8, start_image_size=g) for g in (64, None))
    shares = sum(relative_step_costs(plan, plan.phases[0]))
    saved = (8 - shares) * 200 * MEASURED.suffix_seconds[0]
    costs = replace(MEASURED, save_seconds=0.0, save_seconds_per_byte=0.0)  # checkpoints take a share of an epoch
    seconds = [estimate(each, PHOTOS, costs, HEAD).seconds for each in (still, plan)]
    assert seconds[0] - seconds[1] == pytest.approx(saved)


def test_a_plan_without_it_is_the_plan_it_was():
    phase = Phase(epochs=2, stage_rates=(1e-3,), head_rate=1e-3)
    assert "start_image_size" not in phase.model_dump_json(exclude_defaults=True)
