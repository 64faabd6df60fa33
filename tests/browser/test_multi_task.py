"""Several labels learned together in a real browser, then each alone, to see whether it helped."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.datasets import import_dataset
from core.home import open_home
from tests.browser import journey as j
from tests.browser.test_screens import found_by_axe
from tests.conftest import draw_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def shapes(graft: str, graft_home: Path, tmp_path: Path) -> str:
    """The plan's address for 60 photos that have a shape and, most of them, a size."""
    rows = [("image", "shape", "size")]
    for number in range(60):
        photo = draw_photo(tmp_path / f"{number}.png", number % 2, number)
        rows.append((photo.name, ("disc", "box")[number % 2], ("", "small", "large")[number % 3]))
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    dataset = import_dataset(open_home(graft_home), "Shapes of two labels", tmp_path / "labels.csv")
    return f"{graft}/plan?dataset={dataset.id}&model=graft-resnet10t"


def test_two_labels_are_learned_together_and_then_compared_with_each_alone(
    shapes: str, open_tab: Callable[..., Page]
) -> None:
    page = open_tab()
    page.goto(shapes)
    size = page.get_by_role("button", name="size", exact=True)
    balance = page.get_by_text("How much each label counts").first
    expect(size).to_be_visible()
    j.settled(page)
    size.click()
    expect(balance).to_be_visible()
    j.choose_recipe(page, "Top of the network")
    balance.click()
    j.choose_recipe(page, "It finds out")
    expect(page.get_by_text("counts one less the more unsure it is")).to_be_visible()
    j.set_epochs(page, 2)
    j.start_training(page)
    j.wait_until_finished(page)
    expect(page.get_by_role("heading", name="How much each label counts")).to_be_visible()
    j.go_to_results(page)
    page.get_by_role("button", name="Learn each alone, to compare").click()
    table = page.locator(".graft-beside")
    expect(table.get_by_text("points")).to_have_count(2)  # both runs came and went meanwhile
    expect(page.get_by_text("The margin counts which photos judged")).to_be_visible()
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 800})
        j.settled(page)
        assert found_by_axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
