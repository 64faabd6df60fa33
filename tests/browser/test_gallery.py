"""The photos page in a real browser: loose photos are sorted, classes edited in place, and the page moves."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import journey as j
from tests.conftest import draw_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def loose(tmp_path: Path) -> list[Path]:
    """Six round things and five square ones, all called as a camera calls them."""
    return [draw_photo(tmp_path / f"IMG_{n:04}.png", int(n >= 6), n) for n in range(11)]


def open_start(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".drop")).to_be_visible(timeout=j.LONG)


def scrolled(page: Page) -> float:
    return page.get_by_test_id("stMain").evaluate("element => element.scrollTop")


def test_loose_photos_are_sorted_in_the_browser_and_classes_edited_where_they_stand(
    graft: str, page: Page, loose: list[Path]
):
    """Somebody's phone holds photos and no folders: name some, name the rest, then change one's mind."""
    open_start(page, graft)
    j.drop_files(page, *loose)
    expect(page.get_by_text("What do these show?")).to_be_visible(timeout=j.LONG)
    photos = page.get_by_role("group", name="Photos without a class").get_by_role("button")
    expect(photos).to_have_count(11)
    for number in range(6):
        photos.nth(number).click()
    name = page.get_by_label("What do they show?")
    name.fill("round")
    page.get_by_role("button", name="Name 6 photos").click()
    expect(photos).to_have_count(5)
    name.fill("Square")
    name.press("Enter")
    page.get_by_role("button", name="Make a dataset of them").click()
    j.see_photos(page)
    expect(page.get_by_text("11 photos, 2 classes. All could be read.")).to_be_visible()

    page.get_by_role("button", name="Rename round").click()
    page.get_by_label("New name of round").fill("oval")
    page.get_by_label("New name of round").press("Enter")
    expect(page.get_by_role("button", name="Rename oval")).to_be_visible(timeout=j.LONG)

    photo = page.get_by_role("option").first
    photo.hover()
    photo.locator(".tick").click()
    page.get_by_label("are really").select_option("a new class …")
    page.get_by_label("Name of the new class").and_(page.locator(".naming input")).fill("odd")
    page.get_by_role("button", name="Relabel").click()
    expect(page.get_by_role("button", name="Rename odd")).to_be_visible(timeout=j.LONG)
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_role("button", name="Rename odd")).to_have_count(0, timeout=j.LONG)

    page.get_by_role("button", name="Rename oval").click()
    page.get_by_label("New name of oval").fill("Square")
    expect(page.get_by_text("the two become one.")).to_be_visible()
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("button", name="Rename oval")).to_have_count(0, timeout=j.LONG)
    expect(page.get_by_text("11 photos, 1 class. All could be read.")).to_be_visible()


def test_photos_that_say_their_class_are_sorted_already_and_a_class_takes_more(graft: str, page: Page, tmp_path: Path):
    """Two of them, from two folders, have the same name, too."""
    files = [draw_photo(tmp_path / f"{('owl_', 'tit.')[n % 2]}{n}.png", n % 2, n) for n in range(12)]
    files.append(draw_photo(tmp_path / "another folder" / "tit.1.png", 1, 20))
    open_start(page, graft)
    j.drop_files(page, *files)
    expect(page.get_by_text("owl: 6 photos")).to_be_visible(timeout=j.LONG)
    expect(page.get_by_text("tit: 7 photos")).to_be_visible()
    page.get_by_role("button", name="Make a dataset of them").click()
    j.see_photos(page)
    page.get_by_role("button", name="+ Add a class").click()
    page.locator(".adding input").fill("jay")
    page.get_by_role("button", name="Add photos of it").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Photos of jay, a new class")).to_be_visible(timeout=j.LONG)
    more = [draw_photo(tmp_path / f"{n}.png", 2, n) for n in range(4)]
    dialog.locator("input[type=file]:not([webkitdirectory]):not(.further)").set_input_files(more)
    expect(page.get_by_text("17 photos, 3 classes. All could be read.")).to_be_visible(timeout=j.LONG)


@pytest.mark.parametrize("width", [400, 1280])
def test_the_wheel_over_the_photos_moves_the_page_and_more_are_shown_on_request(
    digits: str, open_tab: Callable[..., Page], width: int
):
    page = open_tab(width=width, height=800)
    j.open_photos(page, digits)
    j.settled(page)
    page.get_by_role("option").first.hover()
    page.mouse.wheel(0, 300)
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 0")
    expect(page.get_by_role("button", name="Next: ")).to_be_in_viewport()
    before = page.get_by_role("option").count()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("button", name="Show fewer")).to_be_visible()
    assert before < page.get_by_role("option").count() < 500, "what lies far below the window is not in the page"
    assert scrolled(page) > 0
