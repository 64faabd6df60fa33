"""Files that are not taken, each with the reason: what it is, and what would make photos of it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

from core.datasets.dataset import Rejected
from core.datasets.sources.names import ARCHIVES, PICTURES, TABLES, ending, is_noise, words

FileKind = Literal["picture", "table", "archive", "noise", "other"]

NO_PHOTOS = "They are no photos."
_ABOUT = words("readme license licence copying citation changelog")  # papers that go with photos
_DOCUMENTS = words("txt md rst pdf doc docx odt rtf html htm css js py ipynb m r xml yaml yml toml ini cfg log lnk url")
_REASONS = {
    "It is a medical image (DICOM): save it as PNG or JPEG first.": "dcm dicom nii",
    "It is a whole slide: cut it into tiles and save these as PNG or JPEG first.": "svs ndpi mrxs scn vms bif czi vsi",
    "It holds numbers and no picture: save them as PNG first.": "npy npz mat h5 hdf5 pkl pt pth parquet arrow tfrecord",
    "It is a film: save frames of it as pictures first.": "mp4 mov avi mkv webm m4v mpg mpeg wmv 3gp",
    "Pictures of this kind cannot be read: save it as PNG or JPEG first.": "jxl exr hdr jxr wdp xcf ai eps",
    "A spreadsheet is not read: save it as CSV.": "xls xlsx ods numbers",
}
_BY_ENDING = {kind: reason for reason, kinds in _REASONS.items() for kind in kinds.split()}


def file_kind(name: str) -> FileKind:
    """What a file of a source is by its name."""
    kind = ending(name)
    if is_noise(name) or PurePosixPath(name).stem.lower() in _ABOUT:
        return "noise"
    if kind in PICTURES:
        return "picture"
    if kind in TABLES:
        return "table"
    return "archive" if kind in ARCHIVES else "other"


def not_taken(names: Iterable[str]) -> tuple[Rejected, ...]:
    """A line for each file that might be meant as a photo, and one for all documents of an ending."""
    lines: list[Rejected] = []
    documents: Counter[str] = Counter()
    for name in names:
        if (kind := ending(name)) in _DOCUMENTS:
            documents[kind] += 1
        else:
            lines.append(Rejected(name, _reason(kind)))
    lines += [
        Rejected(f"{count:,} {'file' if count == 1 else 'files'} ending in .{kind}", NO_PHOTOS)
        for kind, count in documents.items()
    ]
    return tuple(lines)


def _reason(kind: str) -> str:
    if not kind:
        return "Its name has no ending such as .jpg, so it is not taken for a photo."
    return _BY_ENDING.get(kind, f"Files ending in .{kind} are not read.")
