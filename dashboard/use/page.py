"""Step 6: what the model says to new photos, and how to take it along."""

import streamlit as st

from core.errors import GraftError
from core.execution import RunResults, open_results
from core.runs import Run, has_best
from dashboard.glossary import GLOSSARY
from dashboard.navigation import show_empty_state
from dashboard.session import state
from dashboard.shared.texts import show_error, show_note
from dashboard.use.examples import TRIED, choose_example, forget_example, show_labels_of_example, show_what_it_knows
from dashboard.use.take_home import show_take_home
from dashboard.use.try_photos import (
    CAMERA,
    NewPhoto,
    TriedPhoto,
    predict_photos,
    show_photo,
    show_prediction,
    show_table,
    take_photos,
    tasks_of,
)
from dashboard.use.viewers import viewer_of


def page() -> None:
    st.title("What does it say to new photos?", anchor=False)
    run = state.current_run()
    if run is None:
        show_empty_state("Here a trained model looks at new photos. There is none yet.", "Make a plan", "plan/page.py")
        return
    if not has_best(state.home(), run.id):
        show_empty_state(f"“{run.name}” has no model yet: no epoch of it has ended.", "Watch it learn", "train/page.py")
        return
    model = open_results(state.home(), run)
    _show_which(model)
    left, right = st.columns([1, 1.15], gap="large")
    with left, st.container(key="try"):
        photos = take_photos()
        if photos:
            forget_example()
        elif example := choose_example(model):
            photos = [example]
        tried = _predict(run, photos)
    with right:
        if len(tried) == 1:
            _show_tried(model, photos[0], tried[0])
        elif not tried:
            show_what_it_knows(model)
        _show_limits(model)
        show_take_home(model)
    if len(tried) > 1:
        show_table(model, tried)


def _show_tried(model: RunResults, photo: NewPhoto, tried: TriedPhoto) -> None:
    """A photo and its answer below each other: both are in sight."""
    with st.container(key=TRIED):
        if tried.photo.prediction and photo.name != CAMERA:
            show_photo(photo)
            show_labels_of_example(model)
        show_prediction(model, tried)
        show_note(GLOSSARY["confidence"], small=True)


def _predict(run: Run, photos: list[NewPhoto]) -> list[TriedPhoto]:
    try:
        return predict_photos(run, photos) if photos else []
    except GraftError as error:
        show_error(error)
        return []


def _show_which(model: RunResults) -> None:
    best = model.run.progress.best
    show_note(f"{model.run.name}: {best.accuracy_text} on validation photos." if best else model.run.name)


def _show_limits(model: RunResults) -> None:
    """What it can answer at all."""
    tasks = tasks_of(model)
    for kind in dict.fromkeys(task.kind for task in tasks):
        show_note(viewer_of(kind).known_in_words([task for task in tasks if task.kind == kind]))


page()
