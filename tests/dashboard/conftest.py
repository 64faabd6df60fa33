"""A dataset chosen in the pages, and pages run without a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from core.datasets import Dataset, import_dataset
from core.home import Home

APP = Path(dashboard.__file__).parent / "app.py"
SECONDS = 60  # a page's first run loads what it imports


@pytest.fixture
def small(home: Home, draw_photos, tmp_path: Path) -> Dataset:
    """24 photos of two classes, one of them with every sign that Markdown and HTML know."""
    folder = draw_photos(tmp_path / "drawn", {"*cats* <b>$x$": 12, "dogs": 12})
    return import_dataset(home, "Small & *bold*", folder)


@pytest.fixture
def open_page(home: Home) -> Callable[..., AppTest]:
    """open_page("model", dataset=id): that page as it stands with these query parameters, already run."""

    def open_page(page: str = "photos", **query: str) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=SECONDS)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()  # the pages are known after a first run only
        if page != "photos":
            app.switch_page(f"{page}/page.py").run()
        assert not app.exception, app.exception[0].value
        return app

    return open_page


def words(app: AppTest) -> str:
    """Everything that the page says, in its HTML and Markdown as they are sent."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info")
    said = [element.value for kind in kinds for element in getattr(app, kind)]
    return "\n".join([*said, *(element.proto.body for element in app.get("html"))])


@pytest.fixture
def many(home: Home, draw_photos, tmp_path: Path) -> Dataset:
    """210 photos of three classes: enough to judge by."""
    return import_dataset(home, "Many", draw_photos(tmp_path / "many", {"cup": 70, "hat": 70, "shoe": 70}))


@pytest.fixture
def two_tasks(home: Home, draw_photos, tmp_path: Path) -> Dataset:
    """40 photos, each with a kind and a colour."""
    folder = draw_photos(tmp_path / "two", {"round": 20, "square": 20})
    photos = sorted(folder.rglob("*.png"))
    rows = [
        f"{photo.relative_to(folder).as_posix()},{photo.parent.name},{('red', 'blue')[number % 2]}"
        for number, photo in enumerate(photos)
    ]
    table = folder / "labels.csv"
    table.write_text("\n".join(["image,kind,colour", *rows]))
    return import_dataset(home, "Two tasks", table)
