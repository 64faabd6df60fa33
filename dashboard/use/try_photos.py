"""Photos to try the model on, and its answers to them."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.datasets import decode_within
from core.errors import BadDataset
from core.execution import RunResults
from core.exports import best_since, predictor
from core.runs import Run
from core.tasks import accuracy_at_confidence
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared.texts import escape_html, escape_markdown, format_probability, pluralize, show_note
from dashboard.use.answers import Said, as_csv, as_table, best, headline_of

ENDINGS = ["jpg", "jpeg", "jfif", "png", "webp", "avif", "bmp", "gif", "tif", "tiff", "jp2"]
CAMERA = "camera"
MOST_PHOTOS, SHOWN_CLASSES = 100, 6
LARGE, THUMBNAIL, ROW, TALLEST = 1_200, 96, 52, 640  # pixels


@dataclass(frozen=True)
class NewPhoto:
    """id: another one for each time that it is dropped or taken."""

    id: str
    name: str
    content: bytes


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
        "Drop photos here, one or some dozens", type=ENDINGS, accept_multiple_files=True, key="try_files",
        max_upload_size=50,
    )  # fmt: skip
    if len(files) > MOST_PHOTOS:
        st.caption(f"Only the first {MOST_PHOTOS} are looked at; for more, use graft predict on the command line.")
    return [NewPhoto(file.file_id, file.name, file.getvalue()) for file in files[:MOST_PHOTOS]]


def look_at(run: Run, photos: list[NewPhoto]) -> list[Said]:
    """The model's answers, asked for once. Raises NotFound when it has no model."""
    asked = (run.id, best_since(state.home(), run.id), tuple(photo.id for photo in photos))
    known = state.get_tab_value("answers")
    if not (isinstance(known, tuple) and known[0] == asked):
        known = (asked, _look_at(run.id, photos))
        state.set_tab_value("answers", known)
    return known[1]


def _look_at(run_id: str, photos: list[NewPhoto]) -> list[Said]:
    answers = predictor(state.home(), run_id).answers([photo.content for photo in photos])
    return [
        Said(photo.name, None, answer.sentence)
        if isinstance(answer, BadDataset)
        else Said(photo.name, answer, thumbnail=_thumbnail(photo.content))
        for photo, answer in zip(photos, answers, strict=True)
    ]


def show_photo(photo: NewPhoto) -> None:
    """As the model sees it, turned and in 8 bits: browsers and Streamlit leave some on their side, or refuse them."""
    st.image(decode_within(photo.content, LARGE), width="stretch")


def show_answer(model: RunResults, said: Said) -> None:
    """One photo: for each task the answer, how far to believe it, and all classes as bars."""
    if said.answer is None:
        st.error(
            f"**{escape_markdown(said.name)}** could not be read: {escape_markdown(said.reason)}",
            icon=":material/broken_image:",
        )
        return
    for task in model.tasks:
        ranked = best(said.answer[task])
        name, sure = ranked[0]
        title = f'<p class="muted small">{escape_html(task)}</p>' if len(model.tasks) > 1 else ""
        st.html(f'{title}<p class="big name">{escape_html(name)} <small>{format_probability(sure)}</small></p>')
        for line in (headline_of(said.answer[task]), _believable(model, task, sure)):
            if line:
                st.html(f'<p class="muted">{escape_html(line)}</p>')
        st.html(_bars(ranked))


def _believable(model: RunResults, task: str, sure: float) -> str:
    share = accuracy_at_confidence(model.predictions, model.dataset.task(task), sure)
    return f"When it was this sure on validation photos, it was right on {share.text} of them." if share else ""


def _bars(ranked: list[tuple[str, float]]) -> str:
    shown = ranked if len(ranked) <= SHOWN_CLASSES + 1 else ranked[:SHOWN_CLASSES]
    rows = list(shown)
    if len(shown) < len(ranked):
        rows.append((f"the other {len(ranked) - len(shown)}", sum(p for _, p in ranked[len(shown) :])))
    lines = "".join(
        f'<span class="name" title="{escape_html(name)}">{escape_html(name)}</span>'
        f'<i style="width:{100 * share:.1f}%"></i><span>{format_probability(share)}</span>'
        for name, share in rows
    )
    return f'<div class="bars tall">{lines}</div>'


def show_table(model: RunResults, said: list[Said]) -> None:
    """Several photos: a table with small pictures, and the whole of it as a file."""
    table = as_table(said, model.tasks)
    table.insert(0, " ", [one.thumbnail or None for one in said])
    columns: dict[str, Any] = {" ": st.column_config.ImageColumn(" ", width="small")}
    for name in [name for name in table.columns if name.endswith("sure")]:
        table[name] = 100 * table[name].astype(float)
        columns[name] = st.column_config.ProgressColumn(name, format="%.0f %%", min_value=0, max_value=100)
    height = min(TALLEST, ROW * (len(table) + 1))
    st.dataframe(table, column_config=columns, hide_index=True, width="stretch", row_height=ROW, height=height)
    classes = {task: model.dataset.task(task).classes for task in model.tasks}
    label = f"Save the answers to {pluralize(len(said), 'photo')} (CSV)"
    st.download_button(
        label, as_csv(said, classes), "answers.csv", "text/csv", icon=":material/download:", on_click="ignore"
    )
    show_note(GLOSSARY["confidence"], small=True)


def _thumbnail(photo: bytes) -> str:
    with io.BytesIO() as file:
        decode_within(photo, THUMBNAIL).save(file, "JPEG", quality=80)
        return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
