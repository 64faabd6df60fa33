"""The rotation of cached views: never one alone, the first epochs as without a cache, new ones until the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadPlan
from core.plans import (
    NO_AUGMENTATION,
    Augmentation,
    BackboneChoice,
    DatasetChoice,
    Phase,
    Plan,
    Teacher,
    parse_plan,
    set_teacher,
)
from core.plans.augmented_views import POOL, num_views, views_at, views_in_words


def plan_of(epochs: int, augmentation: Augmentation, learning: tuple[float, ...] = (0.0, 0.0)) -> Plan:
    return Plan(
        datasets=(DatasetChoice(id="d", version=1),),
        tasks=("species",),
        backbone=BackboneChoice(name="resnet18"),
        phases=(Phase(epochs=epochs, stage_rates=learning, head_rate=0.1),),
        augmentation=augmentation,
    )


def views(epochs: int, augmentation: Augmentation, learning: tuple[float, ...] = (0.0, 0.0)) -> int:
    plan = plan_of(epochs, augmentation, learning)
    return num_views(plan, plan.phases[0])


def test_left_to_graft_a_quarter_as_many_views_are_cached_but_four_at_least():
    assert [views(epochs, Augmentation()) for epochs in (1, 4, 8, 16, 20, 40)] == [1, 4, 4, 4, 5, 10]


def test_a_number_of_views_is_kept_to_and_none_means_a_new_one_in_each_epoch():
    assert views(30, Augmentation(cached_views=6)) == 6
    assert views(3, Augmentation(cached_views=6)) == 3
    assert views(30, Augmentation(cached_views=0)) == 30


def test_photos_that_stay_the_same_have_one_view_and_a_network_that_learns_from_the_stem_has_none():
    assert views(30, NO_AUGMENTATION) == 1
    assert views(30, NO_AUGMENTATION.model_copy(update={"cached_views": 4})) == 1
    assert views(30, Augmentation(), (0.1, 0.1)) == 0


def test_the_page_says_what_it_saves():
    assert views_in_words(plan_of(20, Augmentation())) == (
        "The frozen part looks at 5 changed views of each photo, and the 20 epochs take turns with them: 4 times as "
        "quick as a new view in each."
    )
    assert views_in_words(plan_of(20, Augmentation(cached_views=0))) == "Each epoch sees every photo changed anew."
    assert views_in_words(plan_of(20, NO_AUGMENTATION)) == ""
    assert views_in_words(plan_of(20, Augmentation(), (0.1, 0.1))) == ""


@pytest.mark.parametrize("learning", [(0.0, 0.0), (0.1, 0.1)])
def test_with_a_teacher_the_page_says_how_many_views_there_are(learning: tuple[float, ...]):
    plan = set_teacher(plan_of(20, Augmentation(), learning), Teacher(run="ab12", views=6))
    assert views_in_words(plan) == (
        "The teacher looks at 6 changed views of each photo, and the epochs take turns with them."
    )
    assert views_in_words(set_teacher(plan_of(20, NO_AUGMENTATION), Teacher(run="ab12"))) == ""


def test_one_view_is_refused():
    text = plan_of(3, Augmentation()).model_dump_json().replace('"cached_views":null', '"cached_views":1')
    with pytest.raises(BadPlan, match="one kept view would be learned by heart"):
        parse_plan(text)


@given(st.integers(1, 60), st.integers(2, 60), st.integers(0, 5))
def test_the_first_epochs_are_new_and_every_later_one_has_several_to_choose_from(epochs: int, wanted: int, first: int):
    computed = views(epochs, Augmentation(cached_views=wanted))
    phase = plan_of(epochs, Augmentation()).phases[0]
    pools = [views_at(phase, computed, first, first + epoch) for epoch in range(epochs)]
    assert pools[: min(POOL, computed)] == [(first + e,) for e in range(min(POOL, computed))]
    new = [epoch for epoch, pool in enumerate(pools) if pool == (first + epoch,)]
    assert len(new) == computed
    for epoch, pool in enumerate(pools):
        if epoch not in new:
            assert 2 <= len(pool) <= POOL
            assert list(pool) == [first + e for e in reversed(new) if e < epoch][:POOL]
