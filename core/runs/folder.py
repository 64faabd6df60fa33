"""A run's folder: where it lies, and how what a killed process left in it is put right."""

from collections.abc import Container
from pathlib import Path

from core.home import Home, delete_abandoned, delete_marked, recover_folder

CHECKPOINTS = ("last", "best")
RESERVE = "reserve"  # room on the disk that a run occupies while it is carried out


def run_folder(home: Home, run_id: str) -> Path:
    """Where a run's checkpoints and results lie."""
    return home.runs / run_id


def has_best(home: Home, run_id: str) -> bool:
    """Whether an epoch has ended, so that there is a model to keep."""
    folder = run_folder(home, run_id)
    return (folder / "best").is_dir() or (folder / "best.old").is_dir()  # the second while a newer one takes its place


def tidy_run(folder: Path) -> None:
    """Put checkpoints right and delete what is half made. Only for who holds the run, or while nobody does."""
    for which in CHECKPOINTS:
        recover_folder(folder / which)
    delete_abandoned(folder)
    (folder / RESERVE).unlink(missing_ok=True)


def sweep_folders(home: Home, known: Container[str]) -> None:
    """Delete what killed processes left of runs. known: ids of the runs that the database has."""
    delete_abandoned(home.runs)
    delete_abandoned(home.runs, "*/.*.part")
    delete_marked(home.runs, known)
