"""Small questions in a window of their own: rename, delete, split, add."""

import shutil

import streamlit as st

from core.datasets import SPLITS, Dataset, SplitPlan, delete_dataset, rename_dataset, split_again
from core.datasets import add_photos as add_to_dataset
from core.errors import GraftError
from core.home import Progress
from dashboard.components.drop_zone import drop_zone
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.bars import split_bar
from dashboard.shared.texts import escape_markdown, show_error, show_note


@st.dialog("Rename the dataset")
def rename(dataset: Dataset) -> None:
    name = st.text_input("Name", dataset.name, max_chars=80)
    if st.button("Rename", key="rename_now", type="primary", disabled=not name.strip()):
        try:
            rename_dataset(state.home(), dataset.id, name.strip())
        except GraftError as error:
            show_error(error)
            return
        st.rerun()


@st.dialog("Delete the dataset?")
def delete(dataset: Dataset) -> None:
    st.markdown(
        f"**{escape_markdown(dataset.name)}** with its {len(dataset):,} photos. Runs that learned from it "
        "keep what they need. The photos where they came from are not touched."
    )
    if st.button("Delete it", key="delete_now", type="primary", icon=":material/delete:"):
        try:
            delete_dataset(state.home(), dataset.id)
        except GraftError as error:
            show_error(error)
            return
        state.close_dataset()
        state.flash(f"{dataset.name} is deleted.")
        st.rerun()


@st.dialog("How to share out the photos?")
def change_split(dataset: Dataset) -> None:
    show_note(
        "Every class is shared out alike. Photos to which a table gives the same group stay together. A new version is "
        "made."
    )
    validation = st.slider("Validation: to choose by", 5, 40, _percent(dataset, "validation"), format="%d %%")
    test = st.slider("Test: to look at once", 0, 40, _percent(dataset, "test"), format="%d %%")
    seed = st.number_input("Seed", 0, 2**31 - 1, 0, help=GLOSSARY["split seed"])
    training = 100 - validation - test
    total = len(dataset)
    split_bar({"train": total * training // 100, "validation": total * validation // 100, "test": total * test // 100})
    if dataset.splits_from == "folders":
        st.warning("Your folders came with a split of their own. This replaces it.", icon=":material/warning:")
    if st.button("Share out anew", key="split_now", type="primary"):
        wanted = SplitPlan(train=training / 100, validation=validation / 100, test=test / 100, seed=int(seed))
        try:
            state.choose_dataset(split_again(state.home(), dataset, wanted))
        except GraftError as error:
            show_error(error)
            return
        state.flash("The photos are shared out anew.")
        st.rerun()


def _percent(dataset: Dataset, split: str) -> int:
    """What the split has now, in the slider's steps."""
    known = {name: len(dataset.indices(name)) for name in SPLITS}
    return min(40, max(0 if split == "test" else 5, round(100 * known[split] / max(1, len(dataset)))))


@st.dialog("Add photos", width="large")
def add_photos(dataset: Dataset) -> None:
    show_note("The same ways as before: folders named like the classes, a zip, a table. A new version is made.")
    if upload := drop_zone(key="add", title="Drop more photos here", compact=True):
        home, place = state.home(), state.home().inbox / upload.folder

        def work(progress: Progress) -> Dataset:
            try:
                return add_to_dataset(home, dataset, place, progress=progress)
            finally:
                shutil.rmtree(place, ignore_errors=True)

        state.watch_job(background_jobs.start("import", upload.folder, f"Adding to {dataset.name}", work).id)
        st.rerun()
