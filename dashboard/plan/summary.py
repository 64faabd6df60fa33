"""The right-hand card: what will happen, what it costs, what to think about, and the button."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.backbones import BackboneCard, Stage
from core.datasets import Dataset
from core.device import resolve_device
from core.errors import Check, GraftError
from core.execution import default_run_name, missing_here, preflight_checks, submit
from core.home import Home
from core.plans import Plan
from core.profiling import estimate_in_background, max_micro_batch, trainable_parameters
from core.runs import list_runs
from core.units import format_bytes, format_rough_duration
from dashboard.glossary import GLOSSARY
from dashboard.navigation import always_in_sight
from dashboard.session import state
from dashboard.session.sharing import without_paths
from dashboard.shared.texts import escape_html, format_compact, pluralize, show_error, show_note

REFRESH_SECONDS = 0.7
SAFE = "You can pause, stop or close the browser at any time. Nothing is lost."


@dataclass(frozen=True)
class Cost:
    """What the card shows. time, memory: in words, or what stands in their way. settled: no measurement is under way.

    note: a sentence beside them, "" where there is nothing to say.
    """

    time: str
    memory: str
    settled: bool
    note: str = ""


def cost_of(home: Home, plan: Plan, dataset: Dataset, head_size: int) -> Cost:
    """Time and memory as far as they are known by now; begins to measure them where they are not."""
    try:
        estimate = estimate_in_background(home, plan, dataset, head_size)
    except GraftError as error:
        return Cost(without_paths(error.sentence), "?", settled=True)
    if estimate is None:
        return Cost("measuring ...", "...", settled=False)
    fits = max_micro_batch(home, plan, resolve_device(plan.device))
    note = GLOSSARY["batch in parts"].format(photos=fits) if fits and fits < plan.batch_size else ""
    return Cost(format_rough_duration(estimate.seconds), format_bytes(estimate.memory_bytes), settled=True, note=note)


def show_summary(plan: Plan, dataset: Dataset, card: BackboneCard, stages: Sequence[Stage], head_size: int) -> None:
    checks = preflight_checks(state.home(), plan, dataset)
    stops = [check.sentence for check in checks if check.level == "stop"] + missing_here(state.home(), plan)
    with st.container(key="card_summary"):
        st.header("What will happen", anchor=False)
        _show_figures(plan, dataset, stages, head_size)
        if _fits(plan, stages):
            _show_cost(plan, dataset, head_size)
        _show_checks(checks)
        _show_same_run(plan)
        suggested = default_run_name(plan, dataset.name)
        name = st.text_input(
            "Name of this run", placeholder=suggested, max_chars=120, key="run_name", help=GLOSSARY["run"]
        )
    _show_start(plan, name, next(iter(stops), None))


def _fits(plan: Plan, stages: Sequence[Stage]) -> bool:
    """Whether the plan has a rate for each stage: one that came as a file may be for another network."""
    return len(plan.phases[0].stage_rates) == len(stages)


def _show_figures(plan: Plan, dataset: Dataset, stages: Sequence[Stage], head_size: int) -> None:
    sizes = tuple(stage.parameters for stage in stages)
    learning = format_compact(trainable_parameters(plan, sizes, head_size)) if _fits(plan, stages) else "?"
    training, validation = len(dataset.indices("train")), len(dataset.indices("validation"))
    st.html(
        '<div class="figures">'
        f"<span><b>{learning} of {format_compact(sum(sizes) + head_size)}</b>parameters learn</span>"
        f"<span><b>{pluralize(training, 'photo')}</b>teach, {validation:,} judge</span></div>"
    )


def _show_cost(plan: Plan, dataset: Dataset, head_size: int) -> None:
    """Time and memory; refreshes itself while they are being measured."""
    cost = cost_of(state.home(), plan, dataset, head_size)

    def draw() -> None:
        current = cost_of(state.home(), plan, dataset, head_size)
        _write_cost(current)
        if current.settled and not cost.settled:
            st.rerun(scope="app")  # ends the refreshing

    st.fragment(draw, run_every=None if cost.settled else REFRESH_SECONDS)()


def _write_cost(cost: Cost) -> None:
    st.html(
        '<div class="figures">'
        f"<span><b>{escape_html(cost.time)}</b>on this computer</span>"
        f"<span><b>{escape_html(cost.memory)}</b>memory</span></div>"
    )
    if cost.note:
        show_note(cost.note, small=True)


def _show_checks(checks: Sequence[Check]) -> None:
    lines = "".join(f'<li class="{check.level}">{escape_html(without_paths(check.sentence))}</li>' for check in checks)
    st.html(f'<ul class="checks apart">{lines}</ul>')


def _show_same_run(plan: Plan) -> None:
    """The newest run of this very plan, where there is one: the same plan gives the same model again."""
    same = next((run for run in list_runs(state.home()) if run.plan.hash == plan.hash), None)
    if same is None:
        return
    best = same.progress.best
    reached = f", which reached {best.accuracy_text} on validation" if best and same.is_over else ""
    show_note(f"This is the plan of “{same.name}”{reached}. Training it again gives the same.", small=True)
    if st.button("Look at that run", key="same_run", icon=":material/arrow_forward:"):
        state.open_run(same)
        st.switch_page("train/page.py")


def _show_start(plan: Plan, name: str, obstacle: str | None) -> None:
    with always_in_sight():
        pressed = st.button(
            "Start training", type="primary", width="stretch", icon=":material/play_arrow:",
            disabled=obstacle is not None, key="start",
        )  # fmt: skip
        show_note(f"It cannot start: {without_paths(obstacle)}" if obstacle else _waiting() or SAFE, small=True)
        if pressed:
            try:
                run = submit(state.home(), plan, name)
            except GraftError as error:
                show_error(error)
                return
            state.choose_run(run.id)
            st.switch_page("train/page.py")


def _waiting() -> str:
    """What a new run would wait for, if anything."""
    ahead = [run for run in list_runs(state.home()) if run.state in ("running", "paused", "queued")]
    if not ahead:
        return ""
    others = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
    return f"Trains after “{ahead[-1].name}”{others}: one run at a time."
