"""A format that registers itself is opened wherever photos are given, and listed wherever formats are."""

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from cli.app import run
from core.datasets import IMPORTERS, Importer, LabeledPhoto, LabeledPhotos, import_dataset, import_upload, inbox
from core.datasets.sources import open_source
from core.errors import BadDataset
from tests.datasets.conftest import classes_by_name, photo


@contextmanager
def open_lines(path: Path, name: str) -> Iterator[LabeledPhotos]:
    """A JSON object per line: name, label, and the photo in base 64."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    photos = [
        LabeledPhoto(row["name"], partial(io.BytesIO, base64.b64decode(row["photo"])), {"kind": row["label"]})
        for row in rows
    ]
    yield LabeledPhotos(photos, name)


LINES = Importer(
    id="lines",
    title="a file of JSON lines",
    takes="photos in lines of JSON",
    can_open=lambda path, name: name.endswith(".photolines"),
    open=open_lines,
    endings=frozenset({"photolines"}),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(IMPORTERS, LINES.id, LINES)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    rows = [
        {"name": f"{number}.png", "label": "ab"[number % 2], "photo": base64.b64encode(photo(number)).decode()}
        for number in range(4)
    ]
    file = tmp_path / "photos.photolines"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


def test_a_registered_format_is_imported(home, lines):
    dataset = import_dataset(home, "leaves", lines)
    assert classes_by_name(dataset, "kind") == {"0.png": "a", "1.png": "b", "2.png": "a", "3.png": "b"}


def test_a_dropped_file_of_a_registered_format_is_imported(home, lines):
    folder = home.inbox / inbox.new_folder_name()
    with inbox.receive_file(folder, 0, "photos.photolines") as file:
        file.write(lines.read_bytes())
    dataset = import_upload(home, "leaves", folder)
    assert (dataset.origin, len(dataset)) == ("photos.photolines", 4)


def test_a_registered_format_is_listed(home, capsys):
    run(["doctor", "--json"])
    assert "a file of JSON lines" in json.loads(capsys.readouterr().out)["imports"]


def test_another_file_is_refused_with_the_formats_that_are_registered(tmp_path):
    (tmp_path / "leaves.doc").write_bytes(b"words")
    with (
        pytest.raises(BadDataset, match="neither a folder, a zip archive, a CSV file nor a file of JSON lines"),
        open_source(tmp_path / "leaves.doc", "leaves.doc"),
    ):
        pass
