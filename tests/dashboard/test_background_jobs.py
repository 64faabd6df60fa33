"""Work that outlives the page that began it."""

import threading
from itertools import count

import pytest

from core.errors import BadInput
from dashboard.shared import background_jobs

abouts = (f"thing {number}" for number in count())


def ended(work: background_jobs.BackgroundJob) -> background_jobs.BackgroundJob:
    """The work, once its thread is over."""
    for thread in threading.enumerate():
        if thread.name == "graft-import":
            thread.join(10)
    assert work.state != "running"
    return work


def test_its_result_is_kept_for_whoever_asks():
    work = background_jobs.start("import", next(abouts), "Reading", lambda progress: 42)
    assert (ended(work).state, background_jobs.get(work.id).result) == ("done", 42)


def test_a_user_error_is_kept_as_it_was_said():
    def fails(progress):
        raise BadInput("The archive is empty.", "Choose another.")

    work = ended(background_jobs.start("import", next(abouts), "Reading", fails))
    assert (work.state, work.error.remedy) == ("failed", "Choose another.")


def test_a_fault_of_our_own_becomes_a_sentence_too():
    work = ended(background_jobs.start("import", next(abouts), "Reading leaves", lambda progress: 1 / 0))
    assert work.error.sentence == "Reading leaves failed: division by zero."


def test_what_is_cancelled_ends_at_its_next_report_and_says_so():
    begun, cancelled = threading.Event(), threading.Event()

    def works(progress):
        progress(1, 10, "reading")
        begun.set()
        cancelled.wait(10)
        progress(2, 10, "reading")
        raise AssertionError("went on")

    work = background_jobs.start("import", next(abouts), "Reading", works)
    begun.wait(10)
    work.cancel()
    cancelled.set()
    assert (ended(work).state, work.done) == ("cancelled", 1)


def test_the_same_work_is_not_begun_twice_at_once():
    go, about = threading.Event(), next(abouts)
    first = background_jobs.start("import", about, "Reading", lambda progress: go.wait(10))
    second = background_jobs.start("import", about, "Reading", lambda progress: pytest.fail("begun twice"))
    assert first is second
    assert first in background_jobs.running("import")
    go.set()
    ended(first)
    assert first not in background_jobs.running("import")


def test_time_left_follows_from_the_pace_so_far(monkeypatch):
    work = background_jobs.BackgroundJob("1", "import", "", "", done=25, total=100, started=0)
    monkeypatch.setattr(background_jobs.time, "monotonic", lambda: 10.0)
    assert work.seconds_left() == pytest.approx(30)
    monkeypatch.setattr(background_jobs.time, "monotonic", lambda: 1.0)
    assert work.seconds_left() is None
