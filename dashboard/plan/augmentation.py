"""How photos are changed a little each time, shown on one of the user's own photos."""

import base64
import io
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
import torch
from PIL import Image

from core.augmentation import preview_augmentation, preview_mixup
from core.datasets import Dataset, decode_for
from core.errors import BadDataset
from core.plans import NO_AUGMENTATION, Augmentation, Plan, set_augmentation, views_in_words
from dashboard.glossary import GLOSSARY
from dashboard.plan.distillation import show_teacher_views
from dashboard.plan.widgets import plan_widget
from dashboard.session import state

# What a pill switches on, where the expert has not chosen a strength; and what "off" is.
STRENGTHS: dict[str, tuple[str, float | bool, float | bool]] = {
    "Flip": ("flip", True, False),
    "Upside down": ("flip_vertical", True, False),
    "Crop": ("crop", 0.7, 1.0),
    "Colour": ("colour", 0.2, 0.0),
    "Rotate": ("rotate", 15.0, 0.0),
    "Erase": ("erase", 0.25, 0.0),
    "Strong": ("trivial_augment", 0.5, 0.0),
}
VIEWS, SIDE = 6, 144
CACHED_VIEWS, AUTOMATIC = (2, 4, 8, 16), -1


def show_augmentation(plan: Plan, dataset: Dataset, expert: bool) -> None:
    chosen = switched_on(plan.augmentation)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.pills(
            "Change the photos a little each time", list(STRENGTHS), selection_mode="multi", wrap=True,
            help=GLOSSARY["augmentation"],
            **plan_widget("augmentation", chosen, lambda p, names: with_pills(p, names)),
        )  # fmt: skip
        if st.button("Another photo", icon=":material/refresh:", type="tertiary", key="other_photo"):
            state.set_tab_value("preview photo", _preview_number() + 1)
    _show_preview(plan.augmentation, dataset)
    if expert:  # right below the photos that they change
        _show_strengths(plan)
    if sentence := views_in_words(plan):
        st.caption(sentence)


def switched_on(augmentation: Augmentation) -> list[str]:
    return [name for name, (field, _, off) in STRENGTHS.items() if getattr(augmentation, field) != off]


def with_pills(plan: Plan, names: list[str]) -> Plan:
    """What is switched on keeps its strength; what is new gets the usual one."""
    previous = switched_on(plan.augmentation)
    changes = {
        field: usual if name in names else off
        for name, (field, usual, off) in STRENGTHS.items()
        if (name in names) != (name in previous)
    }
    return set_augmentation(plan, **changes)


def _show_strengths(plan: Plan) -> None:
    crop, colour, rotate = st.columns(3)
    erase, strong, views = st.columns(3)
    blend, paste, _ = st.columns(3)
    for column, label, field, least, most, step in (
        (crop, "Crop keeps at least", "crop", 0.1, 1.0, 0.05),
        (colour, "Colour, strength", "colour", 0.0, 1.0, 0.05),
        (rotate, "Rotate, up to degrees", "rotate", 0.0, 180.0, 5.0),
        (erase, "Erase, chance", "erase", 0.0, 1.0, 0.05),
        (strong, "Strong change, chance", "trivial_augment", 0.0, 1.0, 0.05),
        (blend, "Blend photos (mixup), share", "mixup", 0.0, 1.0, 0.05),
        (paste, "Paste parts (cutmix), share", "cutmix", 0.0, 1.0, 0.05),
    ):
        value = float(getattr(plan.augmentation, field))
        column.number_input(
            label, min(least, value), most, step=step, format="%g", help=GLOSSARY.get(f"augmentation {field}"),
            **plan_widget(f"aug_{field}", value, partial(_set_field, field)),
        )  # fmt: skip

    if plan.teacher:
        show_teacher_views(views, plan)
    else:
        _show_cached_views(views, plan)


def _set_field(field: str, plan: Plan, value: float) -> Plan:
    return set_augmentation(plan, **{field: value})


def _show_cached_views(column: Any, plan: Plan) -> None:
    views = plan.augmentation.cached_views
    column.selectbox(
        "Views of a photo", views_options(views), format_func=_views_in_words, help=GLOSSARY["cached views"],
        **plan_widget("cached_views", AUTOMATIC if views is None else views, _set_cached_views),
    )  # fmt: skip


def views_options(chosen: int | None) -> list[int]:
    """The choices, with the plan's own among them."""
    return [AUTOMATIC, *sorted({*CACHED_VIEWS, *([chosen] if chosen else [])}), 0]


def _views_in_words(views: int) -> str:
    return {AUTOMATIC: "automatic", 0: "new in each epoch"}.get(views, str(views))


def _set_cached_views(plan: Plan, views: int) -> Plan:
    return set_augmentation(plan, cached_views=None if views == AUTOMATIC else views)


def _preview_number() -> int:
    number = state.get_tab_value("preview photo", 0)
    return number if isinstance(number, int) else 0


def _show_preview(augmentation: Augmentation, dataset: Dataset) -> None:
    rows = dataset.indices("train")
    if not len(rows):
        return
    # A step through the photos that lands in another class each time, whatever their order.
    numbers = [(_preview_number() + step) * 7919 % len(rows) for step in (0, 1)]
    photo, other = (str(dataset.path(str(dataset.table["image_id"].iat[rows[number]]))) for number in numbers)
    try:
        pictures = _views(photo, other, augmentation.model_dump_json(), _preview_number())
    except BadDataset:  # its file went away since; the plan does not depend on it
        return
    cells = "".join(
        f'<img alt="the photo, {"as it is" if i == 0 else f"changed, {i}"}" src="{picture}">'
        for i, picture in enumerate(pictures)
    )
    if augmentation.off:
        cells += (
            '<p class="muted small">'
            "Always the same photo. It then goes through the frozen stages once, however many epochs: quick.</p>"
        )
    st.html(f'<div class="previews" style="--views:{VIEWS}">{cells}</div>')


@st.cache_data(max_entries=200, show_spinner=False)
def _views(photo: str, other: str, augmentation: str, seed: int) -> list[str]:
    """The photo as the network sees it, then changed five times, as data URLs; alone where nothing changes it.

    other: the photo with which it is mixed, where the plan mixes photos.
    """
    chosen = Augmentation.model_validate_json(augmentation)
    views = list(preview_augmentation(_pixels(photo), NO_AUGMENTATION, seed, 1)[0])
    if not chosen.off:
        views += preview_augmentation(_pixels(photo), chosen, seed, VIEWS - 1)[0]
    if chosen.mixes:
        others = preview_augmentation(_pixels(other), chosen, seed, VIEWS - 1)[0]
        views[1:] = preview_mixup(torch.stack(views[1:]), others, chosen, seed)
    return [_as_url(view) for view in views]


def _pixels(file: str) -> torch.Tensor:
    """uint8 [1, 3, side, side]."""
    return torch.from_numpy(decode_for(Path(file), SIDE).copy()).permute(2, 0, 1)[None]


def _as_url(picture: torch.Tensor) -> str:
    """A JPEG of uint8 [3, side, side], in an address."""
    with io.BytesIO() as file:
        Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()).save(file, "JPEG", quality=85)
        return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
