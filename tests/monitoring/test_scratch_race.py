"""Transfer beside training from scratch: how good after the same time, how long to be as good."""

from core.monitoring.scratch_race import ClockedEpoch, ScratchRace, race_in_words, working_seconds
from core.runs.types import RunEvent
from core.tasks import KINDS
from tests.fixtures.runs import scores


def clocked(*epochs: tuple[float, float, float]) -> tuple[ClockedEpoch, ...]:
    """(seconds, loss, score) of each; a model is kept where the loss is the lowest so far."""
    losses = [loss for _, loss, _ in epochs]
    return tuple(
        ClockedEpoch(seconds, scores(loss, score), loss == min(losses[: place + 1]))
        for place, (seconds, loss, score) in enumerate(epochs)
    )


TRANSFER = clocked((10, 0.5, 0.7), (20, 0.3, 0.9), (30, 0.4, 0.85))


def test_scores_are_compared_at_the_same_time_and_times_at_the_same_score():
    scratch = clocked((15, 1.2, 0.3), (29, 1.0, 0.4), (200, 0.3, 0.9), (260, 0.2, 0.95))
    race = ScratchRace(KINDS["classes"], TRANSFER, scratch)
    assert race.best_transfer == TRANSFER[1]
    assert race.at_same_time == scratch[1]
    assert (race.as_good, race.transfer_as_good) == (scratch[2], TRANSFER[1])
    said = race_in_words(race)
    assert said.startswith("After 30 s, training with transfer was at 90.0 % ±")
    assert "from scratch it was at 40.0 % ±" in said
    assert said.endswith("To be as good, it took 3 min 20 s from scratch, and 20 s with transfer.")


def test_where_it_never_became_as_good_that_is_said():
    said = race_in_words(ScratchRace(KINDS["classes"], TRANSFER, clocked((40, 1.2, 0.3), (80, 1.0, 0.5))))
    assert "from scratch it had not ended its first epoch." in said
    assert "In 1 min 20 s it never became as good: its best epoch was at 50.0 % ±" in said


def test_the_clock_stands_still_while_nothing_is_computed():
    kinds = [
        ("queued", 0), ("began", 5), ("phase", 10), ("epoch", 20), ("paused", 25), ("running", 100), ("epoch", 110),
        ("interrupted", 500), ("queued", 600), ("resumed", 700), ("epoch", 705),
    ]  # fmt: skip
    events = [RunEvent(number, 1000.0 + time, kind, "") for number, (kind, time) in enumerate(kinds, 1)]
    assert working_seconds(events) == [10, 25, 30]
    assert working_seconds(events[:2]) == []
