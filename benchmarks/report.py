"""Results of benchmarks as tables, saved with the machine they were measured on.

    save_report("decoding", Table("Decoding", ("way", "photos/s"), rows), draw=bars)

writes benchmarks/results/decoding.md, .json and, where matplotlib is installed (the extra `bench`), .png.
"""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import timm
import torch

from core.device import available_precisions

RESULTS = Path(__file__).with_name("results")

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """columns: what each is, with its unit. rows: a cell per column; None where there is nothing to say."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def describe_machine() -> dict[str, str]:
    """The machine that measures, as what is written beside its figures."""
    memory = psutil.virtual_memory().total
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads of torch",
        "instructions": f"{torch.backends.cpu.get_cpu_capability()}, {_bf16()}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "graphics": ", ".join(map(torch.cuda.get_device_name, range(torch.cuda.device_count()))) or "none",
        "system": f"{platform.system()} {platform.release()}",
        "software": f"Python {platform.python_version()}, torch {torch.__version__}, timm {timm.__version__}",
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _bf16() -> str:
    return "bf16 in hardware" if "bf16" in available_precisions(torch.device("cpu")) else "no bf16 in hardware"


def save_report(
    name: str, *tables: Table, draw: Callable[[Any], None] | None = None, note: str = "", folder: Path = RESULTS
) -> str:
    """Write the tables with the machine's description, and a plot; gives the Markdown.

    draw: is handed matplotlib's figure, empty. Without matplotlib there is no plot.
    """
    machine = describe_machine()
    folder.mkdir(parents=True, exist_ok=True)
    plotted = draw is not None and _plot(draw, folder / f"{name}.png")
    words = _page(tables, machine, note, f"{name}.png" if plotted else "")
    (folder / f"{name}.md").write_text(words, encoding="utf-8")
    facts = {"machine": machine, "note": note, "tables": [asdict(table) for table in tables]}
    (folder / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return words


def _page(tables: Sequence[Table], machine: Mapping[str, str], note: str, plot: str) -> str:
    parts = [part for table in tables for part in (f"# {table.title}", to_markdown(table), table.note)]
    parts += [note, f"![{tables[0].title}]({plot})" if plot else ""]
    parts += ["## The machine", "\n".join(f"- {name}: {value}" for name, value in machine.items())]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_markdown(table: Table) -> str:
    """Numbers with three figures that count; the first column to the left, all others to the right."""
    rules = ["---", *["---:"] * (len(table.columns) - 1)]
    rows = [[_in_words(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [table.columns, rules, *rows])


def _in_words(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _plot(draw: Callable[[Any], None], path: Path) -> bool:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(9, 5), layout="constrained", dpi=110)
    draw(figure)
    figure.savefig(path)
    return True
