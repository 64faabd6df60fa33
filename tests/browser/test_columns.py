"""What columns mean, asked in a real browser: shown before anything is imported, and changed by a click."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import journey as j
from tests.browser.test_screens import found_by_axe
from tests.conftest import draw_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TITLE = "What do these columns mean?"


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip with folders by kind of picture and a table: 48 photos of 12 patients, who come from two hospitals."""
    folder = tmp_path_factory.mktemp("patients")
    rows = ["image,patient_id,dx,hospital,age"]
    with zipfile.ZipFile(folder / "lesions.zip", "w") as archive:
        for number in range(48):
            kind, name = number // 4 % 2, f"images/{('near', 'far')[number % 2]}/{number:04}.png"
            archive.write(draw_photo(folder / f"{number}.png", kind, number), name)
            rows.append(
                f"{name},P{number // 4:02},{('mole', 'wart')[kind]},{('north', 'south')[number // 24]},{30 + number}"
            )
        archive.writestr("metadata.csv", "\n".join(rows))
    return folder / "lesions.zip"


def choose_role(page: Page, column: str, role: str) -> None:
    """As a person does: open the list beside the column, press a role."""
    page.get_by_label(f"What {column} means").click()
    page.get_by_role("option", name=role, exact=True).click()
    j.settled(page)


def test_columns_of_a_zip_are_shown_and_another_role_shows_at_once_what_comes_of_it(
    graft: str, page: Page, patients: Path
):
    """Somebody drops a study of patients, makes its hospitals a second label and leaves one column out."""
    page.goto(graft)
    j.drop_files(page, patients)
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible(timeout=j.LONG)
    expect(page.get_by_text("dx: 2 classes")).to_be_visible()
    expect(page.get_by_text("12 groups of photos: no split parts one.")).to_be_visible()
    choose_role(page, "hospital", "Class")
    expect(page.get_by_text("hospital: 2 classes")).to_be_visible()
    choose_role(page, "patient_id", "Leave out")
    expect(page.get_by_text("groups of photos")).to_have_count(0)
    choose_role(page, "patient_id", "Group")
    page.reload()  # nothing that was looked at is lost
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible(timeout=j.LONG)
    choose_role(page, "hospital", "Class")
    page.get_by_role("button", name="Import 48 photos").click()
    j.see_photos(page)
    expect(page.get_by_text("lesions: 48 photos, 2 classes. All could be read.")).to_be_visible()
    expect(page.get_by_text("12 groups of photos, none in more than one split")).to_be_visible()
    expect(page.get_by_text("Each photo has several labels. Which one is it about?")).to_be_visible()


def test_axe_finds_nothing_on_the_columns_and_the_way_on_is_in_sight(graft: str, page: Page, patients: Path):
    page.goto(graft)
    j.drop_files(page, patients)
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible(timeout=j.LONG)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.reload()
        expect(page.get_by_role("button", name="Import 48 photos")).to_be_visible(timeout=j.LONG)
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 800})
            j.settled(page)
            expect(page.get_by_role("button", name="Import 48 photos")).to_be_in_viewport(ratio=1)
            assert found_by_axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
