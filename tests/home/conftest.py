"""The home in tests/fixtures/home_before, which an older Graft wrote."""

import json
import shutil
from pathlib import Path

import pytest

from core.home import Home, open_home

FIXTURE = Path(__file__).parent.parent / "fixtures" / "home_before"
EXPECTED = json.loads((FIXTURE / "expected.json").read_bytes())
RUN_IDS = {name: run["id"] for name, run in EXPECTED["runs"].items()}
EVERYTHING, DISTILLED = "interrupted, everything on", "interrupted, taught"


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("before")
    shutil.unpack_archive(FIXTURE / "home.tar.xz", folder, filter="data")
    return folder / "home"


@pytest.fixture(scope="session")
def opened(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of before, migrated; for tests that only read it."""
    return open_home(shutil.copytree(unpacked, tmp_path_factory.mktemp("opened") / "home"))


@pytest.fixture
def before(unpacked: Path, tmp_path: Path) -> Home:
    """The home of before as it was."""
    return Home(shutil.copytree(unpacked, tmp_path / "home"))
