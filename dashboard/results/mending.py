"""Wrong labels that a result brought to light: mended where they are seen, undone, and learned from again."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.datasets import Dataset, labels_in_words, leave_out, load_dataset, relabel, undo
from core.errors import GraftError
from core.execution import RunResults
from core.runs import Run
from core.tasks import Task
from dashboard.components.photo_grid import Edit, photo_wall
from dashboard.session import state
from dashboard.shared.advice import open_plan
from dashboard.shared.texts import pluralize, show_error

LEFT_OUT = "left out"


@dataclass(frozen=True)
class Labels:
    """The photos of a run with the labels that they have by now.

    learned: the dataset version that the run learned from. newest: the version that a change is made of. changes: by
    image id, the present class of a photo whose label is another one by now, or LEFT_OUT.
    """

    learned: Dataset
    newest: Dataset
    task: Task
    changes: dict[str, str]

    @property
    def can_change(self) -> bool:
        """Whether the label column is still there, as the kind of label that it was."""
        return any((task.name, task.kind) == (self.task.name, self.task.kind) for task in self.newest.tasks)


def read_labels(model: RunResults, task: Task) -> Labels:
    """The labels of a run's photos, then and now."""
    newest = load_dataset(state.home(), model.dataset.id)
    if newest.version == model.dataset.version or all(each.name != task.name for each in newest.tasks):
        return Labels(model.dataset, newest, task, {})
    then, now = (_by_image(dataset, task) for dataset in (model.dataset, newest))
    changes = {
        image_id: now.get(image_id) or ("no label" if image_id in now else LEFT_OUT)
        for image_id, label in then.items()
        if now.get(image_id, LEFT_OUT) != label
    }
    return Labels(model.dataset, newest, task, changes)


def _by_image(dataset: Dataset, task: Task) -> dict[str, str | None]:
    words = labels_in_words(dataset)
    column = dataset.task(task.name).column
    return {
        image_id: label if isinstance(label, str) else None
        for image_id, label in zip(words["image_id"], words[column], strict=True)
    }


def show_photos(labels: Labels, run: Run, photos: Sequence[tuple[str, str]], key: str, height: int) -> None:
    """Show photos, [(image_id, caption), ...], that are relabelled or left out in place."""
    shown = [
        (image_id, f"now {labels.changes[image_id]}; {caption}" if image_id in labels.changes else caption)
        for image_id, caption in photos
        if image_id in labels.learned.row
    ]
    drawn = labels.newest if labels.can_change else labels.learned
    task = drawn.task(labels.task.name)
    edit = photo_wall(drawn, task, shown, key, height=height, lines=2, editable=labels.can_change)
    if edit is not None:
        _apply_edit(labels.newest, run, task, edit)


def _apply_edit(newest: Dataset, run: Run, task: Task, edit: Edit) -> None:
    photos = pluralize(len(edit.image_ids), "photo")
    try:
        if edit.kind == "relabel":
            changed = relabel(state.home(), newest, edit.image_ids, task.name, edit.label)
            done = f"{photos} relabelled: {edit.label}. Undo takes it back."
        else:
            changed = leave_out(state.home(), newest, edit.image_ids)
            done = f"{photos} left out. Undo brings them back."
    except GraftError as error:
        show_error(error)
        return
    _use_version(run, changed)
    state.flash(done)
    st.rerun()


def show_changes(labels: Labels, run: Run) -> None:
    """How many labels are others by now; the way back, and the way to a run that learns from them."""
    if not labels.changes:
        return
    with st.container(key="card_mended"):
        count = len(labels.changes)
        st.markdown(
            f"**{pluralize(count, 'label')} {'is' if count == 1 else 'are'} not as this run learned "
            f"{'it' if count == 1 else 'them'}.** Its figures stay as they are until it trains again."
        )
        with st.container(horizontal=True, gap="small"):
            if st.button("Train again with the new labels", icon=":material/arrow_forward:", key="train_mended"):
                state.open_run(run)
                open_plan(run, run.plan, labels.newest)
            if labels.newest.before and st.button(
                "Undo the last change", type="tertiary", icon=":material/undo:", key="undo_mended"
            ):
                _use_version(run, undo(state.home(), labels.newest))
                state.flash("The last change is undone.")
                st.rerun()


def open_photos(labels: Labels, run: Run) -> None:
    """Open the photos page with these photos as they are by now."""
    _use_version(run, labels.newest)
    state.choose_task(labels.task.name)
    st.switch_page("photos/page.py")


def _use_version(run: Run, dataset: Dataset) -> None:
    """Use a version from now on, and go on viewing this run."""
    state.choose_dataset(dataset)
    state.choose_run(run.id)
