"""`graft backbones`, `graft runs`, `graft show`, `graft doctor`."""

import importlib.metadata
import platform
import time
from typing import Annotated

import typer

from cli.screen import HomeOption, JsonOption, say, say_json, show_table
from core.home import Home, free_bytes, open_home

LIBRARIES = ("torch", "torchvision", "timm", "streamlit", "plotly", "pandas", "numpy", "pillow", "safetensors")
LITTLE_ROOM_GB = 5


def add_to(app: typer.Typer) -> None:
    for command in (backbones, runs, show, doctor):
        app.command()(command)


def backbones(
    search: Annotated[str, typer.Option(help="Words to look for in all of timm's pretrained networks.")] = "",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List pretrained networks: well-chosen ones, or all that fit the words."""
    from core.backbones import gallery, is_present
    from core.backbones import search as look_for

    where = open_home(home)
    found = look_for(search) if search else gallery()
    if json:
        say_json(
            [
                {"name": c.name, "title": c.title, "parameters": c.parameters, "input_size": c.input_size,
                 "imagenet_accuracy": c.accuracy, "licence": c.licence, "here": is_present(where, c)}
                for c in found
            ]
        )  # fmt: skip
        return
    show_table(
        ["name", "parameters", "photo size", "ImageNet", "licence", "here"],
        [
            (
                c.name,
                f"{c.parameters / 1e6:.1f} M" if c.parameters else "",
                c.input_size,
                f"{c.accuracy:.1f} %" if c.accuracy else "",
                c.licence,
                "yes" if is_present(where, c) else "",
            )
            for c in found
        ],
    )


def runs(json: JsonOption = False, home: HomeOption = None) -> None:
    """List the runs, newest first."""
    from core.runs import list_runs

    found = list_runs(open_home(home))
    if json:
        say_json(
            [
                {"run": r.id, "name": r.name, "state": r.state, "dataset": r.dataset_name, "epoch": r.progress.epoch,
                 "epochs": r.plan.epochs, "best": r.progress.best.accuracy_text if r.progress.best else None}
                for r in found
            ]
        )  # fmt: skip
    elif not found:
        say("There is no run yet. Start one with `graft train --dataset NAME`.")
    else:
        show_table(
            ["run", "name", "state", "epoch", "best on validation", "created"],
            [
                (
                    r.id,
                    r.name,
                    r.state,
                    f"{r.progress.epochs_done} of {r.plan.epochs}",
                    r.progress.best.accuracy_text if r.progress.best else "",
                    _when(r.created),
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
    from cli.outcome import outcome_of
    from core.monitoring import verdict_of
    from core.runs import events, get_run, waits_for

    where = open_home(home)
    shown = get_run(where, run)
    verdict = verdict_of(where, shown.id)
    if json:
        said = {"kind": verdict.kind, "sentence": verdict.sentence, "remedy": verdict.remedy, "epoch": verdict.epoch}
        say_json({**outcome_of(where, shown), "verdict": said, "test_opened": shown.test_opened})
        return
    told = outcome_of(where, shown)
    accuracy = told["validation_accuracy"]
    facts = {
        "run": f"{shown.name} ({shown.id})",
        "state": f"{shown.state}. {shown.error or waits_for(where, shown)}".strip(),
        "photos": shown.dataset_name,
        "backbone": shown.plan.backbone.name,
        "epochs": f"{shown.progress.epochs_done} of {shown.plan.epochs}",
        "validation": f"{accuracy['text']} right, from epoch {told['best_epoch']}" if accuracy else "",
        "speed": f"{told['images_per_second']:,.0f} photos a second" if told["images_per_second"] else "",
        "verdict": f"{verdict.title}. {verdict.sentence} {verdict.remedy}".strip(),
    }
    show_table(["", ""], [(name, value) for name, value in facts.items() if value])
    say("")
    for happening in events(where, shown.id):
        say(f"{_when(happening.time)}  {happening.sentence}")


def doctor(json: JsonOption = False, home: HomeOption = None) -> None:
    """Say which versions, devices and room on the disk there are, and what is missing."""
    from core.backbones import gallery, is_present
    from core.device import devices

    where = open_home(home)
    here = [card.name for card in gallery() if is_present(where, card)]
    facts = {
        "graft": _version("graft"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}",
        **{library: _version(library) for library in LIBRARIES},
        "devices": "; ".join(f"{device.name}: {device.description}" for device in devices()),
        "home": str(where.root),
        "room": f"{free_bytes(where.root) / 1e9:,.1f} GB free, {_size(where) / 1e9:,.2f} GB in use",
        "networks here": ", ".join(here) or "none",
    }
    wrong = _what_is_missing(where, here)
    if json:
        say_json({**facts, "missing": wrong})
    else:
        show_table(["", ""], list(facts.items()))
        say("")
        say("\n".join(wrong) if wrong else "All is well.")
    if wrong:
        raise typer.Exit(1)


def _what_is_missing(home: Home, networks: list[str]) -> list[str]:
    found = [f"The library {library} is missing." for library in LIBRARIES if not _version(library)]
    if not networks:
        found.append("No pretrained network is here: the first one needs a network connection.")
    if free_bytes(home.root) < LITTLE_ROOM_GB * 1e9:
        found.append(f"Less than {LITTLE_ROOM_GB} GB are free where Graft keeps its things.")
    return found


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _size(home: Home) -> int:
    return sum(file.stat().st_size for file in home.root.rglob("*") if file.is_file())


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
