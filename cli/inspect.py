"""`graft backbones`, `graft runs`, `graft show` and `graft doctor`."""

import importlib.metadata
import platform
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import HomeOption, JsonOption, print_error, print_json, print_line, print_table
from core.home import Home, free_bytes, open_home

if TYPE_CHECKING:
    from core.evaluation import Verdict

LIBRARIES = ("torch", "torchvision", "timm", "streamlit", "plotly", "pandas", "numpy", "pillow", "safetensors")
LOW_DISK_GB = 5


def register(app: typer.Typer) -> None:
    for command in (backbones, runs, show, doctor):
        app.command()(command)


def backbones(
    search: Annotated[str, typer.Option(help="Words to look for in all of timm's pretrained networks.")] = "",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List pretrained networks: well-chosen ones, or all that fit the words."""
    from core.backbones import list_gallery, weights_present
    from core.backbones import search_backbones as search_backbones

    where = open_home(home)
    found = search_backbones(search) if search else list_gallery()
    if json:
        print_json(
            [
                {"name": c.name, "title": c.title, "parameters": c.parameters, "input_size": c.input_size,
                 "imagenet_accuracy": c.accuracy, "licence": c.licence, "here": weights_present(where, c)}
                for c in found
            ]
        )  # fmt: skip
        return
    print_table(
        ["name", "parameters", "photo size", "ImageNet", "licence", "here"],
        [
            (
                c.name,
                f"{c.parameters / 1e6:.1f} M" if c.parameters else "",
                c.input_size,
                f"{c.accuracy:.1f} %" if c.accuracy else "",
                c.licence,
                "yes" if weights_present(where, c) else "",
            )
            for c in found
        ],
    )


def runs(
    search: Annotated[
        str, typer.Option(help="Words in the name, the photos, the backbone, the tags or the note.")
    ] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Only runs with this tag; may be repeated.")] = None,
    state: Annotated[str, typer.Option(help="Only runs in this state: finished, stopped, failed ...")] = "",
    dataset: Annotated[str, typer.Option(help="Only runs on this dataset.")] = "",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List the runs, newest first."""
    from core.runs import damaged_runs, filter_runs, list_runs

    where = open_home(home)
    everything = list_runs(where)
    for each in damaged_runs(where):
        print_error(f"{each.reason} Delete it with: graft delete run {each.id}")
    found = filter_runs(everything, search, tuple(tag or ()), state, dataset)
    if json:
        print_json(
            [
                {"run": r.id, "name": r.name, "state": r.state, "dataset": r.dataset_name, "epoch": r.progress.epoch,
                 "epochs": r.plan.epochs, "best": r.progress.best.accuracy_text if r.progress.best else None,
                 "tags": r.tags, "note": r.note}
                for r in found
            ]
        )  # fmt: skip
    elif not everything:
        print_line("There is no run yet. Start one with `graft train --dataset NAME`.")
    elif not found:
        print_line(f"None of the {len(everything):,} runs is like that.")
    else:
        print_table(
            ["run", "name", "state", "epoch", "best on validation", "created", "tags"],
            [
                (
                    r.id,
                    r.name,
                    r.state,
                    f"{r.progress.epochs_done} of {r.plan.epochs}",
                    r.progress.best.accuracy_text if r.progress.best else "",
                    _local_time(r.created),
                    ", ".join(r.tags),
                )
                for r in found
            ],
        )


def show(
    run: Annotated[str, typer.Argument(help="The run's name, or the beginning of its id.")],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show one run: how far it is, what its curves say, what happened."""
    from cli.summary import summarize_run
    from core.evaluation import kept_in_words
    from core.monitoring import read_verdict
    from core.runs import get_run, read_events, waits_for

    where = open_home(home)
    shown = get_run(where, run)
    verdicts = {task: read_verdict(where, shown.id, task) for task in shown.plan.tasks}
    several = len(verdicts) > 1
    if json:
        of_tasks = {task: _verdict_facts(verdict) for task, verdict in verdicts.items()}
        facts_of_tasks = {"verdicts": of_tasks} if several else {}
        print_json(
            {
                **summarize_run(where, shown),
                "verdict": of_tasks[shown.plan.tasks[0]],
                **facts_of_tasks,
                "test_opened": shown.test_opened,
            }
        )
        return
    summary = summarize_run(where, shown)
    first = summary["validation_accuracy"]
    accuracies = summary["tasks"] if "tasks" in summary else {shown.plan.tasks[0]: first} if first else {}
    kept = kept_in_words(summary["best_epoch"], summary.get("soup", ()))
    facts = {
        "run": f"{shown.name} ({shown.id})",
        "state": f"{shown.state}. {shown.error or waits_for(where, shown)}".strip(),
        "photos": shown.dataset_name,
        "backbone": shown.plan.backbone.name,
        "epochs": f"{shown.progress.epochs_done} of {shown.plan.epochs}",
        **{
            _of_task("validation", task, several): f"{accuracy['text']} right, from {kept}"
            for task, accuracy in accuracies.items()
        },
        "speed": f"{summary['images_per_second']:,.0f} photos a second" if summary["images_per_second"] else "",
        **{
            _of_task("verdict", task, several): f"{verdict.title}. {verdict.sentence} {verdict.remedy}".strip()
            for task, verdict in verdicts.items()
        },
    }
    print_table(["", ""], [(name, value) for name, value in facts.items() if value])
    print_line("")
    for event in read_events(where, shown.id):
        print_line(f"{_local_time(event.time)}  {event.sentence}")


def _of_task(title: str, task: str, several: bool) -> str:
    return f"{title}, {task}" if several else title


def _verdict_facts(verdict: "Verdict") -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in ("kind", "sentence", "remedy", "epoch")}


def doctor(json: JsonOption = False, home: HomeOption = None) -> None:
    """Say which versions, devices and room on the disk there are, and what is missing."""
    from core.backbones import list_gallery, weights_present
    from core.datasets import IMPORTERS
    from core.device import devices
    from core.exports import DATASET_EXPORTS, RUN_EXPORTS

    where = open_home(home)
    here = [card.name for card in list_gallery() if weights_present(where, card)]
    facts = {
        "graft": _installed_version("graft"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}",
        **{library: _installed_version(library) for library in LIBRARIES},
        "devices": "; ".join(f"{device.name}: {device.description}" for device in devices()),
        "home": str(where.root),
        "room": f"{free_bytes(where.root) / 1e9:,.1f} GB free, {_used_bytes(where) / 1e9:,.2f} GB in use",
        "networks here": ", ".join(here) or "none",
        "exports": ", ".join([*RUN_EXPORTS, *DATASET_EXPORTS]),
        "imports": ", ".join(importer.title for importer in IMPORTERS.values()),
    }
    problems = _problems(where, here)
    if json:
        print_json({**facts, "missing": problems})
    else:
        print_table(["", ""], list(facts.items()))
        print_line("")
        print_line("\n".join(problems) if problems else "All is well.")
    if problems:
        raise typer.Exit(1)


def _problems(home: Home, local_backbones: list[str]) -> list[str]:
    found = [f"The library {library} is missing." for library in LIBRARIES if not _installed_version(library)]
    if not local_backbones:
        found.append("No pretrained network is here: the first one needs a network connection.")
    if free_bytes(home.root) < LOW_DISK_GB * 1e9:
        found.append(f"Less than {LOW_DISK_GB} GB are free where Graft keeps its things.")
    return found


def _installed_version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _used_bytes(home: Home) -> int:
    return sum(file.stat().st_size for file in home.root.rglob("*") if file.is_file())


def _local_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
