"""What is installed: pyproject.toml against what the program reads while it runs."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from core.backbones.starters import FOLDER
from dashboard.routes.assets import FONTS

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


@pytest.mark.parametrize("folder", [FOLDER, FONTS, ROOT / "assets"], ids=lambda folder: folder.name)
def test_weights_fonts_and_logo_come_along_when_it_is_not_installed_in_place(folder: Path):
    package = ".".join(folder.relative_to(ROOT).parts)
    assert package in SETUPTOOLS["packages"]["find"]["include"]
    files = [file.name for file in folder.iterdir() if file.is_file()]
    assert files
    assert all(any(fnmatch(name, pattern) for pattern in SETUPTOOLS["package-data"][package]) for name in files)
