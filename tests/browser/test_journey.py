"""The whole journey as a person does it, once with a sample and once with a zip of real photos."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.routes import sample_url
from tests.browser import journey as j
from tests.conftest import draw_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REAL_PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "extra-ants-bees.zip"


def test_from_the_sample_to_a_model_to_take_home(graft: str, page: Page, tmp_path: Path):
    """Leaves, the starter, a stage frozen by a click, training watched across a refresh, results, a photo."""
    page.goto(graft)
    expect(page.get_by_role("heading", name="Teach a network to see what you see")).to_be_visible(timeout=j.LONG)
    j.begin_with(page, "leaves")
    page.goto(f"{page.url}&model=graft-resnet10t")
    j.see_photos(page)
    j.go_to_plan(page)

    j.choose_recipe(page, "Top of the network")
    third = j.stage(page, "stage 3")
    expect(third).to_have_attribute("aria-pressed", "true")  # frozen
    third.click()
    expect(third).to_have_attribute("aria-pressed", "false")
    third.click()
    expect(third).to_have_attribute("aria-pressed", "true")
    j.set_epochs(page, 3)

    j.start_training(page)
    seen = j.wait_for_points(page, more_than=2)
    page.reload()  # in the middle: the same run, from its beginning
    j.wait_for_points(page, more_than=seen - 1)  # a quick machine may be done with all by now
    j.wait_until_finished(page)
    expect(page.locator(".live-verdict b")).not_to_be_empty()
    assert j.drawings(page, "root.dispatchEvent(new Event('transitionend'))") == 0  # nothing is new
    assert j.drawings(page, "root.querySelector('.live-unit [value=steps]').click()") > 0

    j.go_to_results(page)
    expect(page.get_by_text(re.compile(r"of \d+ validation photos it had not learned from"))).to_be_visible()
    page.get_by_role("gridcell").and_(page.locator("td[data-count]")).first.click()
    expect(page.get_by_role("option").first).to_be_visible(timeout=j.LONG)

    j.go_to_use(page)
    photo = tmp_path / "leaf.png"
    photo.write_bytes(page.request.get(graft + sample_url("leaves", 0)).body())
    j.try_photos(page, [photo])
    expect(page.locator(".bars").first).to_be_visible(timeout=j.LONG)

    with page.expect_download(timeout=j.LONG) as download:
        page.get_by_role("link", name="Save").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = {Path(name).name for name in archive.namelist()}
    assert {"predict.py", "README.md", "labels.json"} <= names
    assert any(name.endswith(".safetensors") for name in names)


@pytest.mark.skipif(not REAL_PHOTOS.exists(), reason="the real photos are not here")
def test_a_zip_of_real_photos_becomes_a_trained_model(graft: str, page: Page):
    page.goto(graft)
    j.drop_files(page, REAL_PHOTOS)
    j.see_photos(page)
    expect(page.get_by_text("397 photos").first).to_be_visible()
    j.go_to_plan(page)
    j.start_training(page)
    j.wait_until_finished(page)
    j.go_to_results(page)


def test_hundreds_of_dropped_files_arrive_complete(graft: str, page: Page, tmp_path: Path):
    for number in range(600):
        folder = tmp_path / "shapes" / ("round" if number % 2 else "square")
        draw_photo(folder / f"{number:04}.png", number % 2, number, side=20)
    page.goto(graft)
    page.locator("input[type=file][webkitdirectory]").set_input_files(tmp_path / "shapes")
    j.see_photos(page)
    expect(page.get_by_text("600 photos").first).to_be_visible()


def test_a_folder_that_is_dropped_arrives_with_all_that_lies_below_it(graft: str, page: Page, tmp_path: Path):
    """More files than a browser tells of at once, folders in folders, and what systems leave in them."""
    folder = tmp_path / "blocks"
    for number in range(260):
        kind = number % 2
        draw_photo(folder / "found" / ("round" if kind else "square") / f"{number:03}.png", kind, number, side=20)
        draw_photo(folder / "many" / f"{number:03}.png", 2, number, side=20)
    (folder / ".DS_Store").write_bytes(bytes(100))
    page.goto(graft)
    j.drop_folder(page, folder)
    j.see_photos(page)
    expect(page.get_by_text("blocks: 520 photos, 3 classes. All could be read.")).to_be_visible()


def test_photos_stay_chosen_while_others_are_looked_at(digits: str, page: Page):
    j.open_photos(page, digits)
    train = page.get_by_role("radio", name="train", exact=True).or_(
        page.get_by_role("button", name="train", exact=True)
    )
    count = page.locator(".count")
    of_all = count.inner_text()
    train.click()
    expect(count).not_to_have_text(of_all)  # the grid shows other photos now
    photo = page.get_by_role("option").first
    photo.hover()
    photo.locator(".tick").click()
    chosen = page.locator(".actions b")
    expect(chosen).to_have_text("1 chosen photo")
    page.get_by_role("radio", name="test", exact=True).or_(page.get_by_role("button", name="test", exact=True)).click()
    expect(chosen).to_have_text("1 chosen photo (1 not shown here)")


def test_a_second_tab_sees_the_same_run_and_a_second_start_waits(digits: str, open_tab: Callable[..., Page]):
    first, second = open_tab(), open_tab()
    j.open_photos(first, f"{digits}&model=graft-resnet10t")
    j.go_to_plan(first)
    j.choose_recipe(first, "Head first, then all")
    j.start_training(first)
    second.goto(first.url)
    expect(second.get_by_role("progressbar", name="How far training is")).to_be_visible(timeout=j.LONG)
    second.goto(first.url.replace("/train", "/plan"))
    expect(second.get_by_text("one run at a time")).to_be_visible(timeout=j.LONG)
    second.get_by_role("button", name="Start training").click()
    expect(second.get_by_text(re.compile("waits|waiting")).first).to_be_visible(timeout=j.LONG)
    first.get_by_role("button", name="Stop and keep the best").click()
    expect(first.get_by_text("stopped", exact=True).first).to_be_visible(timeout=j.LONG)
    pause = second.get_by_role("button", name="Pause")  # its turn has come
    expect(pause).to_be_visible(timeout=j.LONG)
    pause.click()
    expect(second.get_by_text("paused", exact=True).first).to_be_visible(timeout=j.LONG)
    second.get_by_role("button", name="Stop and keep the best").click()
    expect(second.get_by_text("stopped", exact=True).first).to_be_visible(timeout=j.LONG)


def test_a_zoom_stays_while_points_arrive_and_over_a_reload(digits: str, page: Page):
    j.open_photos(page, f"{digits}&model=graft-resnet10t")  # whose points arrive quickly when all stages learn
    j.go_to_plan(page)
    j.choose_recipe(page, "From scratch")
    j.start_training(page)
    chart = page.locator("figure[data-panel=loss] .graft-chart")
    j.wait_for_points(page, more_than=20)
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=4)
    page.mouse.up()
    zoomed = chart.evaluate("e => e._fullLayout.xaxis.range")
    chart.evaluate("e => { e.drawn = 0; e.on('plotly_afterplot', () => e.drawn++); return 0 }")
    page.wait_for_function(
        "() => document.querySelector('figure[data-panel=loss] .graft-chart').drawn >= 3", timeout=j.LONG
    )
    assert chart.evaluate("e => e._fullLayout.xaxis.range") == zoomed
    page.get_by_role("button", name="Stop and keep the best").click()
    expect(page.get_by_text("stopped").first).to_be_visible(timeout=j.LONG)
    page.reload()
    j.wait_for_points(page, more_than=1)
    assert chart.evaluate("e => e._fullLayout.xaxis.range") == zoomed


def test_a_classs_name_is_shown_and_never_run(graft: str, page: Page, tmp_path: Path):
    """What somebody called a folder reaches the page as words."""
    nasty = "<img src=x onerror=alert(1)> **bold** :red[x]"
    archive = tmp_path / "nasty.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for kind, name in enumerate((nasty, "plain")):
            for number in range(12):
                zipped.write(draw_photo(tmp_path / f"{kind}-{number}.png", kind, number), f"{name}/{number}.png")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(graft)
    j.drop_files(page, archive)
    j.see_photos(page)
    expect(page.get_by_text(nasty, exact=True).first).to_be_visible()
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
