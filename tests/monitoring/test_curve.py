"""Thinning: the same cost for any length, nothing that matters lost, old buckets where they were."""

import math
import time

from hypothesis import given
from hypothesis import strategies as st

from core.monitoring.curve import Curve


def a_curve(values: list[float], every: int = 1) -> Curve:
    curve = Curve()
    for number, value in enumerate(values, 1):
        curve.append(number * every, value)
    return curve


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=3_000), st.integers(20, 200))
def test_extremes_and_the_last_point_survive_any_thinning(values: list[float], points: int):
    thinned = a_curve(values).thinned(points=points)
    assert len(thinned["step"]) <= points + 2
    assert math.isclose(min(thinned["low"]), min(values), rel_tol=1e-5, abs_tol=1e-9)
    assert math.isclose(max(thinned["high"]), max(values), rel_tol=1e-5, abs_tol=1e-9)
    assert thinned["step"][-1] == len(values)
    assert math.isclose(thinned["mean"][-1], values[-1], rel_tol=1e-5, abs_tol=1e-9)


def test_the_best_point_is_there_exactly():
    values = [1.0] * 10_000
    values[4_321] = 0.25
    thinned = a_curve(values).thinned(exact=(4_322,))
    assert thinned["mean"][thinned["step"].index(4_322)] == 0.25
    assert thinned["step"] == sorted(thinned["step"])


def test_old_buckets_stay_where_they_are_while_steps_arrive():
    curve = a_curve([float(i % 7) for i in range(10_000)])
    before = curve.thinned()
    curve.append(10_001, 3.0)
    after = curve.thinned()
    assert after["step"][: len(before["step"]) - 2] == before["step"][:-2]
    assert after["mean"][: len(before["mean"]) - 2] == before["mean"][:-2]


def test_few_points_are_given_as_they_are():
    thinned = a_curve([3.0, 1.0, 2.0], every=1_000).thinned()
    assert thinned == {"step": [1_000, 2_000, 3_000], "mean": [3, 1, 2], "low": [3, 1, 2], "high": [3, 1, 2]}


def test_a_zoom_shows_what_the_whole_thinned_away_and_goes_on_to_its_edges():
    thinned = a_curve([float(i) for i in range(100_000)]).thinned(50_000, 50_010)
    assert thinned["step"] == list(range(49_999, 50_012))


def test_a_loss_that_is_no_number_becomes_a_gap():
    assert a_curve([1.0, math.nan, math.inf]).thinned()["mean"] == [1.0, None, None]


def test_an_empty_curve_has_no_points():
    assert Curve().thinned() == {"step": [], "mean": [], "low": [], "high": []}


def test_a_step_taken_again_replaces_what_followed():
    curve = a_curve([1.0, 2.0, 3.0, 4.0])
    curve.append(2, 9.0)
    assert curve.thinned()["mean"] == [1.0, 9.0]


def test_a_hundred_thousand_steps_cost_hardly_more_than_a_thousand():
    short, long = a_curve([0.5] * 1_000), Curve()
    long.extend(list(range(1, 100_001)), [0.5] * 100_000)

    def seconds(curve: Curve) -> float:
        began = time.process_time()
        for _ in range(20):
            curve.thinned()
        return (time.process_time() - began) / 20

    assert seconds(long) < seconds(short) + 0.02
