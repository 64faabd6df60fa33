"""What the page of a run asks for once a second: curves, panels, progress, verdict; and the history behind them."""

import json
import sqlite3
import threading
import zlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from core.evaluation import EpochScores, Verdict, in_plain_words, load_trials
from core.home import Home, database
from core.monitoring.curve import Curve
from core.monitoring.panels import panels, thinned_curves
from core.monitoring.view import RunView
from core.runs import Run, RunProgress, State, get_run, run_folder, waits_for

MAX_STORED_VIEWS = 16


@dataclass
class _StoredView:
    """A view that was read from the database, and how far it has been read."""

    view: RunView
    rewound: int
    last_event: int = 0
    last_step: dict[str, int] = field(default_factory=dict)


# Runs that this process executes are in memory; others, and those that are over, are read and cached for a while.
_live_views: dict[tuple[Home, str], RunView] = {}
_stored_views: OrderedDict[tuple[Home, str], _StoredView] = OrderedDict()
_reading = threading.Lock()


def register_live(home: Home, run_id: str, view: RunView) -> None:
    """Answer `curves` from this view, which the caller fills, from now on."""
    _live_views[home, run_id] = view


def unregister_live(home: Home, run_id: str) -> None:
    """Answer `curves` from the database again, which has all of the run by now."""
    _live_views.pop((home, run_id), None)


def curves(
    home: Home,
    run_id: str,
    seen: int = -1,
    start: int | None = None,
    stop: int | None = None,
    task: str | None = None,
) -> dict[str, Any] | None:
    """What the live chart draws, thinned, between two steps; None when nothing is new since the answer named `seen`.

    It costs about the same for 100,000 steps as for 100. Raises NotFound.
    """
    view = _live_views.get((home, run_id))
    waits = ""
    if view is None:
        run = get_run(home, run_id)
        waits = waits_for(home, run)
        if _fingerprint(run.state, run.progress, waits) == seen:
            return None
        view = _read(home, run)
    state, progress = view.state, view.progress
    fingerprint = _fingerprint(state, progress, waits)
    if fingerprint == seen:
        return None
    task = task if task in view.plan.tasks else view.plan.tasks[0]
    thinned = thinned_curves(view, task, start, stop)
    return {
        "seen": fingerprint,
        "state": state,
        "steps": progress.step,
        "steps_total": progress.steps_total,
        "epoch": progress.epoch,
        "epochs": progress.epochs,
        "steps_per_epoch": progress.steps_per_epoch,
        "progress": {**progress.as_json(), "activity_in_words": progress.activity_in_words, "waits_for": waits},
        "verdict": _as_json(view.verdict(task)),
        "curves": thinned,
        "panels": panels(view, task, thinned),
        "marks": {"best_step": progress.best.step if progress.best else None, "phases": view.phases},
    }


def read_verdict(home: Home, run_id: str, task: str | None = None) -> Verdict:
    """What the curves of a task, else of the first one, say. Raises NotFound."""
    view = read_view(home, run_id)
    return view.verdict(task if task in view.plan.tasks else view.plan.tasks[0])


def read_history(home: Home, run_id: str, task: str | None = None) -> list[EpochScores]:
    """Scores of a task, else of the first one, at the end of each epoch, oldest first. Raises NotFound."""
    view = read_view(home, run_id)
    return [row.scores[task or view.plan.tasks[0]] for row in view.epochs]


def read_view(home: Home, run_id: str) -> RunView:
    """The run as its page draws it. Raises NotFound."""
    return _live_views.get((home, run_id)) or _read(home, get_run(home, run_id))


def read_stored_view(home: Home, run: Run) -> RunView:
    """A new view with what the database holds, for the caller to go on filling."""
    stored = _StoredView(RunView(run.plan, run.state, run.progress), run.progress.rewound)
    _catch_up(home, run, stored)
    return stored.view


def _fingerprint(state: State, progress: RunProgress, waits: str) -> int:
    """A number for what would be answered: equal after a restart, and in every process."""
    p, best = progress, progress.best
    work = p.step, p.epochs_done, p.number, p.rewound, p.activity, p.view, p.done
    return zlib.crc32(repr((state, *work, best and best.epoch, waits)).encode())


def _read(home: Home, run: Run) -> RunView:
    with _reading:
        stored = _stored_views.get((home, run.id))
        if stored is None or stored.rewound != run.progress.rewound:
            stored = _StoredView(RunView(run.plan, run.state, run.progress), run.progress.rewound)
        _stored_views[home, run.id] = stored
        _stored_views.move_to_end((home, run.id))
        while len(_stored_views) > MAX_STORED_VIEWS:
            _stored_views.popitem(last=False)
        if stored.last_event == 0 or stored.view.progress != run.progress or stored.view.state != run.state:
            _catch_up(home, run, stored)
        return stored.view


def _catch_up(home: Home, run: Run, stored: _StoredView) -> None:
    """Read what came since the last time."""
    view = stored.view
    view.state, view.progress = run.state, run.progress
    view.trials = load_trials(run_folder(home, run.id)) if run.is_over else {}
    with database(home) as db:
        for row in db.execute(
            "SELECT number, kind, body FROM events WHERE run_id = ? AND number > ? ORDER BY number",
            (run.id, stored.last_event),
        ):
            with suppress(ValueError, KeyError, TypeError):  # a damaged row: the others are drawn
                view.apply_event(row["kind"], json.loads(row["body"]))
            stored.last_event = row["number"]
        for name in _curve_names(db, run.id):
            rows = db.execute(
                "SELECT step, value FROM curves WHERE run_id = ? AND name = ? AND step > ? ORDER BY step",
                (run.id, name, stored.last_step.get(name, -1)),
            ).fetchall()
            if rows:
                curve = view.curves.get(name) or Curve()
                curve.extend([row[0] for row in rows], [float("nan") if row[1] is None else row[1] for row in rows])
                view.curves = {**view.curves, name: curve}
                stored.last_step[name] = rows[-1][0]


def _curve_names(db: sqlite3.Connection, run_id: str) -> list[str]:
    # SELECT DISTINCT would walk over every point; this jumps from name to name along the primary key.
    return [
        row[0]
        for row in db.execute(
            """
            WITH RECURSIVE names(name) AS (
                SELECT min(name) FROM curves WHERE run_id = ?1
                UNION ALL
                SELECT (SELECT min(name) FROM curves WHERE run_id = ?1 AND name > names.name)
                FROM names WHERE names.name IS NOT NULL
            ) SELECT name FROM names WHERE name IS NOT NULL
            """,
            (run_id,),
        )
    ]


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "kind": verdict.kind,
        "title": verdict.title,
        "plain": in_plain_words(verdict),
        "sentence": verdict.sentence,
        "remedy": verdict.remedy,
        "epoch": verdict.epoch,
    }
