"""Background imports of what a person gave: an upload, a path, a sample, a public set."""

from pathlib import Path

from core.datasets import (
    PublicSet,
    Sample,
    import_dataset,
    import_public,
    import_sample,
    import_upload,
    list_datasets,
)
from core.errors import BadInput
from core.home import Home
from core.names import unused_name
from dashboard.shared.job_progress import start_and_watch


def unused_dataset_name(home: Home, wanted: str) -> str:
    """`wanted`, or with a number after it when a dataset is already called so; capitals make no difference."""
    return unused_name(" ".join(wanted.split()) or "photos", [known.name for known in list_datasets(home)])


def start_upload_import(home: Home, folder: str, wanted: str) -> None:
    """Import an inbox folder, which is used up by that."""
    name = unused_dataset_name(home, wanted)
    start_and_watch(
        "import",
        folder,
        f"Reading {name}",
        lambda progress: import_upload(home, name, home.inbox / folder, progress=progress),
    )


def start_path_import(home: Home, text: str) -> None:
    """Import a folder, zip or table on this computer. Raises BadInput when there is none."""
    source = _existing(text.strip().strip('"'))
    if source is None:
        raise BadInput(f'There is nothing at "{text.strip()}".', "Check the path; it begins with / or with a drive.")
    name = unused_dataset_name(home, source.stem if source.is_file() else source.resolve().name)
    start_and_watch(
        "import",
        str(source.resolve()),
        f"Reading {name}",
        lambda progress: import_dataset(home, name, source, progress=progress),
    )


def _existing(text: str) -> Path | None:
    try:
        source = Path(text).expanduser()
        return source if text and source.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long for a path, nobody's home, a zero byte
        return None


def start_sample_import(home: Home, sample: Sample) -> None:
    name = unused_dataset_name(home, sample.title)
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
