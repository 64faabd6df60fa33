"""Plans that are not started yet: a file each, named by the plan's hash, so that a refresh or a bookmark finds them."""

import re

from core.errors import BadPlan
from core.home import Home, evict_oldest, write_whole
from core.plans import Plan, parse_plan

MAX_BYTES = 4 * 2**20  # about two thousand drafts; the ones used longest ago leave first
_KEY = re.compile(r"[0-9a-f]{16}")


def save_draft(home: Home, plan: Plan) -> str:
    """Keep a plan; gives the key that finds it again. Equal plans have one key. Raises DiskFull."""
    key = plan.hash[:16]
    place = home.drafts / f"{key}.json"
    if not place.exists():
        write_whole(place, plan.model_dump_json().encode())
        evict_oldest(place.parent, MAX_BYTES, keep=place)
    return key


def load_draft(home: Home, key: str) -> Plan | None:
    """The plan of a key; None when there is none (any more) or an older Graft wrote it."""
    place = home.drafts / f"{key}.json"
    if not _KEY.fullmatch(key) or not place.is_file():
        return None
    try:
        return parse_plan(place.read_bytes())
    except BadPlan:
        return None
