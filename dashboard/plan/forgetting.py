"""Against forgetting, and against learning by heart: folded until something of it is on."""

import streamlit as st

from core.backbones import BackboneCard, has_drop_path
from core.plans import Plan, has_l2_sp, set_l2_sp
from dashboard.glossary import GLOSSARY
from dashboard.plan.widgets import columns_in_rows, plan_widget, show_objective
from dashboard.shared.texts import show_note

MOST_EPOCHS = 16  # of a soup
LARGEST_DROP = 0.5


def show_forgetting(plan: Plan, card: BackboneCard) -> None:
    """What is on, each with a sentence that says when it helps."""
    held, is_on = has_l2_sp(plan), plan.sampling == "balanced" or plan.soup or plan.drop_path
    with st.expander("Against forgetting and learning by heart", expanded=bool(held or is_on)):
        show_note(
            "All of these are off at first: a plain plan is the one to compare with. Few photos and many free stages "
            "make a network forget; many epochs make it learn photos by heart."
        )
        near, rare = st.columns(2)
        near.toggle(
            "Stay near the start", help=GLOSSARY["l2-sp"],
            **plan_widget("l2_sp", held, set_l2_sp),
        )  # fmt: skip
        rare.toggle(
            "Draw rare classes more often", help=GLOSSARY["balanced sampling"],
            **plan_widget("balanced_sampling", plan.sampling == "balanced", _set_balanced),
        )  # fmt: skip
        columns = columns_in_rows(3)
        next(columns).number_input(
            "Soup of epochs, 0 is off", 0, MOST_EPOCHS, help=GLOSSARY["soup"],
            **plan_widget("soup", plan.soup, lambda plan, epochs: plan.model_copy(update={"soup": epochs})),
        )  # fmt: skip
        if plan.drop_path or has_drop_path(card.architecture):
            next(columns).number_input(
                "Stochastic depth, 0 is off", 0.0, max(LARGEST_DROP, plan.drop_path), step=0.05, format="%g",
                help=GLOSSARY["stochastic depth"],
                **plan_widget("drop_path", plan.drop_path, lambda p, rate: p.model_copy(update={"drop_path": rate})),
            )  # fmt: skip
        if held:
            show_objective(columns, plan, "l2_sp")


def _set_balanced(plan: Plan, on: bool) -> Plan:
    return plan.model_copy(update={"sampling": "balanced" if on else "shuffled"})
