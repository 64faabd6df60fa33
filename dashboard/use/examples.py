"""Photos to try without any of one's own: those of the run's dataset that were set aside for the test."""

import numpy as np
import streamlit as st

from core.datasets import Dataset
from core.execution import RunResults
from core.tasks import MISSING
from dashboard.components.photo_choice import photo_choice
from dashboard.routes import thumbnail_url
from dashboard.session import state
from dashboard.shared.texts import escape_html, escape_markdown
from dashboard.use.try_photos import NewPhoto

EXAMPLES = 6
MOST_CLASSES = 12
TRIED = "tried_photo"  # key of the container that shows the photo and its answer
_CHOSEN, _PAGE = "example photo", "page of examples"


def choose_example(model: RunResults) -> NewPhoto | None:
    """Show some photos to try; gives the one that is chosen, under the name that its labels give it."""
    dataset, ids = model.dataset, _unseen_photos(model.dataset)
    if not ids:
        return None
    pages = -(-len(ids) // EXAMPLES)
    page = int(state.get_tab_value(_PAGE, 0)) % pages
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("**Or try one that it has not learned from**", width="content")
        if pages > 1 and st.button("Others", type="tertiary", icon=":material/refresh:", key="other_examples"):
            state.set_tab_value(_PAGE, page + 1)
            st.rerun()
    chosen = _chosen(model)
    clicked = photo_choice(
        dataset, ids[page * EXAMPLES : (page + 1) * EXAMPLES], chosen, "examples", f".st-key-{TRIED}"
    )
    if clicked is not None and clicked != chosen:
        state.set_tab_value(_CHOSEN, (model.run.id, clicked))
        st.rerun()
    if chosen is None:
        return None
    return NewPhoto(f"example {chosen}", "a photo of yours", dataset.path(chosen).read_bytes())


def forget_example() -> None:
    """Photos of one's own take the place of an example."""
    state.drop_tab_value(_CHOSEN)


def _chosen(model: RunResults) -> str | None:
    stored = state.get_tab_value(_CHOSEN)
    if isinstance(stored, tuple) and stored[0] == model.run.id and stored[1] in model.dataset.row:
        return stored[1]
    return None


def _unseen_photos(dataset: Dataset) -> list[str]:
    """Ids of the test photos, else of those that judged, mixed and always in the same order."""
    rows = dataset.indices("test")
    rows = rows if len(rows) else dataset.indices("validation")
    return dataset.table["image_id"].iloc[np.random.default_rng(0).permutation(rows)].tolist()


def show_labels_of_example(model: RunResults) -> None:
    """What the chosen photo really is, as far as it is labelled."""
    chosen = _chosen(model)
    if chosen is None:
        return
    row = model.dataset.row[chosen]
    known = []
    for name in model.tasks:
        task = model.dataset.task(name)
        label = model.dataset.labels(task)[row]
        if task.classes and label != MISSING:
            known.append(task.classes[label])
    if known:
        st.caption(f"Its label: {escape_markdown(', '.join(known))}")


def show_what_it_knows(model: RunResults) -> None:
    """A training photo of each class of the first task, where a kind has classes."""
    task = model.dataset.task(model.tasks[0])
    if not task.classes:
        return
    labels, training = model.dataset.labels(task), model.dataset.indices("train")
    figures = []
    for number, name in enumerate(task.classes[:MOST_CLASSES]):
        rows = training[labels[training] == number]
        if len(rows):
            image_id = str(model.dataset.table["image_id"].iat[rows[len(rows) // 2]])
            figures.append(
                f'<figure><img src="{escape_html(thumbnail_url(model.dataset) + image_id)}" alt="" loading="lazy">'
                f"<figcaption>{escape_html(name)}</figcaption></figure>"
            )
    more = len(task.classes) - MOST_CLASSES
    st.html(
        f'<div class="known">{"".join(figures)}</div>'
        + (f'<p class="muted small">and {more:,} more</p>' if more > 0 else "")
    )
