"""Durations and sizes read as one says them."""

import pytest

from core.units import format_bytes, format_duration, format_rough_duration


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (98_000_000, "98 MB"), (2.5e12, "2500 GB")],
)
def test_bytes(count, words):
    assert format_bytes(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (95, "1 min 35 s"), (1_234, "20 min"), (7_300, "2 h 1 min")]
)
def test_seconds(seconds, words):
    assert format_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s"),
        (43, "about 45 s"),
        (59, "about 1 min"),
        (80, "about 1 min 20 s"),
        (599, "about 10 min"),
        (3_000, "about 50 min"),
        (7_600, "about 2 h 5 min"),
        (7_200, "about 2 h"),
    ],
)
def test_a_duration_is_said_as_a_person_would(seconds: float, words: str):
    assert format_rough_duration(seconds) == words
