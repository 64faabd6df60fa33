"""Find, pause, resume, stop, rename and delete runs. Requests go through the database, so any process may make them."""

import json
import sqlite3
import time
from contextlib import suppress

from core.errors import BadInput, Damaged, DiskFull, GraftError, NotFound, Refused
from core.home import Home, database, delete_folder, mark_deleted, room_to_delete, this_process
from core.names import shorten, visible
from core.plans import parse_plan
from core.runs.event_log import add_event
from core.runs.folder import has_best, run_folder, sweep_folders
from core.runs.lease import interrupt_stale, is_stale
from core.runs.types import HAS_RESULTS, STATES, WORKING, DamagedRun, Run, RunProgress, progress_from

LONGEST_NAME = 120
_SELECT = "SELECT runs.*, datasets.name AS dataset_name FROM runs LEFT JOIN datasets ON datasets.id = runs.dataset_id"


def sweep_runs(home: Home) -> None:
    """Delete what killed processes left of runs."""
    with database(home, write=True) as db:  # nobody queues one meanwhile
        sweep_folders(home, {row["id"] for row in db.execute("SELECT id FROM runs")})


def list_runs(home: Home) -> list[Run]:
    """All runs, newest first. Runs whose process is gone become interrupted."""
    interrupt_stale(home)
    with database(home) as db:
        rows = db.execute(f"{_SELECT} ORDER BY runs.created DESC, runs.id").fetchall()
    return _readable(rows)


def damaged_runs(home: Home) -> list[DamagedRun]:
    """Runs that `list_runs` leaves out because their rows cannot be read; they can only be deleted."""
    found = []
    with database(home) as db:
        rows = db.execute(f"{_SELECT} ORDER BY runs.created DESC, runs.id").fetchall()
    for row in rows:
        try:
            _run_from(row)
        except Damaged as error:
            found.append(DamagedRun(row["id"], str(row["name"]), row["created"], error.sentence))
    return found


def find_run(home: Home, id_or_name: str) -> tuple[str, str]:
    """Id and name of a run, also of a damaged one. Raises NotFound."""
    row = _find_row(home, id_or_name)
    return row["id"], row["name"]


def _readable(rows: list[sqlite3.Row]) -> list[Run]:
    runs = []
    for row in rows:
        with suppress(Damaged):
            runs.append(_run_from(row))
    return runs


def get_run(home: Home, id_or_name: str) -> Run:
    """One run by its id, the beginning of its id (four letters or more), or its name. Raises NotFound, Damaged."""
    row = _find_row(home, id_or_name)
    if row["state"] in WORKING and is_stale(row):
        interrupt_stale(home)
        row = _find_row(home, row["id"])
    return _run_from(row)


def pause(home: Home, run_id: str) -> Run:
    """Pause a run at its next step. It keeps its device: runs that wait for it go on waiting. Raises Refused."""
    run = get_run(home, run_id)
    if run.state == "queued":
        raise Refused(f'"{run.name}" has not begun yet.', "Stop it to take it out of the queue.")
    if run.state not in WORKING:
        raise Refused(f'"{run.name}" is {run.state}: there is nothing to pause.')
    return _request(home, run, "pause")


def resume(home: Home, run_id: str) -> Run:
    """Go on with a paused run; queue an interrupted or failed one again, from its last checkpoint. Raises Refused."""
    run = get_run(home, run_id)
    if run.state in WORKING:
        return _request(home, run, "")
    if run.state == "queued":
        return run
    if not run.can_resume:
        raise Refused(f'"{run.name}" is {run.state}: there is nothing left to go on with.', "Start a new run instead.")
    return _requeue(home, run, requested_action="", sentence="Resumed: it waits for its turn, then goes on.")


def stop(home: Home, run_id: str) -> Run:
    """End a run and keep its best epoch, with results of that one. Raises Refused when it is over already."""
    run = get_run(home, run_id)
    if run.state in WORKING:
        return _request(home, run, "stop")
    if run.state in ("finished", "stopped"):
        raise Refused(f'"{run.name}" is {run.state} already.')
    if has_best(home, run.id):  # its best epoch is evaluated when the device is free
        return _requeue(home, run, requested_action="stop", sentence="Stopped: its best epoch will be scored.")
    with database(home, write=True) as db:
        db.execute(
            "UPDATE runs SET state = 'stopped', requested_action = '', lease_owner = '', ended = ? "
            "WHERE id = ? AND state = ?",
            (time.time(), run.id, run.state),
        )
        add_event(db, run.id, "stopped", "Stopped before an epoch had ended: there is no model to keep.")
    return get_run(home, run.id)


def dequeue(home: Home, run_id: str) -> Run:
    """Take a run out of the queue so that it can be resumed later."""
    with database(home, write=True) as db:
        changed = db.execute(
            "UPDATE runs SET state = 'interrupted', requested_action = '', lease_owner = '' "
            "WHERE id = ? AND state = 'queued'",
            (run_id,),
        ).rowcount
        if changed:
            add_event(db, run_id, "interrupted", "Taken out of the queue. It is queued again when it is resumed.")
    return get_run(home, run_id)


def rename_run(home: Home, run_id: str, name: str) -> Run:
    """Raises BadInput for an empty or long name, Refused for one that another run has."""
    run = get_run(home, run_id)
    name = validate_run_name(name)
    with database(home, write=True) as db:
        if db.execute("SELECT 1 FROM runs WHERE name = ? COLLATE NOCASE AND id <> ?", (name, run.id)).fetchone():
            raise Refused(f'Another run is called "{name}".', "Choose a different name.")
        db.execute("UPDATE runs SET name = ? WHERE id = ?", (name, run.id))
    return get_run(home, run.id)


def delete_run(home: Home, run_id: str) -> None:
    """Delete a run, its model and its results for good, and the photos of a deleted dataset that only it still used.

    Raises Refused while it runs, or another one learns from it.
    """
    from core.datasets import free_deleted  # loads pandas, for which a list of runs does not wait

    row = _find_row(home, run_id)
    run_id, name = row["id"], row["name"]
    for student in list_runs(home):
        if student.plan.teacher and student.plan.teacher.run == run_id and student.state not in HAS_RESULTS:
            raise Refused(f'"{student.name}" learns from "{name}".', "Let it finish, or delete it first.")
    row = _find_row(home, run_id)  # interrupted by now where its process is gone
    if row["state"] in WORKING:
        raise Refused(f'"{name}" is {row["state"]}.', "Stop it first, then delete it.")
    with room_to_delete(home):
        try:
            _delete_row(home, run_id, name)
        except DiskFull:  # its files make room for the change to the database
            delete_folder(run_folder(home, run_id))
            _delete_row(home, run_id, name)
        delete_folder(run_folder(home, run_id))
        free_deleted(home)


def _delete_row(home: Home, run_id: str, name: str) -> None:
    with database(home, write=True) as db:
        gone = db.execute("DELETE FROM runs WHERE id = ? AND state NOT IN ('running', 'paused')", (run_id,)).rowcount
        if not gone:
            raise Refused(f'"{name}" has begun meanwhile, or is gone.', "Look at the list of runs again.")
        mark_deleted(run_folder(home, run_id))


def runs_ahead(home: Home, run: Run) -> list[Run]:
    """The runs that a waiting one waits for, the next to go first; empty when it does not wait."""
    if run.state != "queued":
        return []
    with database(home) as db:
        rows = db.execute(
            f"{_SELECT} WHERE device = ? AND (state IN ('running', 'paused') OR "
            "(state = 'queued' AND (runs.created, runs.id) < (?, ?))) ORDER BY state = 'queued', runs.created, runs.id",
            (run.device, run.created, run.id),
        ).fetchall()
    return _readable(rows)


def waits_for(home: Home, run: Run) -> str:
    """In one sentence, what a queued run waits for; empty when it does not wait."""
    if run.state != "queued":
        return ""
    ahead = runs_ahead(home, run)
    if not ahead:
        return "Next in the queue: it begins in a moment."
    first, *others = ahead
    also = f" and {len(others)} more" if others else ""
    if first.state == "paused":
        return f'Waits for "{first.name}"{also}, which is paused: resume or stop that one first.'
    return f'Waits for "{first.name}"{also}.'


def validate_run_name(name: str) -> str:
    """The name with single blanks and no control characters. Raises BadInput for an empty or long one."""
    name = " ".join(visible(name).split())
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(f"A run's name has 1 to {LONGEST_NAME} letters.", "Choose another name.")
    return name


def _find_row(home: Home, id_or_name: str) -> sqlite3.Row:
    id_or_name = visible(id_or_name)  # what is no text, no run is called
    with database(home) as db:
        rows = db.execute(
            f"{_SELECT} WHERE runs.id = ?1 OR runs.name = ?1 COLLATE NOCASE "
            "OR (length(?1) >= 4 AND substr(runs.id, 1, length(?1)) = ?1) "
            "ORDER BY runs.id = ?1 DESC, runs.created DESC",
            (id_or_name,),
        ).fetchall()
        if not rows:
            names = [row["name"] for row in db.execute("SELECT name FROM runs ORDER BY created DESC LIMIT 5")]
    if rows:
        return rows[0]
    known = ", ".join(f'"{name}"' for name in names)
    raise NotFound(
        f'There is no run "{shorten(id_or_name)}".', f"The latest are {known}." if known else "Start one first."
    )


def _run_from(row: sqlite3.Row) -> Run:
    """Raises Damaged for a row that is not what Graft wrote."""
    try:
        if row["state"] not in STATES:
            raise ValueError
        return _parsed(row)
    except (GraftError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = error.sentence if isinstance(error, GraftError) else "its row in the database is not what Graft wrote."
        raise Damaged(f'The run "{row["name"]}" is damaged: {said}', "It can only be deleted.") from error


def _progress(text: str) -> RunProgress:
    """Where it cannot be read, that of a run that has just begun: what counts lies in the checkpoint."""
    try:
        return progress_from(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        return RunProgress()


def _parsed(row: sqlite3.Row) -> Run:
    return Run(
        id=row["id"],
        name=row["name"],
        state=row["state"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        plan=parse_plan(row["plan"], f'The plan of "{row["name"]}"'),
        dataset_id=row["dataset_id"],
        dataset_name=row["dataset_name"] or "(deleted)",
        device=row["device"],
        requested_action=row["requested_action"],
        progress=_progress(row["progress"]),
        error=row["error"],
        test_opened=row["test_opened"],
        seconds=_seconds(row),
        tags=tuple(json.loads(row["tags"])),
        note=row["note"],
    )


def _seconds(row: sqlite3.Row) -> float | None:
    if row["seconds"] is None and row["started"] and row["ended"]:  # of before the time was counted
        return max(0.0, row["ended"] - row["started"])
    return row["seconds"]


def _request(home: Home, run: Run, requested_action: str) -> Run:
    with database(home, write=True) as db:
        # A stop is final: its page has already said that the run ends.
        db.execute(
            "UPDATE runs SET requested_action = ? "
            "WHERE id = ? AND state IN ('running', 'paused') AND requested_action <> 'stop'",
            (requested_action, run.id),
        )
    return get_run(home, run.id)


def _requeue(home: Home, run: Run, requested_action: str, sentence: str) -> Run:
    with database(home, write=True) as db:
        changed = db.execute(
            "UPDATE runs SET state = 'queued', requested_action = ?, ended = NULL, error = '', lease_owner = ? "
            "WHERE id = ? AND state = ?",
            (requested_action, this_process(), run.id, run.state),
        ).rowcount
        if changed:  # another request may have come first
            add_event(db, run.id, "queued", sentence)
    return get_run(home, run.id)
