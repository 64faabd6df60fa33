"""Which datasets there are: names, versions, and how one comes in or leaves, whole or not at all."""

import json
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.datasets.dataset import Dataset, DatasetSummary, Rejected
from core.datasets.limits import NAME_LETTERS
from core.datasets.sources.names import tidy
from core.datasets.table import read_table, write_table
from core.errors import BadInput, Damaged, DiskFull, NotFound, Refused
from core.home import (
    Home,
    database,
    delete_abandoned,
    delete_folder,
    delete_marked,
    hidden_folder,
    mark_deleted,
    no_room_is_disk_full,
    room_to_delete,
    whole_file,
)
from core.names import shorten
from core.tasks import SPLITS, Task

_LARGEST_VERSION = 2**63 - 1  # what a column of SQLite holds
_UNPUBLISHED = ".unpublished"  # in the folder of a dataset that the database does not have for sure yet
_CHANGING = ".changing-"  # and the number of the version that is coming in
_PARQUET = b"PAR1"  # how such a file begins and ends
_NEWEST = """
    SELECT d.id, d.name, d.created, d.hidden, v.number, v.created AS changed, v.body FROM datasets d
    JOIN versions v ON v.dataset_id = d.id
    WHERE v.number = coalesce(:version, (SELECT max(number) FROM versions WHERE dataset_id = d.id))
"""


def list_datasets(home: Home) -> list[DatasetSummary]:
    """What there is, newest first; deleted ones that runs still need are left out."""
    # The list of rejected files may be long and is not shown here: SQLite drops it before Python reads the rest.
    rejected_left_out = "CASE WHEN json_valid(v.body) THEN json_remove(v.body, '$.rejected') ELSE '' END AS body"
    query = _NEWEST.replace("v.body", rejected_left_out)
    with database(home) as connection:
        rows = connection.execute(f"{query} AND NOT d.hidden ORDER BY d.created DESC, d.rowid DESC", {"version": None})
        return [_summary(home, row) for row in rows]


def load_dataset(home: Home, name_or_id: str, version: int | None = None) -> Dataset:
    """One dataset, its newest version unless another is asked for; the same object while nothing changed.

    Raises NotFound, naming what there is.
    """
    with database(home) as connection:
        return _load(home, connection, name_or_id, version)


def find_dataset(home: Home, name_or_id: str) -> DatasetSummary:
    """What a list shows of one dataset, also of a damaged one. Raises NotFound."""
    known = list_datasets(home)
    for found in (*(each for each in known if each.id == name_or_id), *known):
        if name_or_id == found.id or tidy(name_or_id).casefold() == found.name.casefold():
            return found
    with database(home) as connection:
        raise _not_found(connection, name_or_id)


def rename_dataset(home: Home, dataset_id: str, name: str) -> None:
    """Raises BadInput for a name that is none or is taken, NotFound."""
    name = clean_name(name)
    with database(home, write=True) as connection:
        found = connection.execute("SELECT id FROM datasets WHERE name = ?", (name,)).fetchone()
        if found and found["id"] != dataset_id:
            raise _taken(name)
        changed = connection.execute("UPDATE datasets SET name = ? WHERE id = ?", (name, dataset_id)).rowcount
        if not changed:
            raise _not_found(connection, dataset_id)


def delete_dataset(home: Home, dataset_id: str) -> None:
    """Gone with its files; where runs refer to it, only its name is free again and they can still read it.

    Raises NotFound, DiskFull.
    """
    with room_to_delete(home):
        try:
            in_use = _delete_or_hide(home, dataset_id)
        except DiskFull:
            with database(home) as connection:
                if _is_in_use(connection, dataset_id):
                    raise
            delete_folder(home.datasets / dataset_id)  # which makes room for the change to the database
            in_use = _delete_or_hide(home, dataset_id)
        if not in_use:
            delete_folder(home.datasets / dataset_id)


def _delete_or_hide(home: Home, dataset_id: str) -> bool:
    """Out of the list; whether runs still refer to it."""
    with database(home, write=True) as connection:
        row = connection.execute("SELECT name FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
        if row is None:
            raise _not_found(connection, dataset_id)
        in_use = _is_in_use(connection, dataset_id)
        if in_use:
            hidden_name = f"{row['name']} (deleted {secrets.token_hex(2)})"
            connection.execute("UPDATE datasets SET hidden = 1, name = ? WHERE id = ?", (hidden_name, dataset_id))
        else:
            _delete(home, connection, [dataset_id])
    return in_use


def is_deleted(home: Home, dataset_id: str) -> bool:
    """Whether a dataset is kept only because runs refer to it."""
    with database(home) as connection:
        row = connection.execute("SELECT hidden FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
        return row is not None and bool(row["hidden"])


def free_deleted(home: Home) -> None:
    """Remove for good the deleted datasets that no run refers to any more."""
    with database(home, write=True) as connection:
        hidden = [row["id"] for row in connection.execute("SELECT id FROM datasets WHERE hidden")]
        unused = [each for each in hidden if not _is_in_use(connection, each)]
        _delete(home, connection, unused)
    for dataset_id in unused:
        delete_folder(home.datasets / dataset_id)


def _delete(home: Home, connection: sqlite3.Connection, dataset_ids: Iterable[str]) -> None:
    """Out of the database; the folders are still to be deleted, now or by the next start."""
    for dataset_id in dataset_ids:
        mark_deleted(home.datasets / dataset_id)
        connection.execute("DELETE FROM datasets WHERE id = ?", (dataset_id,))


def clean_name(name: str) -> str:
    """The name as it will be kept. Raises BadInput."""
    name = tidy(name)
    if not name:
        raise BadInput("The dataset has no name.", "Give it one, such as what the photos show.")
    if len(name) > NAME_LETTERS:
        raise BadInput(f"The name is {len(name)} letters long; {NAME_LETTERS} are enough.", "Choose a shorter one.")
    return name


def refuse_taken(home: Home, name: str) -> None:
    """Said before the long work, and again by `publish` when another import was quicker. Raises BadInput."""
    with database(home) as connection:
        if connection.execute("SELECT 1 FROM datasets WHERE name = ?", (name,)).fetchone():
            raise _taken(name)


@contextmanager
def building(home: Home) -> Iterator[tuple[str, Path]]:
    """A new id and a hidden folder to build its dataset in; what is not published by the block's end is gone.

    Raises DiskFull.
    """
    sweep_datasets(home)
    dataset_id = secrets.token_hex(6)
    folder = home.datasets / dataset_id
    with no_room_is_disk_full(folder), hidden_folder(folder) as part:
        yield dataset_id, part


def publish(home: Home, built: Dataset) -> Dataset:
    """Makes what was built visible in one step. Raises BadInput when its name was taken meanwhile."""
    folder = home.datasets / built.id
    write_table(built.table, _table_path(built.folder, 1))
    _flush(built.folder)
    (built.folder / _UNPUBLISHED).touch()
    try:
        with database(home, write=True) as connection:
            row = (built.id, built.name, built.created)
            connection.execute("INSERT INTO datasets (id, name, created) VALUES (?, ?, ?)", row)
            _insert_version(connection, built)
            os.rename(built.folder, folder)
    except sqlite3.IntegrityError as error:
        raise _taken(built.name) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    (folder / _UNPUBLISHED).unlink()
    return load_dataset(home, built.id)


def new_version(home: Home, dataset_id: str, change: Callable[[Dataset], Dataset]) -> Dataset:
    """`change` makes the next version out of the newest one; two changes at once happen one after the other.

    Raises NotFound, and whatever `change` raises; then nothing changed.
    """
    with database(home, write=True) as connection:
        newest = _load(home, connection, dataset_id, None)
        with _incoming(newest) as mark:
            version = _publish_next(connection, newest, replace(change(newest), before=newest.version))
    mark.unlink()
    return load_dataset(home, dataset_id, version)


def undo(home: Home, dataset: Dataset) -> Dataset:
    """A new version that is what the newest one was made from: what was undone is still there for the runs that used
    it, and the next change goes on from here. Undone again, it goes back one further. Raises NotFound, Refused.
    """
    with database(home, write=True) as connection:
        newest = _load(home, connection, dataset.id, None)
        if not newest.before:
            raise Refused("There is no change left to undo.")
        with _incoming(newest) as mark:
            version = _publish_next(connection, newest, _load(home, connection, dataset.id, newest.before))
    mark.unlink()
    return load_dataset(home, dataset.id, version)


@contextmanager
def _incoming(newest: Dataset) -> Iterator[Path]:
    """A mark, to be removed once the database has the next version: until then `_sweep_change` may find files that it
    never got.
    """
    number = newest.version + 1
    mark = newest.folder / f"{_CHANGING}{number}"
    mark.touch()
    try:
        yield mark
    except BaseException:
        _table_path(newest.folder, number).unlink(missing_ok=True)
        mark.unlink()
        raise


def _publish_next(connection: sqlite3.Connection, newest: Dataset, wanted: Dataset) -> int:
    """What is wanted, as the version after the newest one; gives its number."""
    following = replace(wanted, version=newest.version + 1, created=time.time())
    with whole_file(_table_path(newest.folder, following.version)) as part:
        write_table(following.table, part)
    _insert_version(connection, following)
    return following.version


def _load(home: Home, connection: sqlite3.Connection, name_or_id: str, version: int | None) -> Dataset:
    by_id_or_name = "coalesce((SELECT id FROM datasets WHERE id = :key), (SELECT id FROM datasets WHERE name = :key))"
    query = f"{_NEWEST} AND d.id = {by_id_or_name}"
    if version is not None and version > _LARGEST_VERSION:
        raise _not_found(connection, name_or_id, version)
    row = connection.execute(query, {"version": version, "key": tidy(name_or_id)}).fetchone()
    if row is None:
        raise _not_found(connection, name_or_id, version)
    try:
        return _read(home.datasets / row["id"], row["id"], row["number"], row["name"], row["changed"], row["body"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(_damaged(row["name"], row["number"], error), "Delete it, and import its photos again.") from error


def _damaged(name: str, version: int, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not what Graft wrote"
    return f'Version {version} of the dataset "{name}" is damaged, its table cannot be read: {reason}.'


# Rows of a version never change, so its table is read once; 16 tables of 100,000 photos are some 500 MB at the most.
@lru_cache(maxsize=16)
def _read(folder: Path, dataset_id: str, version: int, name: str, created: float, text: str) -> Dataset:
    body = json.loads(text)
    return Dataset(
        id=dataset_id,
        name=name,
        version=version,
        folder=folder,
        tasks=_tasks(body),
        table=read_table(_table_path(folder, version)),
        rejected=tuple(Rejected(**rejected) for rejected in body["rejected"]),
        origin=body["origin"],
        splits_from=body["splits_from"],
        created=created,
        before=body.get("before", version - 1),  # before there was an Undo, each was made from the one before
        notes=tuple(body.get("notes", ())),
    )


def _summary(home: Home, row: sqlite3.Row) -> DatasetSummary:
    damage = _damage_of_table(_table_path(home.datasets / row["id"], row["number"]))
    try:
        body = json.loads(row["body"])
        tasks, counts, origin = _tasks(body), body["counts"], body["origin"]
        images = sum(counts.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        tasks, counts, origin, images = (), {}, "", 0
        damage = "Its row in the database is damaged."
    return DatasetSummary(
        id=row["id"],
        name=row["name"],
        version=row["number"],
        created=row["created"],
        tasks=tasks,
        images=images,
        counts=counts,
        origin=origin,
        hidden=bool(row["hidden"]),
        damage=damage,
    )


def _damage_of_table(path: Path) -> str:
    """What can be seen without reading it: a file that is gone, may not be read, or was cut short."""
    try:
        with path.open("rb") as file:
            begin, size = file.read(len(_PARQUET)), file.seek(0, os.SEEK_END)
            file.seek(max(0, size - len(_PARQUET)))
            whole = begin == file.read() == _PARQUET
    except OSError as error:
        return f"Its table cannot be read: {error.strerror}."
    return "" if whole else "Its table is damaged."


def _tasks(body: dict[str, Any]) -> tuple[Task, ...]:
    # A version that was written before there were kinds of label has none in its body.
    return tuple(Task(task["name"], tuple(task["classes"]), task.get("kind", Task.kind)) for task in body["tasks"])


def _insert_version(connection: sqlite3.Connection, dataset: Dataset) -> None:
    body = {
        "tasks": [asdict(task) for task in dataset.tasks],
        "origin": dataset.origin,
        "splits_from": dataset.splits_from,
        "before": dataset.before,
        "notes": list(dataset.notes),
        "counts": {split: len(dataset.indices(split)) for split in SPLITS},
        "rejected": [asdict(rejected) for rejected in dataset.rejected],
    }
    row = (dataset.id, dataset.version, dataset.created, json.dumps(body, ensure_ascii=False))
    connection.execute("INSERT INTO versions (dataset_id, number, created, body) VALUES (?, ?, ?, ?)", row)


def _is_in_use(connection: sqlite3.Connection, dataset_id: str) -> bool:
    # A plan may name several datasets; ids are random, so one that occurs in a plan's text is meant.
    query = "SELECT 1 FROM runs WHERE dataset_id = ? OR instr(plan, ?) LIMIT 1"
    return connection.execute(query, (dataset_id, f'"{dataset_id}"')).fetchone() is not None


def _table_path(folder: Path, version: int) -> Path:
    return folder / f"labels-{version}.parquet"


def _flush(folder: Path) -> None:
    """All of a new dataset on disk, at once: one flush per photo would take minutes for 25,000 of them."""
    if hasattr(os, "sync"):
        os.sync()
    else:  # Windows has no such call; the table is what all else hangs on
        with (folder / "labels-1.parquet").open("rb+") as file:
            os.fsync(file.fileno())


def sweep_datasets(home: Home) -> None:
    """Delete what processes that were killed left of datasets they built, changed or deleted."""
    delete_abandoned(home.datasets)
    delete_abandoned(home.datasets, "*/.*.part")
    with database(home, write=True) as connection:  # nobody publishes meanwhile
        newest = dict(connection.execute("SELECT dataset_id, max(number) FROM versions GROUP BY dataset_id").fetchall())
        delete_marked(home.datasets, newest)
        for mark in home.datasets.glob(f"[!.]*/{_UNPUBLISHED}"):
            mark.unlink() if mark.parent.name in newest else delete_folder(mark.parent)
        for mark in home.datasets.glob(f"[!.]*/{_CHANGING}*"):
            _sweep_change(mark.parent, newest.get(mark.parent.name, 0))
            mark.unlink()


def _sweep_change(folder: Path, newest: int) -> None:
    """Delete the table and the originals of a version that the database did not get."""
    _table_path(folder, newest + 1).unlink(missing_ok=True)
    try:
        used = {folder / file for table in folder.glob("labels-*.parquet") for file in read_table(table)["file"]}
    except (OSError, ValueError, KeyError):  # a damaged table does not say what it needs
        return
    for original in folder.glob("originals/*/*"):
        if original not in used:
            original.unlink(missing_ok=True)


def _taken(name: str) -> BadInput:
    return BadInput(f'There is a dataset called "{name}" already.', "Choose another name, or add the photos to it.")


def _not_found(connection: sqlite3.Connection, name: str, version: int | None = None) -> NotFound:
    names = [row["name"] for row in connection.execute("SELECT name FROM datasets WHERE NOT hidden ORDER BY created")]
    there_is = f"There are: {', '.join(names[-20:])}." if names else "There is none yet: import photos first."
    called = f'dataset called "{shorten(name)}"'
    what = called if version is None else f"version {version} of a {called}"
    return NotFound(f"There is no {what}.", there_is)
