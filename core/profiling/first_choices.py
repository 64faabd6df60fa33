"""What was decided when a plan was first trained on this machine, so that the same plan computes alike each time.

Races of compute configurations, free memory and free disk come out differently under another load, and each of them
changes the last digits of the weights, or which views of a photo are learned from.
"""

import json
import time
from typing import Any

import torch

from core.device import profile_store
from core.home import Home, database
from core.plans import Plan


def first_choices(home: Home, plan: Plan, device: torch.device) -> dict[str, Any]:
    """By name, what `remember_choice` was given first."""
    return profile_store.read(home, _key(plan, device)) or {}


def remember_choice(home: Home, plan: Plan, device: torch.device, name: str, value: Any) -> None:
    """Keep a choice, as JSON, unless one of that name was kept before. For good: it is no measurement that ages."""
    key = _key(plan, device)
    if name in first_choices(home, plan, device):
        return
    with database(home, write=True) as db:
        row = db.execute("SELECT body FROM profiles WHERE key = ?", (key,)).fetchone()
        body = {name: value, **(json.loads(row["body"]) if row else {})}
        db.execute("INSERT OR REPLACE INTO profiles VALUES (?, ?, ?)", (key, time.time(), json.dumps(body)))


def _key(plan: Plan, device: torch.device) -> str:
    return profile_store.key_of("first choices", plan.hash, device)
