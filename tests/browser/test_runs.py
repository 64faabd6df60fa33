"""All runs in a real browser: found, sorted, tagged and compared with the mouse and the keyboard."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.datasets import import_dataset, load_dataset
from core.home import database, open_home
from core.runs import delete_run, get_run, set_note
from tests.browser import journey as j
from tests.browser.serving import served
from tests.conftest import draw_photo
from tests.fixtures.made_runs import made_run

pytestmark = pytest.mark.browser
NAMES = ("first", "Zebra", "a_b *c*")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a Graft whose home holds three finished runs, and that home."""
    folder = tmp_path_factory.mktemp("runs")
    for kind, label in enumerate(("cup", "hat")):
        for number in range(40):
            draw_photo(folder / "photos" / label / f"{number:02}.png", kind, number)
    home = open_home(folder / "home")
    dataset = import_dataset(home, "Things", folder / "photos")
    for epochs, name in enumerate(NAMES, 2):
        made_run(home, dataset, "finished", epochs=epochs, name=name)
    with served(folder / "home", folder / "log.txt") as address:
        yield address, folder / "home"


def expect_names(page: Page, names: Sequence[str]) -> None:
    expect(page.locator(".graft-runs tbody .open")).to_have_text(names)


def test_runs_are_sorted_found_tagged_and_the_tag_stays(filled, page: Page) -> None:
    address, home = filled
    page.goto(f"{address}/runs")
    expect(page.locator(".graft-runs tbody tr")).to_have_count(3)
    expect_names(page, NAMES[::-1])
    page.get_by_role("columnheader", name="Run").get_by_role("button").click()
    expect_names(page, ["a_b *c*", "first", "Zebra"])

    page.get_by_role("button", name="Add a tag to Zebra").click()
    page.keyboard.type("  poster  2 ")
    page.keyboard.press("Enter")
    expect(page.locator(".graft-runs .tag")).to_have_text("poster 2×")
    assert get_run(open_home(home), "Zebra").tags == ("poster 2",)
    expect(page.get_by_role("button", name="Add a tag to Zebra")).to_be_focused()

    page.get_by_label("Find runs").fill("post zeb")
    expect_names(page, ["Zebra"])
    page.reload()
    expect(page.locator(".graft-runs tbody tr")).to_have_count(1)  # what one looked for is kept over a reload
    page.get_by_label("Find runs").fill("")
    expect_names(page, ["a_b *c*", "first", "Zebra"])


@pytest.mark.parametrize("width", [1280, 400])
def test_two_ticks_bring_the_comparison_into_view(filled, open_tab: Callable[..., Page], width: int) -> None:
    page = open_tab(width=width)
    page.goto(f"{filled[0]}/runs")
    page.get_by_label("Compare first").check()
    page.get_by_label("Compare a_b *c*", exact=True).check()  # its name as it is, without backslashes
    heading = page.get_by_role("heading", name="first and a_b *c*")
    expect(heading).to_be_in_viewport()
    expect(page.get_by_text("are right equally often")).to_be_in_viewport()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.reload()
    expect(heading).to_be_visible()
    expect(page.get_by_label("Compare first")).to_have_count(1)  # what stood before the reload has gone
    expect(page.get_by_label("Compare first")).to_be_checked()
    page.get_by_role("button", name="Close the comparison").click()
    expect(heading).to_have_count(0)
    j.settled(page)
    expect(page.get_by_label("Compare first")).to_have_count(1)  # for a moment there is the table of before, too
    expect(page.get_by_label("Compare first")).not_to_be_checked()
    assert "compare=" not in page.url


def test_the_row_of_a_run_that_learns_goes_with_it_and_a_field_in_it_stays(filled, page: Page) -> None:
    """While one types a tag, training goes on: the other rows show it, the row with the field once one is done."""
    address, folder = filled
    home = open_home(folder)
    dataset = load_dataset(home, "Things")
    run = made_run(home, dataset, "running", epochs=2, name="at it")
    page.goto(f"{address}/runs")
    row = page.get_by_role("row").filter(has_text="at it")
    expect(row.locator(".pill")).to_have_text("learning")
    page.get_by_role("button", name="Add a tag to at it").click()
    page.keyboard.type("half")
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET state = 'stopped', lease_owner = '', ended = ? WHERE id = ?", (time.time(), run.id))
    set_note(home, get_run(home, "Zebra").id, "for Ana")
    expect(page.get_by_role("row").filter(has_text="Zebra").locator(".note")).to_have_text("for Ana")
    expect(page.get_by_label("New tag of at it")).to_have_value("half")
    page.keyboard.press("Enter")
    expect(row.locator(".tag")).to_have_text("half×")
    expect(row.locator(".pill")).to_have_text("stopped")
    delete_run(home, run.id)
