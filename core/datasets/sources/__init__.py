"""Whatever holds photos becomes an `Offer`: what it is, is found out by looking at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.datasets.dataset import Rejected
from core.datasets.sources.class_folders import read_class_folders
from core.datasets.sources.csv import read_table, read_tables
from core.datasets.sources.folder import list_folder
from core.datasets.sources.found import CLASS, Contents, Entry, Found, Offer
from core.datasets.sources.names import ARCHIVES, TABLES, ending, tidy
from core.datasets.sources.upload import list_upload, uploaded
from core.datasets.sources.zip import is_zip, open_zip
from core.errors import BadDataset, NotFound

__all__ = ["CLASS", "Contents", "Entry", "Found", "Offer", "open_source", "open_upload"]


@contextmanager
def open_source(source: Path, name: str) -> Iterator[Offer]:
    """What a zip, a folder or a CSV offers; its photos can be opened while the block lasts.

    name: what the user calls it. Raises NotFound and BadDataset.
    """
    if not source.exists():
        raise NotFound(f'"{source}" does not exist.', "Check its name.")
    if source.is_dir():
        yield _understand(list_folder(source, name))
    elif ending(name) in TABLES:
        yield _understand_table(source, name)
    elif is_zip(source):
        with open_zip(source, name) as contents:
            yield _understand(contents)
    else:
        raise _neither(source, name)


@contextmanager
def open_upload(folder: Path) -> Iterator[Offer]:
    """What an inbox folder offers: the zip that was dropped, or the loose files. Raises BadDataset."""
    files = uploaded(folder)
    # One that lies in a dropped folder beside other files is one of its files, and no more.
    zips = [(path, name) for path, name in files if ending(name) == "zip" and ("/" not in name or len(files) == 1)]
    if len(zips) > 1:
        raise BadDataset(f"{len(zips)} archives were dropped at once.", "Drop one; add the others to it afterwards.")
    if zips:
        with open_source(*zips[0]) as offer:
            others = [name for _, name in files if name != zips[0][1]]
            beside = (
                Rejected(tidy(name), f'It was dropped beside "{zips[0][1]}": add it by itself.') for name in others
            )
            yield replace(offer, rejected=(*offer.rejected, *beside))
    elif len(files) == 1 and ending(files[0][1]) in ARCHIVES:
        raise _neither(*files[0])
    else:
        yield _understand(list_upload(files, _name_of_upload([name for _, name in files])))


def _understand(contents: Contents) -> Offer:
    """A table that names and labels photos counts; folders do otherwise."""
    return read_tables(contents) or read_class_folders(contents)


def _understand_table(table: Path, name: str) -> Offer:
    contents = list_folder(table.parent, str(table.parent))
    only = tuple(replace(t, name=name) for t in contents.tables if t.name == table.name)
    for entry in only:
        read_table(entry)  # says why, where it cannot be read at all
    offer = read_tables(replace(contents, name=name, tables=only))
    if offer is None:
        raise BadDataset(
            f'No column of "{name}" names photos that lie in the same folder or below, with labels beside them.',
            "Put the CSV next to the photos, with one column of file names and one of labels.",
        )
    return offer


def _neither(source: Path, name: str) -> BadDataset:
    if source.stat().st_size == 0:
        return BadDataset(f'"{name}" is empty: it has no bytes.', "Copy or download it again.")
    if ending(name) == "zip":
        return BadDataset(f'"{name}" is not a zip archive, whatever its name says.', "Pack it anew.")
    if ending(name) in ARCHIVES:
        return BadDataset(
            f'"{name}" is an archive of another kind than zip.', "Unpack it on your computer and import the folder."
        )
    return BadDataset(f'"{name}" is neither a zip archive, a folder nor a CSV file.', "Choose one of these.")


def _name_of_upload(names: list[str]) -> str:
    """The folder's name when one folder was dropped."""
    first = {name.split("/")[0] for name in names if "/" in name}
    return first.pop() if len(first) == 1 else "the dropped files"
