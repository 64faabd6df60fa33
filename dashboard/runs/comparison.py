"""Some runs side by side: which is better and how surely, their curves, and what differed in their plans."""

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.backbones import get_card
from core.datasets import load_dataset
from core.errors import NotFound
from core.evaluation import metrics_of
from core.monitoring import common_tasks, comparable_splits, compare_runs, curves_by_epoch, read_view
from core.plans import DatasetChoice, Difference, PlanNames, Teacher, differences
from core.runs import Run, get_run
from core.units import format_duration
from dashboard.runs.run_list import model_title, score_of
from dashboard.session import state
from dashboard.shared.charts import PLAIN, chart_colours
from dashboard.shared.texts import escape_html, escape_markdown, format_time, show_note

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MOST_CURVES = len(DASHES)
CHART_HEIGHT = 300  # pixels


def show_comparison(runs: Sequence[Run]) -> None:
    """Show runs side by side, in the order in which they were ticked."""
    names = short_names(runs)
    both = " and ".join(escape_markdown(name) for name in names.values())
    st.header(both if len(runs) == 2 else f"{len(runs)} runs side by side", anchor=False)
    tasks = common_tasks(runs)
    if not tasks:
        show_note("They learned different labels, so neither figures nor curves can be compared.")
    else:
        task = tasks[0] if len(tasks) == 1 else _choose_task(tasks)
        _show_who_is_better(runs, names, task)
        _show_curves(runs, names, task)
    _show_differences(runs, names)


def short_names(runs: Sequence[Run]) -> dict[str, str]:
    """By id, the runs' names; those that several have get a number."""
    names = [run.name for run in runs]
    return {
        run.id: run.name if names.count(run.name) == 1 else f"{run.name} ({number})"
        for number, run in enumerate(runs, 1)
    }


def _choose_task(tasks: Sequence[str]) -> str:
    chosen = st.segmented_control(
        "What it tells", tasks, default=tasks[0], required=True, key="compared_task", format_func=escape_markdown
    )
    return chosen or tasks[0]


def _show_who_is_better(runs: Sequence[Run], names: dict[str, str], task: str) -> None:
    """The best of the runs against each other one."""
    for line in who_is_better(runs, names, task):
        st.html(f'<p class="answer">{escape_html(line)}</p>')


def who_is_better(runs: Sequence[Run], names: dict[str, str], task: str) -> list[str]:
    """A sentence for each run that can be compared with the best of them, on photos that judged both."""
    best, *others = sorted(runs, key=_score, reverse=True)
    lines = []
    for other in others:
        first, second = sorted((best, other), key=runs.index)
        for split in comparable_splits(first, second):
            found = compare_runs(state.home(), first, second, task, split)
            if found is not None:
                which = "On the test photos: " if split == "test" else ""
                lines.append(which + found.in_words(names[first.id], names[second.id]))
    return lines or ["They cannot be compared photo by photo: " + _why_not(runs)]


def _score(run: Run) -> float:
    score = score_of(run.progress.best.accuracy_text) if run.progress.best else None
    return -1.0 if score is None else score


def _why_not(runs: Sequence[Run]) -> str:
    if len({run.dataset_id for run in runs}) > 1:
        return "they learned from different photos, and were judged by different ones."
    return "not all of them have results yet."


def _show_curves(runs: Sequence[Run], names: dict[str, str], task: str) -> None:
    curves = curves_by_epoch(state.home(), runs[:MOST_CURVES], task)
    if not curves:
        return
    loss, score = metrics_of(read_view(state.home(), curves[0].run.id).kind_of(task))[:2]
    left, right = st.columns(2, gap="large")
    percent = score.unit == "share"
    with left:
        _show_chart(f"{loss.title} on validation photos", [(names[c.run.id], c.losses) for c in curves], "")
    with right:
        _show_chart(
            f"{score.title} on validation photos",
            [(names[c.run.id], c.scores) for c in curves],
            ".0%" if percent else "",
        )
    if len(runs) > MOST_CURVES:
        show_note(f"The curves are those of the first {MOST_CURVES} that were ticked.", small=True)


def _show_chart(title: str, lines: Sequence[tuple[str, Sequence[float]]], ticks: str) -> None:
    """One line per run; colour and dashes tell them apart, and the legend above names them."""
    figure = go.Figure(
        [
            go.Scatter(
                x=list(range(1, len(values) + 1)), y=list(values), name=escape_html(name),
                mode="lines+markers" if len(values) < 3 else "lines", line={"dash": dash, "width": 2.2},
                hovertemplate=f"%{{y:{ticks or '.3f'}}}, epoch %{{x}}",
            )
            for (name, values), dash in zip(lines, DASHES, strict=False)
        ]
    )  # fmt: skip
    figure.update_layout(
        **PLAIN, colorway=chart_colours(), height=CHART_HEIGHT, hovermode="x unified",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        xaxis={"title": "epoch", "rangemode": "tozero"}, yaxis={"tickformat": ticks},
    )  # fmt: skip
    st.markdown(f"**{title}**")
    st.plotly_chart(figure, width="stretch", key=f"compared {title}", config={"displayModeBar": False})


def _show_differences(runs: Sequence[Run], names: dict[str, str]) -> None:
    found = differences([run.plan for run in runs], plan_names())
    chosen, following = [d for d in found if not d.follows], [d for d in found if d.follows]
    st.markdown("**What came of them, and what differs between their plans**")
    st.html(_table(names, [*outcomes(runs), *chosen]))
    if not found:
        show_note("Their plans are the same: what differs between them is chance.", small=True)
    if following:
        with st.expander(f"{len(following)} more, which only follow from the other model"):
            st.html(_table(names, following))


def outcomes(runs: Sequence[Run]) -> list[Difference]:
    """What became of each run, as rows beside those of the plans."""
    return [
        Difference(
            "On validation photos", tuple(r.progress.best.accuracy_text if r.progress.best else "–" for r in runs)
        ),
        Difference("Best epoch", tuple(str(r.progress.best.epoch) if r.progress.best else "–" for r in runs)),
        Difference("Took", tuple(format_duration(r.seconds) if r.seconds else "–" for r in runs)),
        Difference("When", tuple(format_time(r.created) for r in runs)),
    ]


def plan_names() -> PlanNames:
    """Ids of plans as screens call them."""
    return PlanNames(model=model_title, dataset=_dataset_title, teacher=_teacher_title, own_size=_own_size)


def _dataset_title(choice: DatasetChoice) -> str:
    try:
        return f"{load_dataset(state.home(), choice.id, choice.version).name}, version {choice.version}"
    except NotFound:
        return "deleted photos"


def _teacher_title(teacher: Teacher) -> str:
    if teacher.backbone:
        return model_title(teacher.backbone.name)
    try:
        return f"“{get_run(state.home(), str(teacher.run)).name}”"
    except NotFound:
        return "a run that is gone"


def _own_size(name: str) -> int | None:
    try:
        return get_card(name).input_size
    except NotFound:
        return None


def _table(names: dict[str, str], rows: Sequence[Difference]) -> str:
    heads = "".join(f'<th scope="col">{escape_html(name)}</th>' for name in names.values())
    lines = "".join(
        f'<tr><th scope="row">{escape_html(row.title)}</th>'
        + "".join(f"<td>{escape_html(value)}</td>" for value in row.values)
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="graft-differences"><table><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
