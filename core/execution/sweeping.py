"""What killed processes left half made in a home goes at the next start."""

import logging

from core.datasets import sweep_datasets
from core.errors import GraftError
from core.home import Home, delete_abandoned
from core.runs import sweep_runs

log = logging.getLogger("graft")


def sweep(home: Home) -> None:
    """Delete it, as far as that can be done now. What a living process makes stays, in whatever container."""
    for folder in (home.root, home.drafts, home.inbox, home.pixels, home.activations):
        delete_abandoned(folder)
    delete_abandoned(home.thumbnails, "*/.*.part")
    for sweep_room in (sweep_runs, sweep_datasets):
        try:
            sweep_room(home)
        except (OSError, GraftError):  # a full disk, or a folder that is not ours: nobody waits for this
            log.warning("what killed processes left could not be swept", exc_info=True)
