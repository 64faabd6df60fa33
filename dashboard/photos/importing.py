"""Background imports of what a person gave: an upload, a path, a sample, a public set."""

from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.datasets import (
    ColumnChoice,
    Dataset,
    PublicSet,
    Sample,
    SourcePreview,
    add_photos,
    import_dataset,
    import_public,
    import_sample,
    import_unlabelled,
    import_upload,
    inbox,
    list_datasets,
    load_dataset,
    preview_in_doubt,
)
from core.errors import BadInput, GraftError
from core.home import Home, Progress
from core.names import unused_name
from dashboard.session import state
from dashboard.session.sharing import is_local_only
from dashboard.shared.job_progress import start_and_watch
from dashboard.shared.texts import escape_markdown

WANTED_NAME = "wanted name"  # a value of this tab: what the dataset that is being imported was to be called


@dataclass(frozen=True)
class ImportRequest:
    """source: on this computer, or an inbox folder. name: of the dataset. adding_to: the id of the one that gets the
    photos; None for a new one. unlabelled: whether a new one is to have no labels."""

    source: Path
    name: str
    adding_to: str | None = None
    unlabelled: bool = False

    @property
    def title(self) -> str:
        return f"Adding to {self.name}" if self.adding_to else f"Reading {self.name}"


@dataclass(frozen=True)
class ColumnsToDecide:
    """What an import ends with where a person should first say, or see, what its columns mean."""

    request: ImportRequest
    preview: SourcePreview


def unused_dataset_name(home: Home, wanted: str) -> str:
    """`wanted`, or with a number after it when a dataset is already called so; capitals make no difference."""
    return unused_name(" ".join(wanted.split()) or "photos", [known.name for known in list_datasets(home)])


def _name_for(home: Home, wanted: str) -> str:
    """The name of a new dataset; that another one was wanted is said once it is there (`say_other_name`)."""
    state.set_tab_value(WANTED_NAME, " ".join(wanted.split()))
    return unused_dataset_name(home, wanted)


def say_other_name(dataset: Dataset) -> None:
    """Say once that a new dataset has a number after its name, because another one was called so already."""
    wanted = state.get_tab_value(WANTED_NAME)
    state.drop_tab_value(WANTED_NAME)
    if wanted and dataset.name != wanted and dataset.name.startswith(wanted):
        sentence = f'There is a dataset called "{wanted}" already, so this one is called "{dataset.name}".'
        st.toast(f'{escape_markdown(sentence)} Rename it under "More".', icon=":material/edit:", duration="long")


def start_upload_import(home: Home, folder: str, wanted: str, unlabelled: bool = False) -> None:
    """Import an inbox folder, which is used up by that."""
    _start(home, ImportRequest(home.inbox / folder, _name_for(home, wanted), unlabelled=unlabelled))


def start_adding(home: Home, dataset: Dataset, folder: str) -> None:
    """Add the photos of an inbox folder to a dataset; it is used up by that."""
    state.drop_tab_value(WANTED_NAME)
    _start(home, ImportRequest(home.inbox / folder, dataset.name, dataset.id))


def start_decided(home: Home, request: ImportRequest, columns: ColumnChoice) -> None:
    """Go on with an import, now that its columns are decided."""
    start_and_watch(
        "import", str(request.source), request.title, lambda progress: _import(home, request, columns, progress)
    )


def look_again(home: Home, waiting: ColumnsToDecide, photo_column: str) -> None:
    """Look at the source once more, with another column that names the photos; where it names none, all stays."""

    def work(progress: Progress) -> ColumnsToDecide:
        progress(0, 0, "Looking at the columns")
        try:
            preview = preview_in_doubt(home, waiting.request.source, ColumnChoice({photo_column: "photo"}))
        except GraftError:
            preview = None
        return replace(waiting, preview=preview or waiting.preview)

    start_and_watch("import", str(waiting.request.source), waiting.request.title, work)


def throw_away(home: Home, request: ImportRequest) -> None:
    """Give an import up. An upload is gone with it; a folder of the user's stays as it is."""
    if inbox.contains(home, request.source):
        inbox.delete(request.source)


def _start(home: Home, request: ImportRequest) -> None:
    """The work ends with a dataset, or with columns that a person should look at."""

    def work(progress: Progress) -> Dataset | ColumnsToDecide:
        progress(0, 0, "Looking at the files")
        try:
            preview = None if request.unlabelled else preview_in_doubt(home, request.source)
        except GraftError:
            preview = None  # the import says the same, and cleans up
        return ColumnsToDecide(request, preview) if preview else _import(home, request, ColumnChoice(), progress)

    start_and_watch("import", str(request.source), request.title, work)


def _import(home: Home, request: ImportRequest, columns: ColumnChoice, progress: Progress) -> Dataset:
    if request.adding_to is not None:
        dataset = load_dataset(home, request.adding_to)
        return add_photos(home, dataset, request.source, columns=columns, progress=progress)
    if request.unlabelled:
        return import_unlabelled(home, request.name, request.source, progress=progress)
    make = import_upload if inbox.contains(home, request.source) else import_dataset
    return make(home, request.name, request.source, columns=columns, progress=progress)


def start_path_import(home: Home, text: str) -> None:
    """Import a folder, zip or table on this computer. Raises BadInput when there is none, or others may ask, too."""
    if not is_local_only():
        raise BadInput("Graft is shared: no page takes a path on this computer then.", "Drop the photos instead.")
    source = _existing(text.strip().strip('"'))
    if source is None:
        raise BadInput(f'There is nothing at "{text.strip()}".', "Check the path; it begins with / or with a drive.")
    name = _name_for(home, source.stem if source.is_file() else source.resolve().name)
    _start(home, ImportRequest(source.resolve(), name))


def _existing(text: str) -> Path | None:
    try:
        source = Path(text).expanduser()
        return source if text and source.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long for a path, nobody's home, a zero byte
        return None


def start_sample_import(home: Home, sample: Sample) -> None:
    name = _name_for(home, sample.title)
    start_and_watch(
        "import",
        sample.id,
        f"Preparing {sample.title}",
        lambda progress: import_sample(home, sample.id, name, progress=progress),
    )


def start_public_import(home: Home, chosen: PublicSet) -> None:
    start_and_watch(
        "import",
        chosen.id,
        f"Fetching {chosen.title}",
        lambda progress: import_public(home, chosen.id, progress=progress),
    )
