"""A teacher: another network, or a model trained here, from which the network learns beside the labels."""

from typing import Any

import streamlit as st

from core.backbones import BackboneCard, can_teach, card, gallery
from core.datasets import Dataset
from core.errors import NotFound
from core.home import Home
from core.plans import BackboneChoice, Objective, Plan, Teacher, set_teacher
from core.runs import get_run, has_best, list_runs
from dashboard import state
from dashboard.parts.plan_widgets import change_plan, shows
from dashboard.parts.texts import escaped, plain
from dashboard.words import WORDS

NOBODY = ""
GONE = "a run that is gone"


def show_teacher(plan: Plan) -> None:
    """Who teaches beside the labels, where somebody does, and the way to do without."""
    if plan.teacher is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        name = escaped(title_of(state.home(), plan.teacher))
        st.html(
            f'<p class="quiet">It learns from <b>{name}</b>, too, which looks at your training photos.</p>',
            width="content",
        )
        if st.button("Without it", type="tertiary", key="without_teacher", icon=":material/close:"):
            change_plan(lambda plan: set_teacher(plan, None))
            st.rerun()


def show_teacher_settings(plan: Plan, dataset: Dataset) -> None:
    """Choose a teacher, and how much it counts."""
    home = state.home()
    chosen = key_of(plan.teacher)
    titles = {key_of(each): title_of(home, each) for each in teachers(home, dataset)}
    if plan.teacher:
        titles.setdefault(chosen, title_of(home, plan.teacher))
    who, answers, features = st.columns(3)
    who.selectbox(
        "Teacher", [NOBODY, *titles], format_func=lambda key: plain(titles.get(key, "nobody")), help=WORDS["teacher"],
        **shows("teacher", chosen, lambda plan, key: set_teacher(plan, teacher_of(key))),
    )  # fmt: skip
    if plan.teacher is None:
        return
    _weight(answers, plan, "teacher_answers", "Its answers count")
    _weight(features, plan, "teacher_features", "What it sees counts")
    softness, views, _ = st.columns(3)
    softness.slider(
        "Softness of its answers", 1.0, 10.0, step=0.5, help=WORDS["temperature"],
        **shows("temperature", _term(plan, "teacher_answers").temperature,
                lambda plan, value: _with_term(plan, "teacher_answers", temperature=value)),
    )  # fmt: skip
    views.slider(
        "Views of each photo", 2, 16, help=WORDS["teacher views"],
        **shows("teacher_views", plan.teacher.views, _look_at),
    )  # fmt: skip


def teachers(home: Home, dataset: Dataset) -> list[Teacher]:
    """Who can teach: models trained on these photos, the newest first, then networks that are here."""
    runs = [run for run in list_runs(home) if run.dataset_id == dataset.id and has_best(home, run.id)]
    networks = [each for each in gallery() if can_teach(home, each)]
    return [*(Teacher(run=run.id) for run in runs), *(Teacher(backbone=_choice(each)) for each in networks)]


def _choice(network: BackboneCard) -> BackboneChoice:
    return BackboneChoice(name=network.name)


def key_of(teacher: Teacher | None) -> str:
    """Who it is, whatever it shows and how often."""
    return teacher.model_dump_json(include={"backbone", "run"}) if teacher else NOBODY


def teacher_of(key: str) -> Teacher | None:
    """The inverse of `key_of`."""
    return Teacher.model_validate_json(key) if key else None


def title_of(home: Home, teacher: Teacher) -> str:
    """Its name as a user knows it."""
    if teacher.backbone:
        return card(teacher.backbone.name).title
    try:
        return f"“{get_run(home, str(teacher.run)).name}”"
    except NotFound:
        return GONE


def _weight(column: Any, plan: Plan, kind: str, label: str) -> None:
    column.slider(
        label, 0.0, 4.0, step=0.25, help=WORDS[kind.replace("_", " ")],
        **shows(f"weight_{kind}", _term(plan, kind).weight, lambda plan, value: _with_term(plan, kind, weight=value)),
    )  # fmt: skip


def _term(plan: Plan, kind: Any) -> Objective:
    """What the plan says about that objective; that it counts nothing where it says nothing."""
    return next((each for each in plan.objectives if each.kind == kind), Objective(kind=kind, weight=0.0))


def _with_term(plan: Plan, kind: str, **changes: Any) -> Plan:
    changed = _term(plan, kind).model_copy(update=changes)
    others = tuple(each for each in plan.objectives if each.kind != kind)
    return plan.model_copy(update={"objectives": (*others, changed)})


def _look_at(plan: Plan, views: int) -> Plan:
    assert plan.teacher
    return plan.model_copy(update={"teacher": plan.teacher.model_copy(update={"views": views})})
