"""The steps of the journey, as a person does them: shared by the browser tests and tools/screenshots.py."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

LONG = 120_000  # milliseconds; these machines are slow, and a wait that is over early costs nothing


def settled(page: Page) -> None:
    """Wait until the page has drawn what it was last asked for."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=LONG)


def begin_with(page: Page, sample: str) -> None:
    """The start screen: press Use beside a sample, wait for its photos."""
    card = page.locator(f".st-key-card_sample_{sample}")
    card.get_by_role("button", name="Use").click(timeout=LONG)
    see_photos(page)


def see_photos(page: Page) -> None:
    expect(page.get_by_role("heading", name="Your photos")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("option").first).to_be_visible(timeout=LONG)


def next_step(page: Page, title: str) -> None:
    """The one primary button of a screen, on to the next, whose question is `title`."""
    page.get_by_role("button", name="Next: ").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=LONG)
    settled(page)


def go_to_plan(page: Page) -> None:
    next_step(page, "Which network knows enough already?")
    next_step(page, "What should learn, and how fast?")


def choose_recipe(page: Page, title: str) -> None:
    page.get_by_role("button", name=title, exact=True).or_(page.get_by_role("radio", name=title, exact=True)).click()
    settled(page)


def set_epochs(page: Page, epochs: int) -> None:
    """Fewer epochs than the plan has, with the keys of the slider."""
    slider = page.get_by_role("slider", name="Epochs")
    settled(page)
    for value in reversed(range(epochs, int(slider.input_value()))):
        slider.press("ArrowLeft")
        expect(slider).to_have_value(str(value))  # a page that is drawn anew meanwhile would lose the next press
        settled(page)


def open_photos(page: Page, address: str) -> None:
    page.goto(address)
    see_photos(page)


def stage(page: Page, name: str) -> Locator:
    """A block of the network's picture; aria-pressed says whether it is frozen."""
    return page.get_by_role("group", name="Stages").get_by_role("button", name=name)


def start_training(page: Page) -> None:
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("progressbar", name="How far training is")).to_be_visible(timeout=LONG)


def wait_for_points(page: Page, more_than: int) -> int:
    """Wait until the longest line of the loss chart has more points than that; gives how many."""
    handle = page.wait_for_function(
        "(least) => { const chart = document.querySelector('figure[data-panel=loss] .graft-chart');"
        " const most = Math.max(0, ...(chart?._fullData ?? []).map((line) => line.x?.length ?? 0));"
        " return most > least ? most : false; }",
        arg=more_than,
        timeout=LONG,
    )
    return handle.json_value()


def drawings(page: Page, doing: str) -> int:
    """How many charts are drawn anew by that piece of JavaScript, which knows the live view as `root`.

    The last points of a run may arrive a moment after its end is shown: first all is still for a second, or ten pass.
    """
    return page.evaluate(
        "async () => { const root = document.querySelector('.graft-live'), draw = Plotly.react;"
        " const wait = (ms) => new Promise((soon) => setTimeout(soon, ms)), begun = performance.now();"
        " let drawn = 0, last = begun;"
        " Plotly.react = (...given) => { drawn += 1; last = performance.now(); return draw(...given); };"
        " while (performance.now() - last < 1000 && performance.now() - begun < 10000) await wait(50);"
        f" drawn = 0; {doing};"
        " await wait(500);"
        " Plotly.react = draw; return drawn; }"
    )


def wait_until_finished(page: Page) -> None:
    expect(page.get_by_role("button", name="See how good it is")).to_be_visible(timeout=LONG)


def go_to_results(page: Page) -> None:
    page.get_by_role("button", name="See how good it is").click()
    expect(page.get_by_role("heading", name="How good is it?")).to_be_visible(timeout=LONG)
    settled(page)


def go_to_use(page: Page) -> None:
    next_step(page, "What does it say to new photos?")


def try_photos(page: Page, photos: list[Path]) -> None:
    page.locator("input[type=file]").first.set_input_files(photos)


def whole_page(page: Page, target: Path) -> None:
    """A picture of all of the page: Streamlit scrolls an inner element, so the window is made as high as that."""
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? document.body.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], int(height))})
    page.wait_for_timeout(400)  # charts and the photo grid draw themselves anew for the new height
    page.screenshot(path=target)
    page.set_viewport_size(size)


def drop_files(page: Page, *files: Path) -> None:
    """Give files to the start screen's drop zone, as its button does."""
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(files)


def drop_folder(page: Page, folder: Path) -> None:
    """Drag a folder from the desktop onto the start screen and let it go, as the system tells the browser of it."""
    expect(page.locator("html.opening")).to_have_count(0)  # until the page stands still, its cover takes the drop
    zone = page.locator(".drop")
    settled(page)
    zone.hover(trial=True)  # in view, at rest, and under nothing: what is let go beside it is lost
    box = zone.bounding_box()
    assert box is not None
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    dragged = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, **middle, "data": dragged})
