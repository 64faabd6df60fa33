"""The trained model, to take along, or to make smaller first."""

import streamlit as st

from core.backbones import BackboneCard, describe_stages, get_card, image_sizes_for, smaller_available
from core.execution import RunResults
from core.exports import RUN_EXPORTS
from core.plans import student_plan
from core.runs import HAS_RESULTS
from core.units import format_bytes
from dashboard.routes import run_export_url
from dashboard.session import state
from dashboard.shared.texts import escape_html, format_compact

BYTES_PER_PARAMETER = 4


def show_take_home(model: RunResults) -> None:
    st.header("Take it home", anchor=False)
    for export in (each for each in RUN_EXPORTS.values() if each.is_on_pages):
        address = escape_html(run_export_url(model.run.id, export.id))
        st.html(
            '<div class="row apart centred">'
            f'<span><b>{escape_html(export.title)}</b><br><span class="muted small">{escape_html(export.sentence)}'
            "</span></span>"
            + (
                f'<a class="graft-save" href="{address}" download>Save</a></div>'
                if export.is_available
                else f'<span class="muted small">needs the package {escape_html(export.extra)}</span></div>'
            )
        )
    large = get_card(model.run.plan.backbone.name)
    small = smaller_available(state.home(), large)
    if small and model.run.state in HAS_RESULTS:
        _show_way_to_smaller(model, large, small)


def _show_way_to_smaller(model: RunResults, large: BackboneCard, small: BackboneCard) -> None:
    about, button = st.columns([2, 1], vertical_alignment="center")
    about.html(
        "<span><b>Too large for a phone?</b><br>"
        f'<span class="muted small">It has {format_compact(large.parameters)} parameters '
        f"({_size(large)}). It can teach what it knows to {escape_html(small.title)}, which has "
        f"{format_compact(small.parameters)} ({_size(small)}).</span></span>"
    )
    if button.button("Make it smaller", key="make_smaller", width="stretch"):
        _plan_smaller(model, small)
        st.switch_page("plan/page.py")


def _size(of: BackboneCard) -> str:
    return format_bytes(BYTES_PER_PARAMETER * of.parameters)


def _plan_smaller(model: RunResults, small: BackboneCard) -> None:
    plan = student_plan(
        model.dataset, small, describe_stages(small), image_sizes_for(small), model.run.plan, model.run.id
    )
    state.choose_dataset(model.dataset)
    state.choose_task(model.tasks[0])
    state.choose_card(small)
    state.set_plan(plan)
