"""Step 2 without a browser."""

import threading

import pytest

from core.backbones import get_card, list_gallery, photos_per_second
from core.errors import NotReachable
from core.profiling import Estimate
from core.units import format_bytes, format_rough_duration
from dashboard.model.gallery import card_in_html, format_gmacs
from dashboard.model.promises import licence_in_words
from dashboard.shared import background_jobs
from dashboard.shared.texts import escape_html
from tests.dashboard.conftest import words
from tests.fixtures.made_runs import made_run

STARTER = "graft-resnet10t"


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """No measuring in these tests: what is measured takes six seconds, others as much more as they compute."""
    estimate = Estimate(6.0, 0)
    monkeypatch.setattr("core.profiling.rough.estimate_in_background", lambda *_: estimate)


def choose_key(name):
    return "choose_" + name.translate(str.maketrans("./ ", "___"))


def wait_for_downloads():
    for thread in threading.enumerate():
        if thread.name == "graft-download":
            thread.join(30)


def test_the_gallery_shows_figures_licence_and_whether_it_is_here(open_page):
    shown = words(open_page("model"))
    for card in list_gallery()[:3]:
        assert card.title in shown
        assert card.licence in shown


def test_what_comes_with_graft_is_always_here_and_others_are_ready_or_so_large(open_page):
    cards = list_gallery()
    assert [card.source for card in cards[:7]] == ["package"] * 3 + ["starter"] * 3 + ["hub"]
    assert words(open_page("model")).count(">always here<") == 6
    assert ">ready<" in card_in_html(cards[6], True, [])
    assert f">{format_bytes(cards[6].weights_bytes)}<" in card_in_html(cards[6], False, [])


def test_without_photos_the_way_on_is_closed_and_says_where_to_begin(open_page):
    app = open_page("model")
    assert app.button(key="next_plan").disabled


def test_with_photos_the_suggested_one_leads_on(open_page, small):
    app = open_page("model", dataset=small.id)
    assert app.header[0].value == "Suggested"
    assert not app.button(key="next_plan").disabled


def test_a_name_that_is_no_model_falls_back_to_the_suggestion(open_page):
    assert open_page("model", model="<script>").header[0].value == "Suggested"


def test_the_chosen_one_stands_in_the_address(open_page):
    app = open_page("model", model=STARTER)
    assert app.header[0].value == "Your choice"
    assert app.query_params["model"] == STARTER


def test_search_looks_beyond_the_gallery(open_page):
    app = open_page("model")
    app.text_input(key="model_search").input("resnet18").run()
    shown = words(app)
    assert "resnet18" in shown
    assert "ConvNeXt" not in shown.split("What do these")[0].replace("resnet, vit, convnext", "")


def test_a_card_says_what_it_gets_right_and_how_long_these_photos_take(open_page, home, small):
    cards = {card.name: card for card in list_gallery()}
    known = cards["efficientnet-lite0"]
    other = next(card for card in cards.values() if card.source == "hub" and card.accuracy and card.gmacs > known.gmacs)
    shown = words(open_page("model", dataset=small.id))
    assert "Names 51 of 100 clothes right" in shown
    assert f"Names {other.accuracy:.0f} of 100 photos right" in shown
    assert "Learns your 24 photos in about 6 s here" in shown
    seconds = 6.0 * other.gmacs / known.gmacs
    assert f"in {format_rough_duration(seconds)} here" in shown
    assert "–<" not in shown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("efficientnet-lite0", "Free for everybody, companies too (Apache-2.0)."),
        ("convnextv2_tiny.fcmae_ft_in22k_in1k", "Not for companies: CC BY-NC 4.0 (non-commercial)."),
        ("vit_small_patch16_dinov3.lvd1689m", "companies read first: DINOv3 licence (Meta)."),
        ("fastvit_sa12.apple_dist_in1k", "FastViT licence (Apple)."),
    ],
)
def test_each_licence_is_said_in_words(name, said):
    assert said in licence_in_words(get_card(name))


def test_where_waiting_is_long_the_quicker_one_is_offered_and_taken(open_page, small, monkeypatch):
    seconds = {"efficientnet-lite0": 200.0, STARTER: 12.0}
    monkeypatch.setattr(
        "core.profiling.rough.estimate_in_background", lambda home, plan, *_: Estimate(seconds[plan.backbone.name], 0)
    )
    app = open_page("model", dataset=small.id)
    assert "About 3 min 20 s is long to wait. Graft CNN learns these photos in about 10 s" in words(app)
    app.button(key="take_quicker").click().run()
    assert app.query_params["model"] == STARTER
    assert "take_quicker" not in [button.key for button in app.button]


def test_where_waiting_is_short_nothing_is_offered(open_page, small):
    assert "take_quicker" not in [button.key for button in open_page("model", dataset=small.id).button]


def test_each_network_of_the_gallery_says_how_many_photos_a_second_two_cores_compute():
    assert photos_per_second().keys() >= {card.name for card in list_gallery()}
    card = get_card("efficientnet-lite0")
    assert f"<b>{photos_per_second()[card.name]:.3g}</b>photos/s, two cores" in card_in_html(card, True, [])


def test_what_a_run_reached_on_these_photos_is_said_first(open_page, home, small):
    run = made_run(home, small, "finished", epochs=3)
    assert f"Reached {run.progress.best.accuracy_text} on these photos." in words(open_page("model", dataset=small.id))


def test_the_suggested_one_is_described_once(open_page, small):
    shown = words(open_page("model", dataset=small.id))
    assert shown.count(escape_html(list_gallery()[0].sentence)) == 1


def test_a_search_that_finds_nothing_says_what_to_do(open_page):
    app = open_page("model")
    app.text_input(key="model_search").input("qqqqqqqq zzzzzz").run()
    assert "No model fits" in words(app)


def test_only_what_is_here_when_asked_for(open_page):
    app = open_page("model")
    where = next(group for group in app.button_group if "Ready now" in group.options)
    where.set_value("Ready now").run()
    assert choose_key(STARTER) in [b.key for b in app.button]
    assert not [b for b in app.button if b.label.startswith("Fetch")]


def test_fetching_happens_in_the_background_and_chooses(open_page, monkeypatch):
    fetched = []
    monkeypatch.setattr(
        "dashboard.model.gallery.download_weights", lambda home, card, progress: fetched.append(card.name)
    )
    app = open_page("model")
    first = next(b for b in app.button if b.label.startswith("Fetch"))
    first.click().run()
    wait_for_downloads()
    app.run()
    assert [app.query_params["model"]] == fetched


def test_no_network_is_said_in_a_sentence_until_it_was_read(open_page, monkeypatch):
    def unreachable(home, card, progress):
        raise NotReachable("huggingface.co did not answer.", "Check the network.")

    monkeypatch.setattr("dashboard.model.gallery.download_weights", unreachable)
    app = open_page("model")
    button = next(b for b in app.button if b.label.startswith("Fetch"))
    fetch = button.key
    button.click().run()
    wait_for_downloads()
    app.run()
    assert "did not answer" in app.error[0].value
    buttons = [element for element in app.main if element.type in ("alert", "error", "button")]
    at = next(i for i, element in enumerate(buttons) if element.type != "button")
    assert buttons[at + 1].key == "understood"
    assert buttons[at + 2].key == fetch  # at its card
    app.button(key="understood").click().run()
    assert not app.error


@pytest.mark.parametrize(("done", "total", "words"), [(12e6, 98e6, "12 MB of 98 MB"), (3, 4, "3 of 4")])
def test_a_download_is_counted_in_bytes(done, total, words):
    from dashboard.shared.job_progress import count_in_words

    assert (
        count_in_words(background_jobs.BackgroundJob("1", "download", "", "", done=int(done), total=int(total)))
        == words
    )


@pytest.mark.parametrize(("gmacs", "text"), [(4.123, "4.1"), (0.5, "0.5"), (0.0058, "0.006")])
def test_a_small_network_is_not_said_to_compute_nothing(gmacs: float, text: str) -> None:
    assert format_gmacs(gmacs) == text
