"""What a model says to new photos, as tables that are safe to open."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

UNSURE = 0.6
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# By task, the probability of each class.
Answer = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Said:
    """One photo and what the model said to it. answer None: it could not be read, `reason` says why.

    thumbnail: the photo in small, as a data address; "" where there is none.
    """

    name: str
    answer: Answer | None
    reason: str = ""
    thumbnail: str = ""


def best(probabilities: Mapping[str, float]) -> list[tuple[str, float]]:
    """Classes with their probability, the likeliest first."""
    return sorted(probabilities.items(), key=lambda item: -item[1])


def headline_of(probabilities: Mapping[str, float]) -> str:
    """What to make of it, in one sentence."""
    (first, sure), *others = best(probabilities)
    if sure >= UNSURE or not others:
        return ""
    return f"It is unsure: {first} or {others[0][0]}. Look for yourself."


def as_table(said: Sequence[Said], tasks: Sequence[str]) -> pd.DataFrame:
    """A row per photo: its name, then for each task the answer, how sure, and the runner-up."""
    return pd.DataFrame([_row(one, tasks) for one in said])


def _row(one: Said, tasks: Sequence[str]) -> dict[str, object]:
    row: dict[str, object] = {"photo": one.name}
    for task in tasks:
        prefix = f"{task}: " if len(tasks) > 1 else ""
        ranked = best(one.answer[task]) if one.answer else []
        row[f"{prefix}answer"] = ranked[0][0] if ranked else f"not read: {one.reason}"
        row[f"{prefix}sure"] = ranked[0][1] if ranked else None
        row[f"{prefix}else"] = ranked[1][0] if len(ranked) > 1 else ""
    return row


def as_csv(said: Sequence[Said], classes: Mapping[str, Sequence[str]]) -> str:
    """Every photo with the probability of each class, for a spreadsheet. classes: by task, in order.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it: names of files and classes are
    what somebody typed (OWASP, "CSV Injection").
    """
    head = ["photo"]
    for task in classes:
        prefix = f"{task}: " if len(classes) > 1 else ""
        head += [f"{prefix}answer", *(f"{prefix}{name}" for name in classes[task])]
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([harmless(name) for name in head])
    for one in said:
        row: list[object] = [harmless(one.name)]
        for task in classes:
            answer = one.answer[task] if one.answer else {}
            row.append(harmless(best(answer)[0][0]) if answer else harmless(f"not read: {one.reason}"))
            row += [f"{answer[name]:.6f}" if name in answer else "" for name in classes[task]]
        writer.writerow(row)
    return "\ufeff" + file.getvalue()  # the mark by which spreadsheets know UTF-8


def harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
