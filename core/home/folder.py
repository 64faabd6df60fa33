"""Where everything lies."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_dir

from core.errors import BadInput
from core.home.database import migrate
from core.home.disk import no_room_is_disk_full


@dataclass(frozen=True)
class Home:
    """The one folder of a user. Made by `open_home`; equal homes are the same folder."""

    root: Path

    @property
    def db(self) -> Path:
        return self.root / "graft.db"

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def weights(self) -> Path:
        """What was downloaded, in the Hugging Face hub's own cache layout."""
        return self.root / "weights"

    @property
    def inbox(self) -> Path:
        """Uploads on their way in; a folder each, removed once imported."""
        return self.root / "inbox"

    @property
    def pixels(self) -> Path:
        return self.root / "cache" / "pixels"

    @property
    def thumbnails(self) -> Path:
        return self.root / "cache" / "thumbnails"

    @property
    def activations(self) -> Path:
        return self.root / "cache" / "activations"


def open_home(root: Path | str | None = None) -> Home:
    """The home at `root`, else `GRAFT_HOME`, else the platform's user data folder; made if it is not there.

    Raises DiskFull, BadInput where no folder can be, and Refused when a newer Graft wrote it.
    """
    chosen = root or os.environ.get("GRAFT_HOME") or user_data_dir("graft", appauthor=False)
    try:
        home = Home(Path(chosen).expanduser().resolve())
        with no_room_is_disk_full(home.root):
            for folder in (home.datasets, home.runs, home.weights, home.inbox, home.pixels, home.thumbnails):
                folder.mkdir(parents=True, exist_ok=True)
            migrate(home.db)
    except (OSError, RuntimeError, sqlite3.Error) as error:  # RuntimeError: the home of a user whom nobody knows
        reason = getattr(error, "strerror", None) or error
        raise BadInput(
            f'"{chosen}" cannot be the folder where Graft keeps its things: {reason}.',
            "Choose another one with --home, or GRAFT_HOME.",
        ) from error
    return home
