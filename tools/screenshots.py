"""The pictures in assets/screenshots: the journey in a fresh Graft, a picture of each screen as it should look.

python -m tools.screenshots            what the README and the documents show: 1280 wide, light
python -m tools.screenshots --every    each screen at 1280 and 400 pixels, light and dark, into a folder to look through
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from dashboard.routes import sample_url
from tests.browser import journey as j
from tests.browser.serving import served, start_browser

SHOWN = Path(__file__).parents[1] / "assets" / "screenshots"
WIDE, PHONE = 1280, 400
STEPS = ("photos", "model", "plan", "train", "results", "use", "runs", "learn")

Take = Callable[[Page, str], None]


def journey(page: Page, address: str, take: Take, photo: Path) -> str:
    """From nothing to a tried model; `take` is called on each screen. Gives the address of its last screen."""
    page.goto(address)
    page.locator(".st-key-card_sample_leaves").wait_for(timeout=j.LONG)
    page.wait_for_function(
        "() => document.images.length > 5 && [...document.images].every((image) => image.complete)", timeout=j.LONG
    )
    take(page, "start")
    j.begin_with(page, "leaves")
    take(page, "photos")
    j.next_step(page, "Which network knows enough already?")
    take(page, "model")
    j.next_step(page, "What should learn, and how fast?")
    j.choose_recipe(page, "Top of the network")
    page.get_by_text("about").first.wait_for(timeout=j.LONG)
    take(page, "plan")
    j.start_training(page)
    j.wait_for_points(page, more_than=60)
    take(page, "learning")
    j.wait_until_finished(page)
    take(page, "train")
    j.go_to_results(page)
    take(page, "results")
    j.go_to_use(page)
    photo.write_bytes(page.request.get(address + sample_url("leaves", 1)).body())
    j.try_photos(page, [photo])
    page.locator(".bars").first.wait_for(timeout=j.LONG)
    take(page, "use")
    return page.url


def open_page(browser: Browser, width: int, dark: bool) -> Page:
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(j.LONG)
    return context.new_page()


def take_into(folder: Path, ending: str = "") -> Take:
    def take(page: Page, name: str) -> None:
        j.settled(page)
        page.wait_for_load_state("networkidle")
        j.whole_page(page, folder / f"{name}{ending}.png")

    return take


def every_screen(browser: Browser, last: str, folder: Path) -> None:
    """Each screen again as a later visitor sees it, in both widths and themes."""
    for width in (WIDE, PHONE):
        for dark in (False, True):
            page = open_page(browser, width, dark)
            for step in STEPS:
                page.goto(last.replace("/use?", "/?" if step == "photos" else f"/{step}?"))
                page.get_by_role("heading").first.wait_for()
                take_into(folder, f"-{width}{'-dark' if dark else ''}")(page, step)
            page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=Path, metavar="FOLDER", help="all screens, widths and themes, into this folder")
    arguments = parser.parse_args()
    folder = arguments.every or SHOWN
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        room = Path(temporary)
        with served(room / "home", room / "log.txt") as address:
            browser = start_browser(playwright)
            last = journey(open_page(browser, WIDE, dark=False), address, take_into(folder), room / "leaf.png")
            if arguments.every:
                every_screen(browser, last, folder)
            browser.close()


if __name__ == "__main__":
    main()
