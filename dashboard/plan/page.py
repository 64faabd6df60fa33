"""Step 3: which stages learn, how fast, how long; and beside it what that will cost."""

import streamlit as st

from core.backbones import BackboneCard, Stage
from core.datasets import Dataset
from core.plans import Plan
from core.profiling import head_size
from dashboard.navigation import show_empty_state
from dashboard.plan import rate_finder, which_part
from dashboard.plan.adaptation import show_adaptation
from dashboard.plan.augmentation import show_augmentation
from dashboard.plan.best import show_best
from dashboard.plan.distillation import show_teacher
from dashboard.plan.file import FILE, show_plan_file
from dashboard.plan.forgetting import show_forgetting
from dashboard.plan.layer_decay import show_layer_decay
from dashboard.plan.network import NETWORK, choose_phase, show_network, show_recipe
from dashboard.plan.settings import show_everything_else, show_main_settings
from dashboard.plan.simple_heads import HEADS, show_simple_heads
from dashboard.plan.situation import show_situation
from dashboard.plan.summary import show_summary
from dashboard.plan.tasks import show_tasks
from dashboard.plan.timeline import show_timeline
from dashboard.plan.widgets import part_of_page
from dashboard.session import state

EXPERT = "expert"


def page() -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.title("What should learn, and how fast?", anchor=False, width="content")
        expert = _expert_switch()
    dataset, plan = state.current_dataset(), state.current_plan()
    if dataset is None or plan is None:
        show_empty_state("A plan is made for your photos, so they come first.", "Choose photos", "photos/page.py")
        return
    card, stages = state.current_card(), state.current_stages()
    head_parameters = head_size(plan, dataset, card)
    left, right = st.columns([2.25, 1], gap="large")
    with left:
        _show_choices(plan, dataset, card, stages, head_parameters, expert)
    with right:
        show_summary(plan, dataset, card, stages, head_parameters)


def _show_choices(
    plan: Plan, dataset: Dataset, card: BackboneCard, stages: tuple[Stage, ...], head_size: int, expert: bool
) -> None:
    with part_of_page("recipe"):
        show_situation(plan, dataset)
        show_tasks(plan, dataset)
        show_best(plan, dataset)
        show_recipe(plan, stages)
        phase = choose_phase(plan)
    show_timeline(plan, phase, stages)
    with part_of_page(NETWORK):
        show_network(plan, phase, stages, head_size, expert)
    with part_of_page("main"):
        show_main_settings(plan, phase, card)
        show_layer_decay(plan)
        show_teacher(plan)
    with part_of_page(rate_finder.PART):
        rate_finder.show_rate_finder(plan)
    with part_of_page(which_part.PART):
        which_part.show_which_part(plan)
    with part_of_page("augmentation"):
        show_augmentation(plan, dataset, expert)
    with part_of_page(HEADS):
        show_simple_heads(plan)
    with part_of_page("adaptation"):
        show_adaptation(plan, dataset)
    with part_of_page("forgetting"):
        show_forgetting(plan, card)
    if expert:
        show_everything_else(plan, phase, dataset, card)
        with part_of_page(FILE):
            show_plan_file(plan)


def _expert_switch() -> bool:
    st.session_state.setdefault("expert", bool(state.get_tab_value(EXPERT, False)))
    return st.toggle(
        "Show everything",
        key="expert",
        help="Each stage's rate to type, and all the settings that have a good default.",
        on_change=lambda: state.set_tab_value(EXPERT, st.session_state["expert"]),
    )


page()
