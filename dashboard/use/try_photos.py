"""New photos to try the model on, and what it predicts for them."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core.datasets import decode_within
from core.errors import BadDataset
from core.execution import RunResults
from core.exports import (
    PhotoPrediction,
    Strangeness,
    best_model_version,
    cached_predictor,
    predictions_csv,
    strangeness,
)
from core.runs import Run
from core.tasks import Task
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared.texts import escape_html, escape_markdown, pluralize, show_note
from dashboard.use.viewers import viewer_of

ENDINGS = ["jpg", "jpeg", "jfif", "png", "webp", "avif", "bmp", "gif", "tif", "tiff", "jp2"]
CAMERA = "camera"
MOST_PHOTOS = 100
LARGE, THUMBNAIL, ROW, TALLEST = 1_200, 96, 52, 640  # pixels


@dataclass(frozen=True)
class NewPhoto:
    """id: another one for each time that it is dropped or taken."""

    id: str
    name: str
    content: bytes


@dataclass(frozen=True)
class TriedPhoto:
    """thumbnail: the photo in small, as a data address; "" where it could not be read. strangeness: to the model; None
    where it is not known.
    """

    photo: PhotoPrediction
    thumbnail: str = ""
    strangeness: Strangeness | None = None

    @property
    def is_strange(self) -> bool:
        return self.strangeness is not None and self.strangeness.is_strange


def take_photos() -> list[NewPhoto]:
    """What was dropped, chosen or taken."""
    way = st.segmented_control(
        "Where the photos come from", ["Choose photos", "Camera"], default="Choose photos", required=True,
        label_visibility="collapsed", key="try_way",
    )  # fmt: skip
    if way == "Camera":
        photo = st.camera_input("Show it something", key="try_camera")
        return [NewPhoto(photo.file_id, CAMERA, photo.getvalue())] if photo else []
    files = st.file_uploader(
        "Drop photos of your own, one or some dozens", type=ENDINGS, accept_multiple_files=True, key="try_files",
        max_upload_size=50,
    )  # fmt: skip
    if len(files) > MOST_PHOTOS:
        st.caption(f"Only the first {MOST_PHOTOS} are looked at; for more, use graft predict on the command line.")
    return [NewPhoto(file.file_id, file.name, file.getvalue()) for file in files[:MOST_PHOTOS]]


def predict_photos(run: Run, photos: list[NewPhoto]) -> list[TriedPhoto]:
    """The model's predictions, computed once for the same photos. Raises NotFound when it has no model."""
    key = (run.id, best_model_version(state.home(), run.id), tuple(photo.id for photo in photos))
    cached = state.get_tab_value("predictions")
    if not (isinstance(cached, tuple) and cached[0] == key):
        cached = (key, _predict(run.id, photos))
        state.set_tab_value("predictions", cached)
    return cached[1]


def _predict(run_id: str, photos: list[NewPhoto]) -> list[TriedPhoto]:
    contents = [photo.content for photo in photos]
    predictions = cached_predictor(state.home(), run_id).iter_predictions(contents)
    with st.spinner("Looking at it, and at the photos that it learned from ..."):
        strange = strangeness(state.home(), run_id, contents)
        return [
            TriedPhoto(PhotoPrediction(photo.name, None, prediction.sentence))
            if isinstance(prediction, BadDataset)
            else TriedPhoto(PhotoPrediction(photo.name, prediction), _thumbnail(photo.content), how_strange)
            for photo, prediction, how_strange in zip(photos, predictions, strange, strict=True)
        ]


def show_photo(photo: NewPhoto) -> None:
    """As the model sees it, turned and in 8 bits: browsers and Streamlit leave some on their side, or refuse them."""
    st.image(decode_within(photo.content, LARGE), width="stretch")


def show_prediction(model: RunResults, tried: TriedPhoto) -> None:
    """Show one photo's prediction for each task, as the viewer of its kind of label does; before it, a doubt as large
    as the answer where the photo is unlike those that the model learned from.
    """
    photo = tried.photo
    if photo.prediction is None:
        st.error(
            f"**{escape_markdown(photo.name)}** could not be read: {escape_markdown(photo.reason)}",
            icon=":material/broken_image:",
        )
        return
    if tried.strangeness is not None and tried.is_strange:
        st.html(
            '<div class="doubt"><b>Perhaps none of what it knows</b>'
            f"<p>{escape_html(tried.strangeness.sentence)} It must answer all the same:</p></div>"
        )
    with st.container(key="doubtful_answer" if tried.is_strange else "answer"):
        for task in tasks_of(model):
            viewer_of(task.kind).show_prediction(model, task, photo.prediction[task.name])


def tasks_of(model: RunResults) -> list[Task]:
    """The tasks that the model has a head for."""
    return [model.dataset.task(name) for name in model.tasks]


def as_table(photos: Sequence[PhotoPrediction], tasks: Sequence[Task]) -> pd.DataFrame:
    """A row per photo: its name, then for each task the columns of its kind's viewer."""
    return pd.DataFrame([{"photo": photo.name} | _cells(photo, tasks) for photo in photos])


def _cells(photo: PhotoPrediction, tasks: Sequence[Task]) -> dict[str, object]:
    cells: dict[str, object] = {}
    for task in tasks:
        viewer = viewer_of(task.kind)
        own = (
            viewer.table_cells(photo.prediction[task.name])
            if photo.prediction
            else viewer.empty_cells(f"not read: {photo.reason}")
        )
        cells |= {_column(task, name, tasks): value for name, value in own.items()}
    return cells


def _column(task: Task, name: str, tasks: Sequence[Task]) -> str:
    return f"{task.name}: {name}" if len(tasks) > 1 else name


def doubt_in_words(tried: TriedPhoto, tasks: Sequence[Task]) -> str:
    """Why not to trust a prediction, in a word or two; "" where there is no special reason."""
    prediction = tried.photo.prediction
    if prediction is None:
        return ""
    if tried.is_strange:
        return "unlike its photos"
    unsure = any(viewer_of(task.kind).is_unsure(prediction[task.name]) for task in tasks)
    return "unsure" if unsure else ""


def show_table(model: RunResults, tried: list[TriedPhoto]) -> None:
    """Show several photos in a table with small pictures, and offer all of it as a file."""
    tasks, photos = tasks_of(model), [each.photo for each in tried]
    table = as_table(photos, tasks)
    table.insert(0, " ", [each.thumbnail or None for each in tried])
    table["doubt"] = [doubt_in_words(each, tasks) for each in tried]
    columns: dict[str, Any] = {" ": st.column_config.ImageColumn(" ", width="small")}
    for task in tasks:
        for name in viewer_of(task.kind).empty_cells(""):
            if config := viewer_of(task.kind).column_config(name):
                columns[_column(task, name, tasks)] = config
    height = min(TALLEST, ROW * (len(table) + 1))
    st.dataframe(table, column_config=columns, hide_index=True, width="stretch", row_height=ROW, height=height)
    label = f"Save the answers to {pluralize(len(tried), 'photo')} (CSV)"
    file = predictions_csv(photos, tasks)
    st.download_button(label, file, "answers.csv", "text/csv", icon=":material/download:", on_click="ignore")
    show_note(GLOSSARY["confidence"], small=True)


def _thumbnail(photo: bytes) -> str:
    with io.BytesIO() as file:
        decode_within(photo, THUMBNAIL).save(file, "JPEG", quality=80)
        return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
