"""Ship the folders of the checkout below one package: `core` becomes `graft.core` in a wheel.

The code imports its rooms as they lie in the checkout (`from core.plans import Plan`), so that editors, mypy,
import-linter and a GPU server without an installation all work from there, and an editable installation does too. A
wheel with top-level packages named `core` and `cli` would overwrite those of others, so building one maps the folders
below `graft` and rewrites what names them, found in the syntax tree: imports, and strings that are the full name of one
of our modules (as `importlib.import_module` takes them).
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).parent
ROOMS = ("core", "cli", "dashboard", "assets")
FLAT = find_namespace_packages(
    str(ROOT), include=["graft", *(f"{room}{rest}" for room in ROOMS for rest in ("", ".*"))]
)
NESTED = [name if name == "graft" else f"graft.{name}" for name in FLAT]
IMPORTABLE = re.compile(rf"(?:{'|'.join(ROOMS)})(?:\.|$)")


class BuildNested(build_py):
    """Copies modules into the wheel, with their imports rewritten."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)  # else modules deleted since the last build would ship
        super().run()

    def build_module(self, module: str, module_file: str, package: str) -> tuple:
        copied = super().build_module(module, module_file, package)
        target = Path(copied[0])
        target.write_bytes(nested(target.read_bytes(), str(module_file)))
        return copied


class EditableFlat(editable_wheel):
    """Leaves the rooms where they are: the checkout's own names are what is installed."""

    def finalize_options(self) -> None:
        self.distribution.packages, self.distribution.package_dir = FLAT, {}
        super().finalize_options()


def nested(source: bytes, name: str) -> bytes:
    """Python source in which every reference to a module of a room begins with `graft.`."""
    lines = source.splitlines(keepends=True)
    for line, column in sorted(_references(ast.parse(source), lines, name), reverse=True):
        text = lines[line - 1]
        lines[line - 1] = text[:column] + b"graft." + text[column:]
    return b"".join(lines)


def _references(tree: ast.Module, lines: list[bytes], name: str) -> Iterator[tuple[int, int]]:
    """(line from 1, column in bytes) of each name of a module."""
    inside_fstrings = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and IMPORTABLE.match(node.module or ""):
            yield node.lineno, _after(rb"from\s+", lines, node)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if IMPORTABLE.match(alias.name):
                    if not alias.asname:
                        raise SyntaxError(f"{name}:{node.lineno}: write `from {alias.name} import ...` instead")
                    yield alias.lineno, alias.col_offset
        elif isinstance(node, ast.Constant) and id(node) not in inside_fstrings and _is_module(node.value):
            yield node.lineno, _after(rb"\w*(?:\"\"\"|'''|\"|')", lines, node)


def _after(pattern: bytes, lines: list[bytes], node: ast.stmt | ast.expr) -> int:
    found = re.compile(pattern).match(lines[node.lineno - 1], node.col_offset)
    assert found
    return found.end()


def _is_module(value: object) -> bool:
    if not isinstance(value, str) or "." not in value or not IMPORTABLE.match(value):
        return False
    path = ROOT.joinpath(*value.split(".")) if re.fullmatch(r"[\w.]+", value) else None
    return path is not None and (path.is_dir() or path.with_suffix(".py").is_file())


if __name__ == "__main__":
    setup(
        packages=NESTED,
        package_dir={f"graft.{room}": room for room in ROOMS},
        cmdclass={"build_py": BuildNested, "editable_wheel": EditableFlat},
    )
