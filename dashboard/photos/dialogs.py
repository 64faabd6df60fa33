"""Questions about a dataset in a window of their own: rename, delete, split, add photos."""

import streamlit as st

from core.datasets import SPLITS, Dataset, Split, SplitPlan, Task, delete_dataset, rename_dataset, split_again
from core.errors import GraftError
from dashboard.components.drop_zone import Target, drop_zone
from dashboard.glossary import GLOSSARY
from dashboard.photos.bars import show_split_bar
from dashboard.photos.importing import start_adding
from dashboard.session import state
from dashboard.shared.dialogs import ask_name, confirm_deletion
from dashboard.shared.texts import escape_markdown, show_error, show_note


def open_rename_dialog(dataset: Dataset) -> None:
    ask_name("Rename the dataset", dataset.name, lambda name: rename_dataset(state.home(), dataset.id, name))


def open_delete_dialog(dataset: Dataset) -> None:
    def delete() -> None:
        delete_dataset(state.home(), dataset.id)
        state.close_dataset()
        state.flash(f"{dataset.name} is deleted.")

    confirm_deletion(
        "Delete the dataset?",
        f"**{escape_markdown(dataset.name)}** with its {len(dataset):,} photos. Runs that learned from it "
        "keep what they need. The photos where they came from are not touched.",
        delete,
    )


@st.dialog("How to share out the photos?")
def open_split_dialog(dataset: Dataset) -> None:
    show_note(
        "Every class is shared out alike. Photos to which a table gives the same group stay together. A new version is "
        "made."
    )
    validation = st.slider("Validation: to choose by", 5, 40, _percent(dataset, "validation"), format="%d %%")
    test = st.slider("Test: to look at once", 0, 40, _percent(dataset, "test"), format="%d %%")
    seed = st.number_input("Seed", 0, 2**31 - 1, 0, help=GLOSSARY["split seed"])
    train = 100 - validation - test
    percent = {"train": train, "validation": validation, "test": test}
    show_split_bar({split: len(dataset) * share // 100 for split, share in percent.items()})
    if dataset.splits_from == "folders":
        st.warning("Your folders came with a split of their own. This replaces it.", icon=":material/warning:")
    if st.button("Share out anew", key="split_now", type="primary"):
        split_plan = SplitPlan(train / 100, validation / 100, test / 100, seed=int(seed))
        try:
            state.choose_dataset(split_again(state.home(), dataset, split_plan))
        except GraftError as error:
            show_error(error)
            return
        state.flash("The photos are shared out anew.")
        st.rerun()


def _percent(dataset: Dataset, split: Split) -> int:
    """The split's present share, within the slider's range."""
    counts = {name: len(dataset.indices(name)) for name in SPLITS}
    return min(40, max(0 if split == "test" else 5, round(100 * counts[split] / max(1, len(dataset)))))


@st.dialog("Add photos", width="large")
def open_add_dialog(dataset: Dataset, task: Task, label: str = "") -> None:
    """label: the class that they show, which may be a new one; "" asks about loose photos."""
    if label:
        is_new = label not in task.classes
        st.markdown(f"Photos of **{escape_markdown(label)}**" + (", a new class" if is_new else ""))
    else:
        show_note("Loose photos, folders named like the classes, a zip or a table. A new version is made.")
    title = "Drop them here" if label else "Drop more photos here"
    if upload := drop_zone(key="add", title=title, target=Target(task, label)):
        start_adding(state.home(), dataset, upload.folder)
