"""What do you have? One question that leads to the technique for it, in the words of the field."""

from typing import Literal, get_args

import streamlit as st

from core.datasets import Dataset
from core.plans import Plan, set_tasks
from dashboard.glossary import GLOSSARY
from dashboard.plan.widgets import change_plan
from dashboard.session import state
from dashboard.shared.texts import show_note

Situation = Literal["labelled", "another place", "several labels", "few labels", "no labels"]
TITLES: dict[Situation, str] = {
    "labelled": "Labelled photos",
    "another place": "Labelled photos, and others from another place",
    "several labels": "Several labels per photo",
    "few labels": "Few labels, many unlabelled photos",
    "no labels": "No labels at all",
}
SENTENCES: dict[Situation, str] = {
    "labelled": "A network that learned from other photos learns to tell yours apart (inductive transfer). With few "
    "photos the head alone learns, with more of them later stages too; the plan below is ready.",
    "another place": "The labels are in one place (the source domain), and the model is to be used in another (the "
    "target domain), where nobody labelled anything: domain adaptation, a transductive transfer. Drop those photos "
    "under “Photos from another place”, which is open below.",
    "several labels": "One network learns all of them at once (multi-task learning): chosen below. Whether they help "
    "each other is shown beside the results.",
    "few labels": "Let what is labelled teach a first head, and label next what it would learn most from (active "
    "learning): `graft label-next` lists those photos. Until then the head alone should learn, as below.",
    "no labels": "Without labels a network can still tell what looks alike (unsupervised transfer). The photos page "
    "sorts such photos into groups, which you name; then they are labelled photos.",
}
ONE_LABEL = (
    "Your photos have one label each so far. A table with a column per label brings more: “Add photos” on the photos "
    "page."
)
CHOSEN = "situation"  # a value of this tab


def show_situation(plan: Plan, dataset: Dataset) -> None:
    """Folded away in one line: who has labelled photos need not answer."""
    now = situation_of(plan)
    chosen: Situation = st.selectbox(
        "What do you have?", get_args(Situation), index=get_args(Situation).index(_chosen(now)),
        format_func=TITLES.__getitem__, help=GLOSSARY["transfer"], key="situation", on_change=_choose, args=(dataset,),
    )  # fmt: skip
    if chosen == "labelled" and now == "labelled":
        return
    show_note(ONE_LABEL if chosen == "several labels" and len(dataset.tasks) < 2 else SENTENCES[chosen])
    if chosen == "no labels":
        st.page_link("photos/page.py", label="To the photos", icon=":material/arrow_forward:")


def situation_of(plan: Plan) -> Situation:
    """What a plan is for already."""
    if plan.target:
        return "another place"
    return "several labels" if len(plan.tasks) > 1 else "labelled"


def asks_for_another_place() -> bool:
    """Whether somebody said so: the part of the page for it is open then."""
    return state.get_tab_value(CHOSEN) == "another place"


def _chosen(now: Situation) -> Situation:
    """What the plan says counts more than what somebody answered once."""
    return now if now != "labelled" else state.get_tab_value(CHOSEN, now)


def _choose(dataset: Dataset) -> None:
    chosen = st.session_state["situation"]
    state.set_tab_value(CHOSEN, chosen)
    names = [task.name for task in dataset.tasks]
    if chosen == "several labels" and len(names) > 1:
        change_plan(lambda plan: set_tasks(plan, names))
