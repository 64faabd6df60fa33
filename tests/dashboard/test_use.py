"""The page that uses a model: answers in words and bars, tables that are safe to open."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from core.backbones import describe_stages, get_card
from core.errors import BadDataset
from core.exports import PhotoPrediction, Strangeness, predictions_csv
from core.home import Home
from core.plans import Teacher, make_plan
from core.tasks import Task
from dashboard.components.photo_choice import parse_choice
from dashboard.session.plan_drafts import load_draft
from dashboard.shared.texts import escape_markdown, format_probability
from dashboard.use.classes import answer_in_words, is_unsure, known_in_words
from dashboard.use.try_photos import as_table
from tests.conftest import draw_photo
from tests.dashboard.conftest import words
from tests.fixtures.made_runs import made_run

CONFIDENT = {"class": {"*cats* <b>$x$": 0.91, "dogs": 0.09}}
TORN = {"class": {"*cats* <b>$x$": 0.52, "dogs": 0.48}}


class Oracle:
    """Answers every photo alike, and cannot read what is no picture."""

    def __init__(self, answer: dict) -> None:
        self.answer, self.asked = answer, 0

    def iter_predictions(self, photos):
        self.asked += len(photos)
        return [self.answer if photo.startswith(b"\x89PNG") else BadDataset("It is no picture.") for photo in photos]


@pytest.fixture
def asked(monkeypatch, small, home: Home, open_page, tmp_path):
    """asked(answer, *names): the page after photos of these names were dropped on it."""

    def ask(answer: dict, *names: str, strange: Strangeness | None = None):
        monkeypatch.setattr("dashboard.use.try_photos.cached_predictor", lambda home, run_id: Oracle(answer))
        monkeypatch.setattr(
            "dashboard.use.try_photos.strangeness", lambda home, run_id, photos: [strange] * len(photos)
        )
        run = made_run(home, small, "finished", epochs=2)
        app = open_page("use", run=run.id)
        picture = draw_photo(tmp_path / "new.png", 0, 0).read_bytes()
        files = [(name, picture if name.endswith("png") else b"text", "image/png") for name in names]
        app.file_uploader(key="try_files").set_value(files).run()
        assert not app.exception
        return app

    return ask


def test_with_no_run_the_page_says_what_to_do(open_page) -> None:
    app = open_page("use")
    assert app.title[0].value == "What does it say to new photos?"
    assert app.button(key="first_do").label == "Make a plan"


def test_a_run_without_a_model_sends_one_back_to_watch_it(open_page, small, home: Home) -> None:
    run = made_run(home, small, "running")
    app = open_page("use", run=run.id)
    assert "no epoch of it has ended" in words(app)


@pytest.mark.parametrize("state", ["finished", "stopped", "running", "paused", "interrupted"])
def test_a_run_with_a_model_takes_photos_and_can_be_taken_home(open_page, small, home: Home, state: str) -> None:
    run = made_run(home, small, state, epochs=2)
    app = open_page("use", run=run.id)
    assert app.file_uploader(key="try_files")
    said = words(app)
    assert f'href="/graft/runs/{run.id}/exports/python-zip"' in said
    assert "answers one of these whatever it is shown" in said


def test_one_photo_gets_its_classes_as_bars(asked) -> None:
    said = words(asked(CONFIDENT, "new.png"))
    assert "*cats* &lt;b&gt;$x$ <small>91\u00a0%</small>" in said
    assert "width:9.0%" in said
    assert "sure and wrong" in said  # what confidence is worth


def test_an_unsure_answer_is_a_question(asked) -> None:
    said = words(asked(TORN, "new.png"))
    assert '<p class="big name">*cats* &lt;b&gt;$x$ or dogs? <small>it is unsure</small></p>' in said
    assert "Look for yourself." in said
    assert answer_in_words(CONFIDENT["class"]) == "*cats* <b>$x$"
    assert not is_unsure({"the only class": 0.1})


def test_a_photo_unlike_those_it_learned_from_gets_a_doubt_before_the_answer(asked) -> None:
    said = words(asked(CONFIDENT, "new.png", strange=Strangeness(judges=60, as_far=0)))
    assert said.index("Perhaps none of what it knows") < said.index("91\u00a0%")
    assert "Not one of 60 photos that judged it is so unlike those it learned from." in said
    assert "Perhaps none" not in words(asked(CONFIDENT, "new.png", strange=Strangeness(judges=60, as_far=7)))


def test_doubts_stand_in_the_table_of_several_photos(asked) -> None:
    far = Strangeness(judges=60, as_far=0)
    assert list(asked(CONFIDENT, "a.png", "b.jpg").dataframe[0].value["doubt"]) == ["", ""]
    assert list(asked(TORN, "a.png", "b.png").dataframe[0].value["doubt"]) == ["unsure", "unsure"]
    assert list(asked(TORN, "a.png", "b.png", strange=far).dataframe[0].value["doubt"]) == ["unlike its photos"] * 2


def test_a_photo_of_the_test_is_tried_at_one_click(open_page, small, home: Home, monkeypatch) -> None:
    monkeypatch.setattr("dashboard.use.try_photos.cached_predictor", lambda home, run_id: Oracle(CONFIDENT))
    monkeypatch.setattr("dashboard.use.try_photos.strangeness", lambda home, run_id, photos: [None] * len(photos))
    run = made_run(home, small, "finished", epochs=2)
    app = open_page("use", run=run.id)
    payloads = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    offered = next(payload["photos"] for payload in payloads if "then_show" in payload)
    unseen = small.table["image_id"].iloc[small.indices("test")]
    assert set(offered) <= set(unseen)
    assert "known" in words(app)  # until a photo is tried, what it knows stands there
    app.session_state["graft:example photo"] = (run.id, offered[0])
    app.run()
    assert not app.exception, app.exception[0].value
    said = words(app)
    label = small.tasks[0].classes[small.labels(small.tasks[0])[small.row[offered[0]]]]
    assert f"Its label: {escape_markdown(label)}" in said
    assert "91\u00a0%" in said
    picture = small.path(offered[0]).read_bytes()
    app.file_uploader(key="try_files").set_value([("own.png", picture, "image/png")]).run()
    assert "Its label" not in words(app)


@pytest.mark.parametrize("payload", [None, {}, {"id": 3}, {"id": "gone"}, "x"])
def test_a_choice_that_is_none_is_ignored(payload) -> None:
    assert parse_choice(payload, ["a"]) is None
    assert parse_choice({"id": "a"}, ["a"]) == "a"


def test_a_photo_of_16_bits_is_shown(asked, tmp_path) -> None:
    app = asked(CONFIDENT, "new.png")
    Image.fromarray(np.full((40, 60), 40_000, np.uint16)).save(tmp_path / "deep.png")
    app.file_uploader(key="try_files").set_value(
        [("deep.png", (tmp_path / "deep.png").read_bytes(), "image/png")]
    ).run()
    assert not app.exception, app.exception[0].value
    assert app.get("image")


def test_the_same_photos_are_asked_about_once(asked, monkeypatch) -> None:
    app = asked(CONFIDENT, "a.png", "b.png")
    oracle = Oracle(CONFIDENT)
    monkeypatch.setattr("dashboard.use.try_photos.cached_predictor", lambda home, run_id: oracle)
    app.run()
    assert oracle.asked == 0
    assert list(app.dataframe[0].value["photo"]) == ["a.png", "b.png"]


def test_a_file_that_is_no_picture_is_named_with_its_reason(asked) -> None:
    app = asked(CONFIDENT, "notes.jpg")
    assert "notes" in app.error[0].value
    assert r"It is no picture\." in app.error[0].value


def test_several_photos_get_a_table_and_the_unreadable_one_is_in_it(asked) -> None:
    app = asked(CONFIDENT, "a.png", "b.jpg")
    table = app.dataframe[0].value
    assert list(table["photo"]) == ["a.png", "b.jpg"]
    assert list(table["answer"]) == ["*cats* <b>$x$", "not read: It is no picture."]


def test_a_table_holds_no_formula() -> None:
    said = [
        PhotoPrediction('=HYPERLINK("http://x")', {"label": {"@class": 0.6, "+1": 0.4}}),
        PhotoPrediction("-2", None, "no picture"),
    ]
    tasks = [Task("label", ("@class", "+1"))]
    rows = list(csv.reader(io.StringIO(predictions_csv(said, tasks).removeprefix("\ufeff"))))
    assert rows[0] == ["photo", "answer", "'@class", "'+1"]
    assert rows[1] == ['\'=HYPERLINK("http://x")', "'@class", "0.600000", "0.400000"]
    assert rows[2] == ["'-2", "not read: no picture", "", ""]


def test_several_tasks_have_columns_each() -> None:
    said = [PhotoPrediction("a", {"kind": {"leaf": 1.0}, "state": {"healthy": 0.7, "spotted": 0.3}})]
    assert list(as_table(said, (Task("kind"), Task("state")))) == [
        "photo", "kind: answer", "kind: sure", "kind: else", "state: answer", "state: sure", "state: else",
    ]  # fmt: skip


def test_what_it_knows_is_said_of_each_label() -> None:
    tasks = [Task("species", ("oak", "elm")), Task("health", ("well", "ill"))]
    assert known_in_words(tasks[:1]) == "It knows oak, elm, and answers one of these whatever it is shown."
    assert known_in_words(tasks) == (
        "It knows species (oak, elm) and health (well, ill), and answers one of each whatever it is shown."
    )


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "100"), (0.9991, "> 99"), (0.914, "91"), (0.004, "< 1"), (0.0, "0")]
)
def test_no_certainty_is_claimed_that_is_not_there(share: float, words: str) -> None:
    assert format_probability(share) == f"{words} %".replace(" ", "\u00a0")


def test_a_large_model_can_teach_a_smaller_one(open_page, small, home: Home) -> None:
    large = get_card("resnet50.a1_in1k")
    plan = make_plan(small, large, describe_stages(large), "top")
    run = made_run(home, small, "finished", epochs=2, plan=plan)
    app = open_page("use", run=run.id)
    app.button(key="make_smaller").click().run()
    assert not app.exception, app.exception[0].value
    made = load_draft(home, app.session_state["graft:plan"])
    assert made.teacher == Teacher(run=run.id)
    assert 2 * get_card(made.backbone.name).parameters <= large.parameters
    assert {each.kind for each in made.objectives} == {"cross_entropy", "logit_distillation", "feature_distillation"}
    assert made.tasks == run.plan.tasks
    assert made.image_size == 224  # which the teacher knows, and the small one can


def test_a_model_that_still_learns_is_no_teacher_yet(open_page, small, home: Home) -> None:
    large = get_card("resnet50.a1_in1k")
    plan = make_plan(small, large, describe_stages(large), "top")
    app = open_page("use", run=made_run(home, small, "interrupted", epochs=2, plan=plan).id)
    assert not [button for button in app.button if button.key == "make_smaller"]


def test_what_is_small_already_is_offered_nothing(open_page, small, home: Home, monkeypatch) -> None:
    monkeypatch.setattr("dashboard.use.take_home.smaller_available", lambda *_: None)
    app = open_page("use", run=made_run(home, small, "finished", epochs=2).id)
    assert not [button for button in app.button if button.key == "make_smaller"]
