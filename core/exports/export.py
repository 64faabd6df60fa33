"""The declaration of an export: a format in which a trained model, or a dataset's photos, leave Graft."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from core.errors import BadInput, NotFound
from core.home import Home
from core.names import shorten

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Export(Generic[Subject]):
    """Registered in `core.exports`; pages, addresses and the command line list what is registered.

    id: its name on the command line and in addresses. sentence: what is in it. suffix: of the file, ".zip" say.
    write: gets the home, what to export (a run or a dataset) and the file to write; raises BadInput where no file can
    be, NotFound, DiskFull. extra: the package that it needs beside Graft's own, "" for none. files: what is in an
    archive, by name with a sentence each, for the model card. is_on_pages: whether pages offer it, or only who asks for
    it by name gets it.
    """

    id: str
    title: str
    sentence: str
    suffix: str
    write: Callable[[Home, Subject, Path], Path]
    extra: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    is_on_pages: bool = True

    @property
    def is_available(self) -> bool:
        return not self.extra or importlib.util.find_spec(self.extra) is not None

    def save(self, home: Home, subject: Subject, target: Path) -> Path:
        """Write it to `target`; gives `target` back. Raises BadInput also when its package is missing."""
        if not self.is_available:
            raise BadInput(f"{self.title} needs the package {self.extra}.", f"Install it: pip install {self.extra}")
        return self.write(home, subject, target)


def get_export(exports: Mapping[str, Export[Subject]], export_id: str) -> Export[Subject]:
    """Raises NotFound, naming what there is."""
    if export_id not in exports:
        raise NotFound(f'There is no format "{shorten(export_id)}".', f"There are: {', '.join(exports)}.")
    return exports[export_id]
