"""Photos of another place in a real browser: dropped on the plan page, adapted to, and judged without labels."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import journey as j
from tests.conftest import draw_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_model_is_adapted_to_photos_without_labels(graft: str, page: Page, tmp_path: Path):
    for number in range(20):
        draw_photo(tmp_path / "studio" / ("round", "square")[number % 2] / f"{number}.png", number % 2, number)
        draw_photo(tmp_path / "street" / f"{number}.png", number % 2, 100 + number, side=30)
    page.goto(graft)
    page.locator("input[type=file][webkitdirectory]").set_input_files(tmp_path / "studio")
    j.see_photos(page)
    j.open_photos(page, f"{page.url}&model=graft-resnet10t")
    j.go_to_plan(page)
    page.get_by_text("Photos from another place").click()
    page.locator("input[type=file][webkitdirectory]").set_input_files(tmp_path / "street")
    expect(page.get_by_text("Clear answers count")).to_be_visible(timeout=j.LONG)
    j.set_epochs(page, 18)
    j.start_training(page)
    j.wait_until_finished(page)
    expect(page.locator("figure[data-panel=target] .live-labels button")).to_contain_text("clearness")
    j.go_to_results(page)
    expect(page.get_by_text("Its answers there are clear and different to")).to_be_visible()
    page.get_by_role("button", name="Draw both places on a map").click()
    expect(page.locator(".dots .target-dot")).to_have_count(20, timeout=j.LONG)
    adapted = page.url

    page.get_by_role("button", name="Train it without adapting, to compare").click()
    j.wait_until_finished(page)
    page.goto(adapted)
    expect(page.get_by_text("than without adapting")).to_be_visible(timeout=j.LONG)
