"""An inbox folder, as the upload route writes it: the files "0", "1" ..., each named by a side file "0.json"."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from core.datasets.dataset import Rejected
from core.datasets.sources.found import Contents, Entry
from core.datasets.sources.names import ARCHIVES, PICTURES, TABLES, ending, is_noise, tidy, tidy_path


def uploaded(folder: Path) -> list[tuple[Path, str]]:
    """Each file that arrived whole with the name it had on the user's computer, in the order it was sent."""
    files = sorted((f for f in folder.iterdir() if f.name.isdecimal()), key=lambda f: int(f.name))
    return [(file, _name_of(file)) for file in files]


def list_upload(files: list[tuple[Path, str]], name: str) -> Contents:
    pictures: list[Entry] = []
    tables: list[Entry] = []
    rejected: list[Rejected] = []
    for path, said in files:
        inside = tidy_path(said)
        if inside is None:
            rejected.append(Rejected(tidy(said) or path.name, "Its name points outside the folder."))
        elif is_noise(inside):
            continue
        elif ending(inside) in ARCHIVES:
            rejected.append(Rejected(inside, "An archive in the folder is not opened; add it by itself."))
        elif ending(inside) in PICTURES | TABLES:
            entry = Entry(inside, path.stat().st_size, _opener(path))
            (tables if ending(inside) in TABLES else pictures).append(entry)
    return Contents(name, tuple(pictures), tuple(tables), tuple(rejected))


def _name_of(file: Path) -> str:
    try:
        said = json.loads(file.with_name(f"{file.name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return file.name
    return str(said.get("name") or file.name) if isinstance(said, dict) else file.name


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")
