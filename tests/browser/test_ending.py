"""A run ends while one looks elsewhere: the window's title says so, and a notification where it was asked for."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.backbones import default_card, describe_stages
from core.datasets import load_dataset
from core.execution import submit
from core.home import open_home
from core.plans import Phase, make_plan
from core.runs import stop
from tests.browser.journey import wait_for_points

pytestmark = pytest.mark.browser

# Chromium without a window has no notifications: this one writes down what it would show.
NOTIFICATIONS = """
window.shown = [];
window.Notification = class {
  static permission = sessionStorage.getItem("permission") ?? "default";
  static async requestPermission() {
    sessionStorage.setItem("permission", "granted");
    return (Notification.permission = "granted");
  }
  constructor(title, options) { shown.push([title, options.tag]); }
};
"""


def watch(page: Page, address: str) -> None:
    page.add_init_script(NOTIFICATIONS)
    page.goto(address)


def test_title_and_notification_tell_of_the_end_of_a_run(
    graft: str, digits: str, graft_home: Path, open_tab: Callable[..., Page]
) -> None:
    """One run goes on until it is stopped, the other waits behind it and finishes; one of the tabs asks to be told."""
    home, card = open_home(graft_home), default_card(open_home(graft_home))
    stages = describe_stages(card)
    short = make_plan(load_dataset(home, digits.rpartition("=")[2]), card, stages, image_size=32)
    phase = Phase(epochs=1, stage_rates=(0.0,) * len(stages), head_rate=1e-3)
    short = short.model_copy(update={"phases": (phase,), "early_stopping": None})
    endless = short.model_copy(update={"phases": (phase.model_copy(update={"epochs": 10_000}),)})
    first, second = submit(home, endless, "Endless"), submit(home, short, "Short")

    asking, silent = open_tab(), open_tab()
    watch(silent, f"{graft}/train?run={second.id}")
    expect(silent).to_have_title("Waiting · Short · Graft")
    watch(asking, f"{graft}/train?run={first.id}")
    wait_for_points(asking, 1)
    expect(asking).to_have_title(re.compile(r"^\d+ % · Endless · Graft$"))
    tell_me = asking.get_by_role("button", name="Tell me when it ends")
    tell_me.click()
    expect(tell_me).to_have_attribute("aria-pressed", "true")
    assert asking.evaluate("shown") == []

    stop(home, first.id)
    expect(asking).to_have_title("Ended · Endless · Graft")
    expect(silent).to_have_title("✓ Done · Short · Graft")
    asking.wait_for_function("shown.length > 0")
    assert asking.evaluate("shown") == [["Endless stopped", "graft:Endless"]]
    assert silent.evaluate("shown") == []
    asking.reload()  # an end of before is nothing new
    expect(asking).to_have_title("Ended · Endless · Graft")
    assert asking.evaluate("shown") == []
