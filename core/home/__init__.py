"""The one folder that holds everything: where things lie, the database, whole-file writes, room on the disk.

The ground floor: it knows no dataset, no run and no network.
"""

from core.home.database import database
from core.home.disk import cache_budget, evict_oldest, free_bytes, no_room_is_disk_full
from core.home.files import (
    delete_folder,
    delete_marked,
    mark_deleted,
    recover_folder,
    unmark_deleted,
    whole_file,
    whole_folder,
    write_json,
    write_whole,
)
from core.home.opening import open_home
from core.home.parts import delete_abandoned, hidden_folder, part_beside
from core.home.paths import Home
from core.home.processes import is_alive, is_this_process, process_is_gone, shares_clock, this_process
from core.home.progress import Progress, silent
from core.home.reserve import room_to_delete

__all__ = [
    "Home",
    "Progress",
    "cache_budget",
    "database",
    "delete_abandoned",
    "delete_folder",
    "delete_marked",
    "evict_oldest",
    "free_bytes",
    "hidden_folder",
    "is_alive",
    "is_this_process",
    "mark_deleted",
    "no_room_is_disk_full",
    "open_home",
    "part_beside",
    "process_is_gone",
    "recover_folder",
    "room_to_delete",
    "shares_clock",
    "silent",
    "this_process",
    "unmark_deleted",
    "whole_file",
    "whole_folder",
    "write_json",
    "write_whole",
]
