"""Where everything lies."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The one folder of a user. Made by `open_home`; equal homes are the same folder."""

    root: Path

    @property
    def db(self) -> Path:
        return self.root / "graft.db"

    @property
    def reserve(self) -> Path:
        """Occupies a little room: core/home/reserve.py."""
        return self.root / "reserve"

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def drafts(self) -> Path:
        """Plans that are not started yet, a file each."""
        return self.root / "drafts"

    @property
    def columns(self) -> Path:
        """What was decided about the columns of tables, for the next table like them."""
        return self.root / "columns.json"

    @property
    def weights(self) -> Path:
        """Downloaded weights, in the Hugging Face hub's own cache layout."""
        return self.root / "weights"

    @property
    def inbox(self) -> Path:
        """Uploads that are not a dataset yet, a folder each."""
        return self.root / "inbox"

    @property
    def pixels(self) -> Path:
        return self.root / "cache" / "pixels"

    @property
    def thumbnails(self) -> Path:
        return self.root / "cache" / "thumbnails"

    @property
    def activations(self) -> Path:
        return self.root / "cache" / "activations"

    @property
    def out_of_fold(self) -> Path:
        """Answers of simple heads to photos that they did not learn from: core/evaluation/out_of_fold.py."""
        return self.root / "cache" / "out_of_fold"
