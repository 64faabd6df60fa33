"""No import reaches past a room's face: what others use of `core.<room>` stands in its `__init__`.

import-linter has no contract for "any module of a room, from anywhere outside it"; this reads the imports themselves.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted(folder.name for folder in (ROOT / "core").iterdir() if (folder / "__init__.py").is_file())
PACKAGES = ("core", "cli", "dashboard", "graft", "benchmarks", "tools")


def imported_modules(source: str) -> Iterator[tuple[int, str]]:
    """(line, module) for each import of `core` in a file; `from core.runs import store` counts as core.runs."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)


def past_the_face(file: Path, source: str) -> list[str]:
    """ "file:line imports module" for each import that reaches into a room from outside it."""
    found = []
    for line, module in imported_modules(source):
        package, *inside = module.split(".")
        if package != "core" or len(inside) < 2 or inside[0] not in ROOMS:
            continue
        if file.parts[:2] != ("core", inside[0]):
            found.append(f"{file}:{line} imports {module}; take it from core.{inside[0]}")
    return found


def test_imports_stop_at_a_rooms_face():
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    found = [line for file in files for line in past_the_face(file.relative_to(ROOT), file.read_text("utf-8"))]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("file", "source", "reaches_past"),
    [
        ("cli/app.py", "from core.runs import get_run", False),
        ("cli/app.py", "from core.runs.store import get_run", True),
        ("cli/app.py", "import core.runs.store", True),
        ("cli/app.py", "def later():\n    from core.runs.store import get_run", True),
        ("cli/app.py", "from core.errors import GraftError", False),
        ("core/runs/lease.py", "from core.runs.store import get_run", False),
        ("core/execution/worker.py", "from core.runs.store import get_run", True),
    ],
)
def test_an_import_past_a_face_is_found(file: str, source: str, reaches_past: bool):
    assert bool(past_the_face(Path(file), source)) == reaches_past


def test_no_page_imports_another_page():
    pages = {file.parent.name for file in (ROOT / "dashboard").glob("*/page.py")}
    found = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for page in sorted(pages)
        for file in (ROOT / "dashboard" / page).rglob("*.py")
        for line, module in imported_modules(file.read_text("utf-8"))
        if module.startswith("dashboard.") and module.split(".")[1] in pages - {page}
    ]
    assert pages
    assert not found, "\n" + "\n".join(found)
