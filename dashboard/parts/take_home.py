"""The trained model, to take along."""

from pathlib import Path

import streamlit as st

from dashboard.parts.texts import escaped
from dashboard.routes import export_url

STYLE = Path(__file__).with_name("results.css")


def show_take_home(run_id: str) -> None:
    st.html(STYLE)
    st.subheader("Take it home", anchor=False)
    st.html(
        '<div class="row apart" style="align-items:center">'
        '<span><b>Zip for Python</b><br><span class="quiet small">weights, labels, the plan, a model card, '
        "and a script that gives the same answers without Graft</span></span>"
        f'<a class="graft-save" href="{escaped(export_url(run_id))}" download>Save</a></div>'
    )
