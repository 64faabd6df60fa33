"""Photos without labels in a real browser: sorted, named, dragged and moved between groups, and made a dataset."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.datasets import import_unlabelled
from core.home import open_home
from tests.browser import journey as j
from tests.conftest import draw_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_groups_are_made_mended_and_become_classes(graft: str, graft_home: Path, page: Page, tmp_path: Path):
    for number in range(16):
        draw_photo(tmp_path / "loose" / f"{number}.png", number % 2, number)
    dataset = import_unlabelled(open_home(graft_home), "to be grouped", tmp_path / "loose")
    page.set_viewport_size({"width": 1280, "height": 1600})  # both groups in sight, to be dragged between
    page.goto(f"{graft}/?dataset={dataset.id}")
    expect(page.get_by_text("A number of yours")).to_be_visible()
    j.settled(page)
    page.get_by_text("A number of yours").click()
    page.get_by_label("Groups", exact=True).fill("2")
    page.get_by_label("Groups", exact=True).press("Enter")
    j.settled(page)
    page.get_by_role("button", name="Sort them into groups").click()
    expect(page.get_by_role("heading", name="2 groups")).to_be_visible(timeout=j.LONG)
    expect(page.locator(".group-dot")).to_have_count(16)

    name(page, 1, "disc")
    expect(page.get_by_text("8 photos get a label by name, and 8 stay without.")).to_be_visible()
    name(page, 2, "box")
    expect(page.get_by_text("16 photos get a label by name.")).to_be_visible()
    page.reload()  # nothing is lost
    expect(page.get_by_label("Name of group 2")).to_have_value("box")
    expect(stack(page, 1).get_by_role("option")).to_have_count(8)

    stack(page, 1).get_by_role("option").first.drag_to(stack(page, 2).get_by_role("option").first)
    expect(stack(page, 2).get_by_role("option")).to_have_count(9)
    photo = stack(page, 2).get_by_role("option").last
    photo.hover()
    photo.locator(".tick").click()
    stack(page, 2).get_by_label("move to").select_option("disc")
    expect(stack(page, 2).get_by_role("option")).to_have_count(8)
    for left in (9, 8):
        page.get_by_role("button", name="Undo").click()
        expect(stack(page, 2).get_by_role("option")).to_have_count(left)

    page.get_by_role("button", name="Make a labelled dataset of them").click()
    expect(page.get_by_role("button", name="Rename disc")).to_be_visible()
    expect(page.get_by_text(re.compile("16 photos, 2 classes"))).to_be_visible()


def name(page: Page, group: int, words: str) -> None:
    field = page.get_by_label(f"Name of group {group}")
    field.fill(words)
    field.press("Enter")


def stack(page: Page, group: int) -> Locator:
    return page.locator(f".st-key-card_group_{group - 1}")
