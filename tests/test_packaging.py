"""What is installed: one package `graft` that works away from the checkout, and takes no other top-level name."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.backbones.starters import FOLDER
from core.home.opening import MIGRATIONS
from dashboard.routes.assets import FONTS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "cli", "dashboard", "assets")
SHIPPED = {".py", ".sql", ".js", ".css", ".html", ".csv"}

USING_THE_WHEEL = """
import sys
from pathlib import Path
from graft import load_pretrained_model, train_classifier
from graft.cli import app
from graft.dashboard.server.server import APP
from streamlit.testing.v1 import AppTest

assert app.run(["doctor"]) == 0
assert app.run(["import", "shapes", "photos", "--json"]) == 0
photos = sorted(Path("photos").rglob("*.png"))
train_classifier(load_pretrained_model().extract_features(photos), [photo.parent.name for photo in photos])
assert APP.is_file()
page = AppTest.from_file(str(APP), default_timeout=60).run()
assert not page.exception, page.exception
assert not {"core", "cli", "dashboard"} & set(sys.modules)
"""


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel of this checkout in it, built and installed without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "checkout"
    for room in (*ROOMS, "graft"):
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source / file)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("graft-*.whl")
    _pip("install", "--no-deps", "--no-index", "--no-compile", "--target", folder / "installed", wheel)
    return folder / "installed"


def test_a_wheel_takes_one_name_of_the_index(installed: Path):
    names = {path.name.split("-")[0] for path in installed.iterdir() if path.name != "bin"}
    assert names == {"graft"}
    (metadata,) = installed.glob("*.dist-info")
    assert (metadata / "top_level.txt").read_text(encoding="utf-8").split() == ["graft"]


def test_a_wheel_holds_what_the_program_reads_while_it_runs(installed: Path):
    wanted = [
        file.relative_to(ROOT)
        for room in ("core", "cli", "dashboard")
        for file in (ROOT / room).rglob("*")
        if file.suffix in SHIPPED
    ]
    wanted += [file.relative_to(ROOT) for folder in (FOLDER, FONTS) for file in folder.iterdir()]
    wanted += [Path("assets/logo.svg"), Path("py.typed")]
    assert len([file for file in wanted if file.suffix == ".sql"]) == len(list(MIGRATIONS.glob("*.sql"))) > 0
    assert [str(file) for file in wanted if not (installed / "graft" / file).is_file()] == []


def test_nothing_in_a_wheel_imports_a_room_by_its_name_in_the_checkout(installed: Path):
    found = [
        f"{file.name}: {name}"
        for file in (installed / "graft").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        for name in _imported(node)
        if name.split(".")[0] in ROOMS
    ]
    assert found == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""] if not node.level else []
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def test_a_wheel_works_away_from_the_checkout(
    installed: Path, tmp_path: Path, draw_photos: Callable[[Path, dict[str, int]], Path]
):
    draw_photos(tmp_path / "photos", {"disc": 10, "box": 10})
    environment = {**os.environ, "PYTHONPATH": str(installed), "GRAFT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", USING_THE_WHEEL], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_short_names_are_there_in_a_checkout_too():
    import graft

    assert callable(graft.load_pretrained_model)
    assert callable(graft.train_classifier)


def test_the_package_answers_before_torch_is_loaded():
    code = "import graft, graft.__main__, sys; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "False"
