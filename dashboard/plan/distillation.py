"""A teacher: another network, or a model trained here, from which the network learns beside the labels."""

from itertools import chain
from typing import Any

import streamlit as st

from core.backbones import check_has_classifier, get_card, list_gallery, weights_present
from core.datasets import Dataset
from core.errors import GraftError, NotFound
from core.execution import teacher_runs
from core.home import Home
from core.objectives import OBJECTIVES
from core.plans import BackboneChoice, Plan, Teacher, set_teacher
from core.runs import get_run
from dashboard.glossary import GLOSSARY
from dashboard.plan.widgets import change_plan, columns_in_rows, plan_widget, show_objective
from dashboard.session import state
from dashboard.shared.texts import escape_html

NOBODY = ""
GONE = "one that is gone"
MOST_VIEWS = 16


def show_teacher(plan: Plan) -> None:
    """Who teaches beside the labels, where somebody does, and the way to do without."""
    if plan.teacher is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        name = escape_html(title_of(state.home(), plan.teacher))
        st.html(
            f'<p class="muted">It learns from <b>{name}</b>, too, which looks at your training photos.</p>',
            width="content",
        )
        if st.button("Without it", type="tertiary", key="without_teacher", icon=":material/close:"):
            change_plan(lambda plan: set_teacher(plan, None))
            st.rerun()


def show_teacher_settings(plan: Plan, dataset: Dataset) -> None:
    """Choose a teacher, and how much it counts."""
    chosen, titles = key_of(plan.teacher), _titles(state.home(), dataset)
    if plan.teacher:
        titles.setdefault(chosen, title_of(state.home(), plan.teacher))
    who, *others = st.columns([1.2, 1, 1, 1])
    who.selectbox(
        "Teacher", [NOBODY, *titles], format_func=lambda key: titles.get(key, "nobody"), help=GLOSSARY["teacher"],
        **plan_widget("teacher", chosen, lambda plan, key: set_teacher(plan, teacher_of(key, plan.teacher))),
    )  # fmt: skip
    if plan.teacher is None:
        return
    columns = chain(others, columns_in_rows(4))
    for kind, objective in OBJECTIVES.items():
        if "teacher" in objective.needs:
            show_objective(columns, plan, kind)


def show_teacher_views(column: Any, plan: Plan) -> None:
    """How many augmented views of each photo there are, where a teacher computes all of them."""
    assert plan.teacher
    views = plan.teacher.views
    column.number_input(
        "Views of a photo", 2, max(MOST_VIEWS, views), help=GLOSSARY["teacher views"],
        **plan_widget("teacher_views", views, _set_views),
    )  # fmt: skip


def _titles(home: Home, dataset: Dataset) -> dict[str, str]:
    """By key, who can teach: models trained on these photos, the newest first, then networks that are here."""
    runs = {key_of(Teacher(run=run.id)): f"“{run.name}”" for run in teacher_runs(home, dataset.id)}
    networks = {key_of(_network(each.name)): each.title for each in list_gallery() if weights_present(home, each)}
    return runs | {key: title for key, title in networks.items() if _has_answers(home, key)}


def _network(name: str) -> Teacher:
    return Teacher(backbone=BackboneChoice(name=name))


@st.cache_data(max_entries=200, show_spinner=False)
def _has_answers(_home: Home, key: str) -> bool:
    """Whether the weights of a network that is here have a classifier. Cached: weights never change."""
    network = teacher_of(key)
    assert network
    assert network.backbone
    try:
        check_has_classifier(_home, network.backbone, get_card(network.backbone.name))
    except GraftError:
        return False
    return True


def key_of(teacher: Teacher | None) -> str:
    """Who it is, whatever it is shown and how often."""
    return teacher.model_dump_json(include={"backbone", "run"}) if teacher else NOBODY


def teacher_of(key: str, previous: Teacher | None = None) -> Teacher | None:
    """The inverse of `key_of`, with as many views as the previous teacher."""
    if key == NOBODY:
        return None
    teacher = Teacher.model_validate_json(key)
    return teacher.model_copy(update={"views": previous.views}) if previous else teacher


def title_of(home: Home, teacher: Teacher) -> str:
    """Its name as a user knows it."""
    try:
        if teacher.backbone:
            return get_card(teacher.backbone.name).title
        return f"“{get_run(home, str(teacher.run)).name}”"
    except NotFound:
        return GONE


def _set_views(plan: Plan, views: int) -> Plan:
    assert plan.teacher
    return plan.model_copy(update={"teacher": plan.teacher.model_copy(update={"views": views})})
