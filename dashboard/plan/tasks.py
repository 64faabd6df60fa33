"""Which label columns are learned, and how much each of several counts."""

from functools import partial

import streamlit as st

from core.datasets import Dataset
from core.plans import Balance, Plan, balance_of, set_balance, set_task_weight, set_tasks, task_weights
from dashboard.glossary import GLOSSARY
from dashboard.plan.widgets import columns_in_rows, number_format, plan_widget
from dashboard.shared.texts import escape_markdown, show_note

TITLES: dict[Balance, str] = {"alike": "All alike", "learned": "It finds out", "by hand": "By hand"}
SENTENCES: dict[Balance, str] = {
    "alike": "A mistake costs as much whichever label it is about. Begin with this.",
    "learned": "It finds out how unsure it has to stay about each label, and counts one less the more unsure it is: a "
    "label that is hard, or often wrong, no longer drowns out the others. Where it was measured it was neither surely "
    "better nor worse. A chart shows the weights while it trains.",
    "by hand": "Give a label more where it matters more to you. The best epoch is chosen by these weights, too.",
}
NOTHING_SHARED = (
    "Only the heads learn so far, one for each label: the labels can neither help nor harm each other. Free a stage, "
    "and they shape it together."
)
LARGEST_WEIGHT = 10.0


def show_tasks(plan: Plan, dataset: Dataset) -> None:
    """Which label columns it learns; several at once is multi-task learning."""
    if len(dataset.tasks) < 2:
        return
    st.pills(
        "What it learns to tell", [task.name for task in dataset.tasks], format_func=escape_markdown,
        selection_mode="multi", help=GLOSSARY["tasks"],
        **plan_widget("tasks", list(plan.tasks), lambda plan, names: set_tasks(plan, names) if names else plan),
    )  # fmt: skip
    if len(plan.tasks) > 1:
        _show_balance(plan)


def _show_balance(plan: Plan) -> None:
    """Folded until it is another than the usual one."""
    chosen = balance_of(plan)
    with st.expander("How much each label counts", expanded=chosen != "alike"):
        st.segmented_control(
            "How much each label counts", list(TITLES), format_func=TITLES.__getitem__, wrap=True,
            help=GLOSSARY["task balance"], label_visibility="collapsed",
            **plan_widget("balance", chosen, set_balance),
        )  # fmt: skip
        show_note(SENTENCES[chosen])
        if chosen == "by hand":
            _show_weights(plan)
        if plan.first_trainable_stage == len(plan.phases[0].stage_rates):
            show_note(NOTHING_SHARED)


def _show_weights(plan: Plan) -> None:
    columns, weights = columns_in_rows(3), task_weights(plan)
    for number, task in enumerate(plan.tasks):
        weight = weights.get(task, 1.0)
        next(columns).number_input(
            escape_markdown(task), 0.0, max(LARGEST_WEIGHT, weight), step=0.1, format=number_format(weight),
            **plan_widget(f"weight_{number}", weight, partial(_set_weight, task)),
        )  # fmt: skip


def _set_weight(task: str, plan: Plan, weight: float) -> Plan:
    return set_task_weight(plan, task, weight)
