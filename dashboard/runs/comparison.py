"""What differed between some runs: their outcomes, and the fields of their plans that are not the same."""

import json
import re
from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from core.runs import Run
from core.units import format_duration
from dashboard.shared.texts import format_time, show_note

NOT_COMPARED = ("device",)  # a property of where it ran


def show_comparison(runs: Sequence[Run]) -> None:
    """Show the table of what differed."""
    st.subheader("What differed")
    table = comparison(runs)
    st.dataframe(table, width="stretch", row_height=34)
    if len({run.plan.source for run in runs}) > 1:
        show_note("They did not learn from the same photos: their figures are not of the same photos either.")


def comparison(runs: Sequence[Run]) -> pd.DataFrame:
    """A column per run; first its outcome, then every field of the plans that is not the same in all."""
    plans = [_flatten(json.loads(run.plan.model_dump_json())) for run in runs]
    fields = dict.fromkeys(field for plan in plans for field in plan)
    differing = [f for f in fields if len({plan.get(f, "–") for plan in plans}) > 1 and f not in NOT_COMPARED]
    rows = {
        "state": [run.state for run in runs],
        "accuracy on validation": [run.progress.best.accuracy_text if run.progress.best else "–" for run in runs],
        "took": [format_duration(run.seconds) if run.seconds is not None and run.ended else "–" for run in runs],
        "when": [format_time(run.created) for run in runs],
        **{_field_in_words(field): [plan.get(field, "–") for plan in plans] for field in differing},
    }
    columns = [f"{run.name} ({number})" for number, run in enumerate(runs, 1)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _field_in_words(field: str) -> str:
    """phases.1.stage_rates.5 = "phase 1: stage rates 5"."""
    return re.sub(r"^phases (\d+)", r"phase \1:", field.replace(".", " ").replace("_", " "))


def _flatten(value: object, path: str = "") -> dict[str, str]:
    """{"optimizer.weight_decay": "0.01", ...}; entries of lists are numbered from 1."""
    children: Iterable[tuple[object, object]]
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value, 1)
    else:
        return {path: "–" if value is None else str(value)}
    flat: dict[str, str] = {}
    for name, child in children:
        flat |= _flatten(child, f"{path}.{name}" if path else str(name))
    return flat
