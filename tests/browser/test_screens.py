"""What holds for every screen: nothing jumps while it opens, axe finds nothing, the row above can be used."""

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

import axe_playwright_python
import numpy as np
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import ConsoleMessage, Page, expect

from core.datasets import import_dataset, import_unlabelled
from core.grouping import Groups, Sorting, rename, save_sorting
from core.home import Home, open_home
from dashboard.navigation import OTHER_PAGES, STEPS
from tests.browser import journey as j
from tests.browser.serving import served
from tests.conftest import draw_photo
from tests.fixtures.made_runs import made_plan, made_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SCREENS = ("start", "photos", "groups", "model", "plan", "expert plan", "train", "results", "use", "runs", "learn")
WIDTHS = (1280, 400)
HEADER_WIDTHS = (400, 1024, 1180, 1280, 1366, 1440)
COUNT_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, startTime, hadRecentInput, sources } of list.getEntries()) {
        const what = sources.map(({ node }) => (node?.closest?.("[class*=st-key]") ?? node)?.className ?? "");
        if (!hadRecentInput) window.shifts.push([value, startTime, what]);
      }
    }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """screens("plan") is the address of that screen, of a Graft with a dataset and a finished run with mistakes."""
    folder = tmp_path_factory.mktemp("screens")
    home = open_home(folder / "home")
    addresses = fill(home, folder)
    with served(home.root, folder / "log.txt") as address:
        yield lambda screen: address + addresses[screen]


def fill(home: Home, folder: Path) -> dict[str, str]:
    for kind, name in enumerate(("cup", "hat", "shoe")):
        for number in range(60):
            draw_photo(folder / "photos" / name / f"{number}.png", kind, number)
    dataset = import_dataset(home, "Things", folder / "photos")
    run = made_run(home, dataset, "finished", epochs=6, plan=made_plan(dataset, "head-first"), tested=True)
    made_run(home, dataset, "finished", epochs=4, plan=made_plan(dataset, "top"))
    sorted_photos = import_unlabelled(home, "Loose", folder / "photos")
    save_sorting(sorted_photos, made_sorting(sorted_photos.table["image_id"]))
    of_dataset, of_run = f"?dataset={dataset.id}", f"?dataset={dataset.id}&run={run.id}"
    return {
        "start": "/",
        "photos": f"/{of_dataset}",
        "groups": f"/?dataset={sorted_photos.id}",
        "model": f"/model{of_dataset}",
        "plan": f"/plan{of_dataset}",
        "expert plan": f"/plan{of_dataset}",
        "train": f"/train{of_run}",
        "results": f"/results{of_run}",
        "use": f"/use{of_run}",
        "runs": "/runs",
        "learn": "/learn",
    }


def made_sorting(image_ids: Iterable[str]) -> Sorting:
    """Twelve groups, one of them with a name, and some photos in none."""
    ids, rng = tuple(image_ids), np.random.default_rng(0)
    axes, positions = rng.normal(size=(len(ids), 4)), rng.random((len(ids), 2))
    groups = rename(Groups.of(np.arange(len(ids)) % 13 - 1), 0, "cups")
    return Sorting(ids, axes.astype(np.float32), positions.astype(np.float32), (groups,), "k-means", "any")


def open_screen(page: Page, address: str, screen: str) -> None:
    page.goto(address)
    expect(page.locator("h1")).to_be_visible(timeout=j.LONG)
    j.settled(page)
    if screen == "train":
        j.wait_for_points(page, more_than=1)
    if screen == "expert plan":
        page.get_by_text("Show everything").click()
        expect(page.get_by_text("Optimizer", exact=True)).to_be_visible(timeout=j.LONG)
        j.settled(page)


def found_by_axe(page: Page) -> list[str]:
    """What is serious, critical or moderate, a line each with the element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'],"
        " rules: { 'label-content-name-mismatch': { enabled: true } } })"
    )
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("critical", "serious", "moderate")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_opens_still_without_errors_and_axe_finds_nothing(
    screens: Callable[[str], str], open_tab: Callable[..., Page], screen: str, width: int
) -> None:
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} {message.location.get('url')}")

    page = open_tab(width=width, height=800)
    page.on("console", note)
    page.add_init_script(COUNT_SHIFTS)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        open_screen(page, screens(screen), screen)
        if screen != "expert plan":  # there something was clicked, and a click may move things
            shifts = page.evaluate("window.shifts")
            assert sum(value for value, _, _ in shifts) < 0.1, shifts
        assert found_by_axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if screen in ("photos", "model", "plan", "results"):
        expect_the_way_on_in_sight(page)
    assert errors == []


def expect_the_way_on_in_sight(page: Page) -> None:
    """At the top and at the bottom of the page, and nothing lies over it."""
    button = page.locator(".st-key-in_sight button")
    for end in (0, 100_000):
        page.evaluate(f"document.querySelector('[data-testid=stMain]').scrollTo(0, {end})")
        expect(button).to_be_in_viewport(ratio=1)
        assert button.evaluate(
            "(button) => { const box = button.getBoundingClientRect();"
            " return button.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)) }"
        )


def test_every_link_of_the_row_above_takes_a_click_at_every_width(screens: Callable[[str], str], page: Page) -> None:
    open_screen(page, screens("runs"), "runs")
    row = page.locator(".st-key-topbar")
    for width in HEADER_WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        answers = page.evaluate(
            "[...document.querySelectorAll('.st-key-topbar a')].map((link) => {"
            " const box = link.getBoundingClientRect();"
            " return [0.1, 0.5, 0.9].map((share) => link.contains("
            "   document.elementFromPoint(box.x + share * box.width, box.y + box.height / 2)));"
            "})"
        )
        assert answers == [[True] * 3] * (1 + len(STEPS) + len(OTHER_PAGES)), width
        for name, title in (("Learn", "What do the words mean?"), ("All runs", "What has been tried?")):
            row.get_by_role("link", name=name).click()
            expect(page.get_by_role("heading", level=1, name=title)).to_be_visible(timeout=j.LONG)
        j.settled(page)


def test_each_link_of_the_row_above_shows_when_it_has_the_focus(screens: Callable[[str], str], page: Page) -> None:
    open_screen(page, screens("runs"), "runs")
    links = page.locator(".st-key-topbar a")
    for link in links.all():
        box = link.bounding_box()
        assert box is not None
        around = {"x": box["x"] - 4, "y": box["y"] - 4, "width": box["width"] + 8, "height": box["height"] + 8}
        page.evaluate("document.activeElement.blur()")
        before = Image.open(BytesIO(page.screenshot(clip=around))).convert("L")
        link.focus()
        page.keyboard.press("Shift")  # a focus that the keyboard gave is to be seen
        after = Image.open(BytesIO(page.screenshot(clip=around))).convert("L")
        changed = ImageChops.difference(before, after).point(lambda value: 255 * (value > 60)).histogram()[255]
        assert changed > box["width"], link.inner_text()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/nonsense/page", "Graft has no page “nonsense/page”."),
        ("/train?run=wrong", "The address names a run that is not here: wrong."),
        ("/plan?dataset=wrong", "The address names a dataset that is not here: wrong."),
    ],
)
def test_an_address_of_what_is_not_there_says_so(
    screens: Callable[[str], str], page: Page, address: str, sentence: str
) -> None:
    page.goto(screens("start").rstrip("/") + address)
    expect(page.get_by_role("alert").get_by_text(sentence)).to_be_visible(timeout=j.LONG)
