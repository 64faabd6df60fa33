"""Where runs are carried out, and what the worker asks of it."""

import threading
from collections.abc import Callable

import pytest

from core.execution import Execution, ThreadExecutor, Worker
from core.home import Home
from core.runs.lease import Claim, claim_next
from core.runs.store import get_run
from core.runs.types import Run
from tests.fixtures.runs import FakeEngine, Gate


def test_a_thread_carries_a_claimed_run_out_and_says_when_it_is_over(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine
):
    run, over = put_run("first"), threading.Event()
    execution = ThreadExecutor(home).start(claim_next(home, "cpu"), over.set)
    assert over.wait(20)
    assert execution.wait(0)
    assert get_run(home, run.id).state == "finished"


def test_closing_ends_a_run_at_its_next_step(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    engine.before = gate = Gate(3)
    run = put_run("first")
    execution = ThreadExecutor(home).start(claim_next(home, "cpu"), lambda: None)
    assert gate.reached.wait(20)
    execution.close()
    assert not execution.wait(0), "the step goes on"
    gate.opened.set()
    assert execution.wait(20)
    assert (get_run(home, run.id).state, engine.closed_at) == ("interrupted", 3)


class ElsewhereExecutor:
    """Carries nothing out: shows that a worker needs nothing but the two protocols."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []
        self.closed: list[str] = []
        self.started = threading.Event()

    def start(self, claim: Claim, on_end: Callable[[], None]) -> Execution:
        self.claims.append(claim)
        self.started.set()
        return Elsewhere(self, claim)


class Elsewhere:
    def __init__(self, executor: ElsewhereExecutor, claim: Claim) -> None:
        self.executor, self.claim = executor, claim

    def close(self) -> None:
        self.executor.closed.append(self.claim.run_id)

    def wait(self, seconds: float) -> bool:
        return self.claim.run_id in self.executor.closed


def test_a_worker_hands_claims_to_any_executor(
    home: Home, put_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.execution.worker.POLL_SECONDS", 0.02)
    first, second = put_run("first"), put_run("second")
    elsewhere = ElsewhereExecutor()
    worker = Worker(home, elsewhere)
    worker.start()
    assert elsewhere.started.wait(20)
    worker.close()
    assert [claim.run_id for claim in elsewhere.claims] == [first.id], "one device carries out one run"
    assert set(elsewhere.closed) == {first.id}
    assert get_run(home, second.id).state == "queued"
