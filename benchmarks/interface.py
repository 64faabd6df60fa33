"""How long a person waits for the page after a click, with and without training; and what training loses to the page.

    python benchmarks/interface.py               some five minutes; needs a Chromium, like the browser tests

A real browser on a real server, on this machine, which both share with the training: a full fine-tuning that is paused
for the idle half of each round. Each wait is taken inside the page, from the click to the frame that shows its outcome.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.experiment import argument_parser
from benchmarks.report import Table, save_report
from core.backbones import default_card, describe_stages, get_card
from core.datasets import import_sample
from core.execution import submit
from core.home import Home, open_home
from core.plans import Phase, Plan, make_plan
from core.runs import pause, resume, stop
from tests.browser.journey import LONG, settled
from tests.browser.serving import address_of, start_browser

IDLE, TRAINING = "idle", "training"
ALONE, WATCHED = "no page open", "training page open"
PAGE_LOAD_SECONDS = 4  # loading a page costs the browser a second or two, once


@dataclass(frozen=True)
class Interaction:
    """click: JavaScript that finds what to click. outcome: JavaScript for a text that the click changes."""

    name: str
    click: str
    outcome: str


def _link(words: str) -> str:
    return f"[...document.querySelectorAll('.st-key-stepper a')].find((a) => a.textContent.includes('{words}'))"


_TITLE = "document.querySelector('h1')?.textContent"
_STAGE = "document.querySelectorAll('.graft-network button')[2]"
_RECIPE = "document.querySelectorAll('[data-testid=stButtonGroup] button[aria-checked=false]')[1]"
# In this order each begins where the one before ended: on the plan page.
INTERACTIONS = (
    Interaction("freeze or free a stage", _STAGE, f"{_STAGE}?.getAttribute('aria-pressed')"),
    Interaction("choose a recipe", _RECIPE, "document.querySelector('.muted')?.textContent"),
    Interaction(
        "show everything",
        "document.querySelector('.st-key-expert input')",
        "String(!!document.querySelector('.st-key-card_expert'))",
    ),
    Interaction("plan page to model page", _link("Model"), _TITLE),
    Interaction("model page to photos page", _link("Photos"), _TITLE),
    Interaction("photos page to plan page", _link("Plan"), _TITLE),
)

# The wait is over in the frame in which the text has changed. Frames come sixty times a second.
WAIT = """([click, outcome]) => new Promise((done, fail) => {
  const read = () => eval(outcome), before = read(), target = eval(click);
  if (!target) return fail(new Error("nothing to click: " + click));
  const began = performance.now();
  target.click();
  const wait = () => {
    const now = read();
    if (now !== undefined && now !== null && now !== before) return done(performance.now() - began);
    if (performance.now() - began > 60000) return fail(new Error("no redraw: " + click));
    requestAnimationFrame(wait);
  };
  requestAnimationFrame(wait);
})"""


@dataclass
class Condition:
    """Measurements idle or training: waits in ms by interaction, scripts in ms, processor seconds by who used them."""

    waits: dict[str, list[float]] = field(default_factory=lambda: {each.name: [] for each in INTERACTIONS})
    scripts: list[float] = field(default_factory=list)
    processor: dict[str, float] = field(default_factory=lambda: {"server": 0.0, "browser": 0.0})

    @property
    def all_waits(self) -> list[float]:
        return [wait for waits in self.waits.values() for wait in waits]


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="graft-interface-") as temporary, sync_playwright() as playwright:
        home = open_home(Path(temporary) / "home")
        plan = full_fine_tuning(home, arguments.model, arguments.size)
        browser = start_browser(playwright)
        with Server(home, Path(temporary)) as server:
            run = submit(home, plan)
            server.wait_for_steps()
            benchmark = PageBenchmark(server, browser, home, run.id, plan)
            speeds = {ALONE: [], WATCHED: []}
            conditions = {IDLE: Condition(), TRAINING: Condition()}
            page = benchmark.plan_page()
            benchmark.warm_up(page)
            for number in range(arguments.rounds):
                benchmark.round(page, conditions, arguments.repeats, number)
            page.context.close()
            for number in range(arguments.rounds):
                benchmark.watch(speeds, arguments.seconds, number)
            stop(home, run.id)
        browser.close()
    tables = wait_table(conditions), part_table(conditions), speed_table(speeds)
    note = (
        f"{plan.backbone.name} at {plan.image_size} pixels, all stages learn, batch {plan.batch_size}; "
        f"{arguments.rounds} rounds of {arguments.repeats} clicks of each kind, idle and training by turns."
    )
    print(save_report(arguments.name, *tables, draw=lambda figure: _draw(figure, conditions), note=note))


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=4, help="clicks of each kind in each half of a round")
    parser.add_argument("--seconds", type=float, default=15.0, help="of training with and without its page, in a round")
    parser.add_argument("--model", help="a backbone of the gallery, with random weights (the starter)")
    parser.add_argument("--size", type=int, help="photo size in pixels (the backbone's own)")
    parser.add_argument("--name", default="interface", help="what the results are called")
    return parser.parse_args()


def full_fine_tuning(home: Home, model: str | None, size: int | None) -> Plan:
    """More epochs than anybody waits for. model: of the gallery, else the starter. size: in pixels, else its own."""
    chosen = get_card(model) if model else default_card(home)
    stages = describe_stages(chosen)
    plan = make_plan(import_sample(home, "leaves", "leaves"), chosen, stages, "scratch", size)
    phase = Phase(epochs=10_000, stage_rates=(1e-5,) * len(stages), head_rate=1e-4, schedule="constant")
    return plan.model_copy(update={"phases": (phase,), "early_stopping": None})


class Server:
    """Graft in a process of its own, with the lines that its stopwatch writes."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self._log, self._lines = home, folder / "log.txt", folder / "stopwatch.txt"
        self.address = ""

    def __enter__(self) -> "Server":
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "STOPWATCH": str(self._lines)}
        environment.pop("GOMP_SPINCOUNT", None)  # Graft sets its own
        command = [sys.executable, "-m", "benchmarks.timed_server", "--port", "0", "--no-browser"]
        with self._log.open("w") as out:
            self.process = subprocess.Popen(
                [*command, "--home", str(self.home.root)],
                env=environment,
                cwd=Path(__file__).parents[1],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.address = address_of(self.process, self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def stopwatch_lines(self, kind: str, since: float = 0.0, until: float = float("inf")) -> list[tuple[float, float]]:
        """(when, value) of the stopwatch's lines of that kind."""
        lines = [line.split() for line in self._lines.read_text().splitlines()] if self._lines.exists() else []
        found = [(float(line[1]), float(line[2])) for line in lines if len(line) == 3 and line[0] == kind]
        return [(when, value) for when, value in found if since <= when < until]

    def wait_for_steps(self, count: int = 3) -> None:
        """Until training goes on by so many steps from now."""
        since = time.time()
        while len(self.stopwatch_lines("step", since)) < count:
            if self.process.poll() is not None:
                raise RuntimeError(self._log.read_text())
            time.sleep(0.1)

    def wait_for_quiet(self) -> None:
        """Until no step came for a second and a half: it is paused."""
        since = time.time()
        while self.stopwatch_lines("step", max(since, time.time() - 1.5)) or time.time() - since < 1.5:
            time.sleep(0.1)

    def images_per_second(self, since: float, until: float) -> float:
        """From the first to the last step within these seconds."""
        steps = self.stopwatch_lines("step", since, until)
        return sum(images for _, images in steps[1:]) / (steps[-1][0] - steps[0][0])


@dataclass
class PageBenchmark:
    server: Server
    browser: Browser
    home: Home
    run_id: str
    plan: Plan

    def _open(self, path: str) -> Page:
        page = self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(LONG)
        page.goto(self.server.address + path)
        return page

    def plan_page(self) -> Page:
        page = self._open(f"/plan?dataset={self.plan.source.id}&version={self.plan.source.version}")
        page.get_by_role("button", name="Start training").wait_for()
        settled(page)
        return page

    def warm_up(self, page: Page) -> None:
        """What is slow only once (imports, measuring the machine) is over afterwards."""
        for _ in range(2):
            self._click_all(page, Condition())
        page.wait_for_function("() => !document.body.textContent.includes('measuring')")

    def round(self, page: Page, conditions: dict[str, Condition], repeats: int, number: int) -> None:
        for name in (IDLE, TRAINING) if number % 2 else (TRAINING, IDLE):
            with self._training_state(name):
                started, used = time.time(), self._processor()
                for _ in range(repeats):
                    self._click_all(page, conditions[name])
                conditions[name].scripts += [
                    1e3 * seconds for _, seconds in self.server.stopwatch_lines("script", started)
                ]
                for who, seconds in self._processor().items():
                    conditions[name].processor[who] += seconds - used[who]

    @contextmanager
    def _training_state(self, name: str) -> Iterator[None]:
        if name == TRAINING:
            yield
            return
        pause(self.home, self.run_id)
        self.server.wait_for_quiet()
        yield
        resume(self.home, self.run_id)
        self.server.wait_for_steps()

    def _click_all(self, page: Page, condition: Condition) -> None:
        for each in INTERACTIONS:
            condition.waits[each.name].append(page.evaluate(WAIT, [each.click, each.outcome]))
            settled(page)

    def _processor(self) -> dict[str, float]:
        """Processor seconds so far. The browser's processes are those of this one's that are called like a browser."""
        here = [p for p in psutil.Process().children(recursive=True) if p.pid != self.server.process.pid]
        browser = [p for p in here if "chrom" in p.name().lower()]
        of = {"server": [psutil.Process(self.server.process.pid)], "browser": browser}
        return {who: sum(sum(p.cpu_times()[:2]) for p in processes) for who, processes in of.items()}

    def watch(self, speeds: dict[str, list[float]], seconds: float, number: int) -> None:
        for name in (ALONE, WATCHED) if number % 2 else (WATCHED, ALONE):
            page = self._open(f"/train?run={self.run_id}") if name == WATCHED else None
            if page:
                page.locator("figure[data-panel=loss] .graft-chart").wait_for()
                settled(page)
            time.sleep(PAGE_LOAD_SECONDS)
            started = time.time()
            time.sleep(seconds)
            speeds[name].append(self.server.images_per_second(started, time.time()))
            if page:
                page.context.close()


def wait_table(conditions: dict[str, Condition]) -> Table:
    columns = ("click", "idle, median ms", "idle, p95", "training, median ms", "training, p95", "x idle")
    rows = [
        _row(name, *(condition.waits[name] for condition in conditions.values())) for name in conditions[IDLE].waits
    ]
    rows.append(_row("all", *(condition.all_waits for condition in conditions.values())))
    return Table("From click to redraw", columns, rows)


def _row(name: str, idle: Sequence[float], training: Sequence[float]) -> tuple[str, float, float, float, float, float]:
    slower = median(training) / median(idle)
    return name, median(idle), _p95(idle), median(training), _p95(training), slower


def _p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95))


def part_table(conditions: dict[str, Condition]) -> Table:
    columns = ("", "script, median ms", "script, p95", "server, processor ms a click", "browser, processor ms a click")
    rows = []
    for name, condition in conditions.items():
        clicks = len(condition.all_waits)
        used = [1e3 * condition.processor[who] / clicks for who in ("server", "browser")]
        rows.append((name, median(condition.scripts), _p95(condition.scripts), *used))
    note = "*script*: the page's Python alone, on the server. The server's processor time includes training."
    return Table("Where the time goes", columns, rows, note)


def speed_table(speeds: dict[str, list[float]]) -> Table:
    medians = {name: median(each) for name, each in speeds.items()}
    rows = [(name, each, 1 - each / medians[ALONE]) for name, each in medians.items()]
    return Table("What training loses to an open page", ("", "images/s", "lost, share"), rows)


def _draw(figure: Any, conditions: dict[str, Condition]) -> None:
    panel = figure.subplots()
    for name, condition in conditions.items():
        waits = np.sort(condition.all_waits)
        panel.plot(waits, np.arange(1, len(waits) + 1) / len(waits), label=name)
    panel.axvline(500, color="#999", linestyle=":")
    panel.axhline(0.95, color="#999", linestyle=":")
    panel.set(xlabel="ms from click to redraw", ylabel="share of clicks that waited no longer", ylim=(0, 1.01))
    panel.set_xlim(left=0)
    panel.legend()


if __name__ == "__main__":
    main()
