"""Step 2: which pretrained network to build on."""

import streamlit as st

from dashboard.model.gallery import show_choice, show_gallery
from dashboard.session import state
from dashboard.shared.texts import quiet
from dashboard.shared.work_bar import show_running, take_ended
from dashboard.words import LESSON

fetched = take_ended("download")
if fetched is not None:
    state.choose_card(fetched.result)
    state.say(f"{fetched.result.title} is here and chosen.")
    st.rerun()

st.title("Which network knows enough already?")
quiet(
    "Each of these has learned from other photos. You keep what it knows and teach it your classes. Bigger ones see "
    "more and take longer."
)
quiet(LESSON)
show_running("download")
left, right = st.columns([2.1, 1], gap="large")
with right, st.container(key="follows"):
    show_choice()
with left:
    show_gallery()
