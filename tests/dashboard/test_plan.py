"""The plan page: what it shows, what a click changes, and what it refuses."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from core.backbones import describe_stages, list_gallery
from core.datasets import inbox, load_dataset
from core.home import Home
from core.plans import BackboneChoice, Teacher, objective_of, parse_plan, set_objective, set_target, set_teacher
from core.runs.store import list_runs
from dashboard.components.drop_zone import Upload
from dashboard.plan import adaptation, summary
from dashboard.plan.augmentation import switched_on, with_pills
from dashboard.plan.distillation import key_of
from dashboard.plan.network import blocks_of
from dashboard.plan.timeline import in_words
from dashboard.plan.widgets import with_value
from dashboard.session.plan_drafts import load_draft, save_draft
from tests.dashboard.conftest import words
from tests.dashboard.test_photos import component
from tests.fixtures.made_runs import STARTER, made_plan, made_run
from tests.fixtures.toy_objective import compactness

__all__ = ["compactness"]

FIRST = list_gallery()[0].name  # what is chosen where nobody has chosen


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """No measuring in these tests: what this machine can do is none of the page's business."""
    monkeypatch.setattr(summary, "cost_of", lambda *_: summary.Cost("about 1 min 20 s", "900 MB", settled=True))


def plan_of(app):
    """The plan as it stands, found by what the address says."""
    key = app.query_params["plan"]
    return load_draft(app_home(app), key if isinstance(key, str) else key[0])


def app_home(app) -> Home:
    from dashboard.session import state

    return state.home()


def picture(app) -> list[dict]:
    """What the network picture was given."""
    payloads = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(payload["stages"] for payload in payloads if "stages" in payload)


def labelled(elements, label: str):
    return next(element for element in elements if element.label == label)


def test_without_photos_the_page_says_to_choose_some_first(open_page) -> None:
    app = open_page("plan")
    assert app.title[0].value == "What should learn, and how fast?"
    assert "photos" in words(app)
    assert app.button(key="first_do").label == "Choose photos"


def test_the_recipe_at_the_beginning_freezes_everything_but_the_head(open_page, small) -> None:
    stages = picture(open_page("plan", dataset=small.id))
    assert [stage["name"] for stage in stages] == [*(s.name for s in describe_stages(FIRST)), "head"]
    assert [stage["rate"] > 0 for stage in stages] == [False] * (len(stages) - 1) + [True]


def test_a_recipe_with_two_phases_shows_both(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    labelled(app.segmented_control, "Recipe").set_value("head-first").run()
    assert len(plan_of(app).phases) == 2
    phases = labelled(app.segmented_control, "Phase")
    assert [stage["rate"] for stage in picture(app)][:-1] == [0.0] * len(describe_stages(FIRST))
    phases.set_value(1).run()
    assert all(stage["rate"] > 0 for stage in picture(app))


def test_the_heads_slider_is_that_of_the_phase_in_the_picture(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    labelled(app.segmented_control, "Recipe").set_value("head-first").run()
    labelled(app.segmented_control, "Phase").set_value(0).run()
    assert labelled(app.select_slider, "Rate of the head").value == picture(app)[-1]["rate_text"] == "fitted"
    labelled(app.select_slider, "Rate of the head").set_value(0.001).run()
    before = [phase.head_rate for phase in plan_of(app).phases]
    assert before[0] != before[1]
    for number in (0, 1):
        labelled(app.segmented_control, "Phase").set_value(number).run()
        assert labelled(app.select_slider, "Rate of the head").value == before[number] == picture(app)[-1]["rate"]
    labelled(app.segmented_control, "Phase").set_value(0).run()
    labelled(app.select_slider, "Rate of the head").set_value(before[0] * 10).run()
    assert [phase.head_rate for phase in plan_of(app).phases] == pytest.approx([10 * rate for rate in before])
    assert labelled(app.select_slider, "Rate of the head").value == picture(app)[-1]["rate"]


def test_a_head_that_learns_in_steps_is_fitted_again(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    for value, solver in ((0.01, "optimizer"), ("fitted", "lbfgs")):
        labelled(app.select_slider, "Rate of the head").set_value(value).run()
        assert plan_of(app).phases[0].solver == solver
    labelled(app.segmented_control, "Recipe").set_value("top").run()
    assert "fitted" not in labelled(app.select_slider, "Rate of the head").options


def test_a_slider_changes_the_plan_and_a_recipe_changes_the_slider(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    labelled(app.slider, "Epochs").set_value(33).run()
    assert plan_of(app).epochs == 33
    labelled(app.segmented_control, "Recipe").set_value("top").run()
    assert labelled(app.slider, "Epochs").value == plan_of(app).epochs == 10


def test_what_the_browser_still_believes_does_not_undo_a_recipe(open_page, small) -> None:
    """A click that was on its way while the recipe changed the head's rate carries the old rate with it."""
    app = open_page("plan", dataset=small.id)
    old = labelled(app.select_slider, "Rate of the head")
    value, key = old.value, old.key
    labelled(app.segmented_control, "Recipe").set_value("top").run()
    new = labelled(app.select_slider, "Rate of the head")
    assert (value, new.value) == ("fitted", 0.001)
    assert key != new.key


def test_a_click_on_a_stage_frees_it(home: Home, small) -> None:
    assert frozen_after(home, small, {"stage": 4, "frozen": False}) == [True, True, True, True, False]
    assert frozen_after(home, small, {"stage": 4, "frozen": True}) == [True] * 5


@pytest.mark.parametrize(
    "said",
    [
        None,
        "stage 1",
        {"stage": 4},
        {"stage": 4, "frozen": "no"},
        *({"stage": n, "frozen": False} for n in ("x", -1, 99, 5)),
    ],
)
def test_a_click_on_what_is_no_stage_changes_nothing(home: Home, small, said) -> None:
    assert frozen_after(home, small, said) == [True] * 5


def frozen_after(home: Home, small, said: object) -> list[bool]:
    app = scripted(home, small, f"clicked(0, {said!r})")
    return [rate == 0 for rate in plan_of(app).phases[0].stage_rates]


def scripted(home: Home, small, statement: str):
    """The page after a statement that a component's callback would run."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_string(
        "from dashboard.session import state\n"
        "from dashboard.plan.network import clicked, typed\n"
        "from dashboard.plan.widgets import ERROR\n"
        "import streamlit as st\n"
        "state.sync_query_params()\n"
        f"{statement}\n"
        "refusal = state.get_tab_value(ERROR)\n"
        "st.write(str(refusal and (refusal.part, str(refusal.error))))\n"
    )
    app.query_params["dataset"] = small.id
    app.query_params["plan"] = save_draft(home, made_plan(small, "feature-extraction"))
    app.query_params["model"] = STARTER
    app.run()
    assert not app.exception
    return app


def test_a_typed_rate_frees_a_stage(home: Home, small) -> None:
    app = scripted(home, small, "typed(0, {'stage': 4, 'rate': ' 0,0005 '})")
    assert plan_of(app).phases[0].stage_rates == (0, 0, 0, 0, 0.0005)


@pytest.mark.parametrize(
    ("rate", "sentence"), [("fast", '"fast" is no learning rate'), ("99", "does not fit together")]
)
def test_a_rate_that_is_none_is_said_and_changes_nothing(home: Home, small, rate: str, sentence: str) -> None:
    app = scripted(home, small, f"typed(0, {{'stage': 4, 'rate': {rate!r}}})")
    assert plan_of(app) == made_plan(small, "feature-extraction")
    assert sentence in app.markdown[0].value


def test_what_went_wrong_is_said_in_the_part_where_it_was_asked_for(home: Home, small) -> None:
    app = scripted(home, small, "typed(0, {'stage': 4, 'rate': 'fast'})")
    assert app.markdown[0].value.startswith("('network', ")


def test_a_setting_that_is_refused_says_so_right_below_its_group(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    labelled(app.number_input, "Blend photos (mixup), share").set_value(0.75).run()
    labelled(app.number_input, "Paste parts (cutmix), share").set_value(0.75).run()
    labels = [getattr(element, "label", element.type) for element in app.main]
    error = next(i for i, element in enumerate(app.main) if element.type == "error")
    assert labels.index("Paste parts (cutmix), share") < error < labels.index("Optimizer")


def test_a_plan_over_time_is_a_picture_that_says_who_learns_when(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    assert "timeline" not in words(app)  # one phase
    labelled(app.segmented_control, "Recipe").set_value("head-first").run()
    plan = plan_of(app)
    first, last = plan.phases[0].epochs, plan.epochs
    assert in_words(plan, [*(stage.name for stage in describe_stages(FIRST)), "head"]) == (
        f"Phase 1, epochs 1 to {first}: head learns. Phase 2, epochs {first + 1} to {last}: all learn."
    )
    assert f'aria-label="Phase 1, epochs 1 to {first}: head learns.' in words(app)


def test_a_plan_that_a_run_had_says_so_and_leads_there(open_page, small, home: Home) -> None:
    plan = made_plan(small, "top")
    run = made_run(home, small, "finished", epochs=3, plan=plan, name="The *first*")
    app = open_page("plan", dataset=small.id, model=STARTER, plan=save_draft(home, plan))
    assert "This is the plan of “The *first*”, which reached" in words(app)
    app.button(key="same_run").click().run()
    assert run.id in app.query_params["run"]
    other = open_page(
        "plan", dataset=small.id, model=STARTER, plan=save_draft(home, plan.model_copy(update={"seed": 7}))
    )
    assert "This is the plan of" not in words(other)


def test_the_blocks_add_up_to_the_whole_network(small) -> None:
    stages = describe_stages(STARTER)
    blocks = blocks_of(made_plan(small, "top"), 0, stages, head_size=1_026)
    assert sum(block.fraction for block in blocks) == pytest.approx(1)
    assert (blocks[-1].name, blocks[-1].is_head, blocks[-1].rate_text) == ("head", True, "0.001")
    assert asdict(blocks[0])["rate_text"] == "0"


def test_a_plan_that_cannot_start_says_why(open_page, home: Home, draw_photos, tmp_path) -> None:
    from core.datasets import import_dataset

    lonely = import_dataset(home, "lonely", draw_photos(tmp_path / "lonely", {"cats": 12}))
    app = open_page("plan", dataset=lonely.id)
    assert app.button(key="start").disabled
    assert "It cannot start: Training needs photos of at least two classes" in words(app)


def test_a_plan_whose_weights_are_not_here_says_where_to_fetch_them(open_page, small, monkeypatch) -> None:
    monkeypatch.setattr("core.execution.preflight.weights_present", lambda home, card: False)
    app = open_page("plan", dataset=small.id)
    assert app.button(key="start").disabled
    assert "are not on this computer yet. Choose it on the Model page" in words(app)


def test_start_queues_the_plan_under_the_given_name_and_shows_it(open_page, small, home: Home) -> None:
    app = open_page("plan", dataset=small.id)
    app.text_input(key="run_name").set_value("*first* try").run()
    app.button(key="start").click().run()
    (run,) = list_runs(home)
    assert (run.name, run.state) == ("*first* try", "queued")
    assert app.title[0].value == r"\*first\* try"  # the train page, and Markdown is not obeyed


def test_a_second_start_says_behind_whom_it_waits(open_page, small, home: Home) -> None:
    made_run(home, small, "running", epochs=2, name="the <first>")
    assert "Trains after “the &lt;first&gt;”: one run at a time." in words(open_page("plan", dataset=small.id))


def test_one_switch_shows_everything(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    assert "Weight decay" not in {each.label for each in app.number_input}
    app.toggle(key="expert").set_value(True).run()
    labels = {
        element.label for kind in ("number_input", "selectbox", "toggle", "slider") for element in getattr(app, kind)
    }
    assert {"Weight decay", "Seed", "Optimizer", "Precision", "Computes on", "Label smoothing"} <= labels
    assert json.loads(app.code[0].value)["image_size"] == plan_of(app).image_size


def test_expert_settings_reach_the_plan(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    labelled(app.number_input, "Early stop, epochs").set_value(4).run()
    labelled(app.selectbox, "Optimizer").set_value("sgd").run()
    labelled(app.toggle, "Balance rare classes").set_value(True).run()
    plan = plan_of(app)
    assert (plan.early_stopping.patience, plan.optimizer.kind, plan.objectives[0].balance_classes) == (4, "sgd", True)


def test_a_plan_file_comes_back_for_the_photos_in_use(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    other = made_plan(small, "top").model_copy(update={"seed": 7})
    app.file_uploader(key="plan_upload").set_value(("mine.json", other.model_dump_json().encode(), "application/json"))
    app.run()
    assert plan_of(app).seed == 7
    assert plan_of(app).source.id == small.id


def test_a_plan_file_with_an_unknown_field_is_refused_in_one_sentence(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    before = plan_of(app)
    wrong = json.dumps(json.loads(before.model_dump_json()) | {"warp": 9})
    app.file_uploader(key="plan_upload").set_value(("mine.json", wrong.encode(), "application/json")).run()
    assert 'the field "warp" is unknown' in app.error[0].value.replace("\\", "")
    assert plan_of(app) == before


@pytest.mark.parametrize("names", ["backbone", "teacher"])
def test_a_plan_that_names_a_file_is_refused_where_graft_is_shared(
    open_page, small, monkeypatch, tmp_path, names
) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    before = plan_of(app)
    secret = tmp_path / "secret.safetensors"
    wanted = json.loads(before.model_dump_json())
    with_file = wanted["backbone"] | {"weights": "file", "file": str(secret)}
    if names == "backbone":
        wanted["backbone"] = with_file
    else:
        wanted["teacher"] = {"backbone": with_file}
        wanted["objectives"] = [*wanted["objectives"], {"kind": "logit_distillation"}]
    content = ("mine.json", json.dumps(wanted).encode(), "application/json")
    monkeypatch.setattr("dashboard.plan.file.is_local_only", lambda: False)
    app.file_uploader(key="plan_upload").set_value(content).run()
    assert "it opens no file that a plan names" in app.error[0].value
    assert "secret" not in app.error[0].value
    assert plan_of(app) == before

    monkeypatch.setattr("dashboard.plan.file.is_local_only", lambda: True)
    app.file_uploader(key="plan_upload").set_value(content).run()
    assert str(secret) in plan_of(app).model_dump_json()


def test_pills_keep_a_strength_that_was_chosen(small) -> None:
    plan = made_plan(small, "top")
    strong = plan.model_copy(update={"augmentation": plan.augmentation.model_copy(update={"colour": 0.9})})
    changed = with_pills(strong, ["Colour", "Rotate"]).augmentation
    assert switched_on(changed) == ["Colour", "Rotate"]
    assert changed.colour == 0.9


def test_a_value_outside_the_ladder_joins_it() -> None:
    assert with_value((1, 4, 8), 6) == [1, 4, 6, 8]


def test_a_plan_of_the_page_is_a_plan_of_the_command_line(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    assert parse_plan(app.code[0].value) == plan_of(app)
    assert load_dataset(app_home(app), small.id).id == plan_of(app).source.id


def with_teacher(app, key: str) -> None:
    app.toggle(key="expert").set_value(True).run()
    labelled(app.selectbox, "Teacher").set_value(key).run()
    assert not app.exception, app.exception[0].value


def test_a_run_of_these_photos_and_a_network_that_is_here_can_teach(open_page, small, many, home: Home) -> None:
    trained = made_run(home, small, "finished", epochs=2, name="the <large> one")
    made_run(home, small, "interrupted", epochs=2, name="will learn on")
    made_run(home, many, "finished", epochs=2, name="of other photos")
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    options = labelled(app.selectbox, "Teacher").options
    assert options[0] == "nobody"
    assert options[1] == "“the <large> one”"
    assert "Graft CNN" in options[2:]
    assert not [option for option in options if "other" in option or "will" in option]
    labelled(app.selectbox, "Teacher").set_value(key_of(Teacher(run=trained.id))).run()
    assert plan_of(app).teacher == Teacher(run=trained.id)
    assert "It learns from <b>“the &lt;large&gt; one”</b>, too, which looks at your" in words(app)


def test_how_much_a_teacher_counts_reaches_the_plan(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    with_teacher(app, key_of(Teacher(backbone=BackboneChoice(name=STARTER))))
    labelled(app.number_input, "Its answers count").set_value(2.5).run()
    labelled(app.number_input, "What it sees counts").set_value(0.0).run()
    labelled(app.number_input, "Softness").set_value(4.0).run()
    labelled(app.number_input, "Views of a photo").set_value(8).run()
    plan = plan_of(app)
    said = {each.kind: (each.weight, getattr(each, "temperature", None)) for each in plan.objectives}
    assert said["logit_distillation"] == (2.5, 4.0)
    assert said["feature_distillation"][0] == 0.0
    assert plan.teacher.views == 8


def test_a_teacher_stays_with_another_network_and_another_recipe_and_can_be_left_out(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    teacher = Teacher(backbone=BackboneChoice(name=STARTER))
    with_teacher(app, key_of(teacher))
    labelled(app.number_input, "What it sees counts").set_value(3.0).run()
    app.segmented_control[0].set_value("head-first").run()
    assert plan_of(app).teacher == teacher
    app = open_page("plan", dataset=small.id, plan=plan_of(app).hash[:16], model="test_resnet.r160_in1k")
    assert plan_of(app).backbone.name == "test_resnet.r160_in1k"
    assert plan_of(app).teacher == teacher
    assert objective_of(plan_of(app), "feature_distillation").weight == 3.0
    app.button(key="without_teacher").click().run()
    assert plan_of(app).teacher is None
    assert [each.kind for each in plan_of(app).objectives] == ["cross_entropy"]


def test_a_teacher_that_was_deleted_is_named_so_and_the_page_stands(open_page, small, home: Home) -> None:
    gone = save_draft(home, set_teacher(made_plan(small), Teacher(run="abcdef")))
    app = open_page("plan", dataset=small.id, plan=gone, model=STARTER)
    assert "one that is gone" in words(app)
    assert "It cannot start: The run that should teach is gone. Choose another teacher in the plan." in words(app)
    assert app.button(key="start").disabled


def test_a_teacher_that_no_library_knows_is_refused_and_the_page_stands(open_page, small, home: Home) -> None:
    teacher = Teacher(backbone=BackboneChoice(name="resnet_of_next_year"))
    app = open_page("plan", dataset=small.id, plan=save_draft(home, set_teacher(made_plan(small), teacher)))
    assert not app.exception
    assert "one that is gone" in words(app)
    assert app.button(key="start").disabled
    app.button(key="without_teacher").click().run()
    assert plan_of(app).teacher is None


def test_a_teacher_of_some_photos_does_not_teach_about_others(open_page, small, many, home: Home) -> None:
    distilled = save_draft(home, set_teacher(made_plan(small), Teacher(backbone=BackboneChoice(name=STARTER))))
    app = open_page("plan", dataset=many.id, plan=distilled, model=STARTER)
    assert plan_of(app).teacher is None


def test_settings_beyond_the_sliders_are_shown_as_they_are(open_page, small, home: Home) -> None:
    plan = set_teacher(made_plan(small), Teacher(backbone=BackboneChoice(name=STARTER), views=32))
    plan = set_objective(
        set_objective(plan, "logit_distillation", temperature=40.0, weight=9.0), "feature_distillation", weight=0
    )
    plan = plan.model_copy(update={"optimizer": plan.optimizer.model_copy(update={"clip_norm": 5_000.0})})
    app = open_page("plan", dataset=small.id, plan=save_draft(home, plan), model=STARTER)
    app.toggle(key="expert").set_value(True).run()
    assert not app.exception, app.exception[0].value
    assert labelled(app.number_input, "Views of a photo").value == 32
    assert labelled(app.number_input, "Softness").value == 40.0
    assert labelled(app.number_input, "Its answers count").value == 9.0
    assert labelled(app.number_input, "Longest gradient, 0 is off").value == 5_000.0
    assert plan_of(app) == plan


def test_a_plan_that_a_file_may_hold_is_shown_whatever_the_sliders_reach(open_page, small, home: Home) -> None:
    plan = made_plan(small)
    objective = plan.objectives[0].model_copy(update={"label_smoothing": 0.8})
    changes = {"crop": 0.05, "flip": True}
    plan = plan.model_copy(
        update={
            "head": plan.head.model_copy(update={"dropout": 0.95}),
            "objectives": (objective,),
            "augmentation": plan.augmentation.model_copy(update=changes),
        }
    )
    app = open_page("plan", dataset=small.id, plan=save_draft(home, plan), model=STARTER)
    app.toggle(key="expert").set_value(True).run()
    assert not app.exception, app.exception[0].value
    assert labelled(app.number_input, "Dropout before the head").value == 0.95
    assert labelled(app.number_input, "Label smoothing").value == 0.8
    assert labelled(app.number_input, "Crop keeps at least").value == 0.05
    assert plan_of(app) == plan


def test_a_plan_for_a_network_with_more_stages_is_refused_and_the_page_stands(open_page, small, home: Home) -> None:
    plan = made_plan(small)
    (phase,) = plan.phases
    longer = phase.model_copy(update={"stage_rates": (*phase.stage_rates, 0.0, 0.0)})
    long = save_draft(home, plan.model_copy(update={"phases": (longer,)}))
    app = open_page("plan", dataset=small.id, plan=long, model=STARTER)
    assert not app.exception, app.exception[0].value
    assert "choose a recipe anew" in words(app)
    assert app.button(key="start").disabled


def test_the_second_label_alone_can_be_learned(open_page, two_tasks) -> None:
    app = open_page("plan", dataset=two_tasks.id)
    for names in (["kind", "colour"], ["colour"]):
        labelled(app.button_group, "What it learns to tell").set_value(names).run()
        assert plan_of(app).tasks == tuple(names)


def test_photos_grow_only_where_every_stage_learns(open_page, small, many) -> None:
    app = open_page("plan", dataset=small.id, model=STARTER)
    app.toggle(key="expert").set_value(True).run()
    assert not [each.label for each in app.number_input if each.label.startswith("Photos grow")]
    labelled(app.segmented_control, "Recipe").set_value("scratch").run()
    labelled(app.number_input, "Photos grow from, 64 is off").set_value(32).run()
    assert plan_of(app).phases[0].start_image_size == 32
    labelled(app.number_input, "Photos grow from, 64 is off").set_value(64).run()
    assert plan_of(app).phases[0].start_image_size is None


def test_any_photo_size_can_be_typed_and_becomes_one_that_the_network_takes(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    labelled(app.number_input, "Photo size, exactly").set_value(100).run()
    assert plan_of(app).image_size == 96
    assert labelled(app.number_input, "Photo size, exactly").value == 96
    assert labelled(app.select_slider, "Photo size").value == 96


def test_calming_settings_reach_the_plan(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    labelled(app.number_input, "Longest gradient, 0 is off").set_value(2.0).run()
    labelled(app.number_input, "Average weights, 0 is off").set_value(0.99).run()
    assert (plan_of(app).optimizer.clip_norm, plan_of(app).optimizer.ema_decay) == (2.0, 0.99)
    labelled(app.number_input, "Longest gradient, 0 is off").set_value(0.0).run()
    assert plan_of(app).optimizer.clip_norm is None


def test_too_much_mixing_is_refused_in_a_sentence_and_less_is_shown(open_page, small) -> None:
    app = open_page("plan", dataset=small.id)
    app.toggle(key="expert").set_value(True).run()
    labelled(app.number_input, "Blend photos (mixup), share").set_value(0.75).run()
    assert plan_of(app).augmentation.mixup == 0.75
    labelled(app.number_input, "Paste parts (cutmix), share").set_value(0.75).run()
    assert "let them add up to at most 1" in app.error[0].value
    assert plan_of(app).augmentation.cutmix == 0


def test_the_controls_of_a_new_objective_appear_by_themselves(open_page, small, home: Home, compactness) -> None:
    plan = made_plan(small)
    plan = plan.model_copy(update={"objectives": (*plan.objectives, compactness(strength=3.0))})
    app = open_page("plan", dataset=small.id, plan=save_draft(home, plan), model=STARTER)
    app.toggle(key="expert").set_value(True).run()
    assert not app.exception, app.exception[0].value
    assert labelled(app.number_input, "Pull").value == 3.0
    assert labelled(app.number_input, "Projected to").help == "Channels after the projection."
    labelled(app.number_input, "Projected to").set_value(8).run()
    labelled(app.selectbox, "Power of the distance").set_value(1).run()
    labelled(app.toggle, "Around the mean").set_value(True).run()
    assert plan_of(app).objectives[1] == compactness(strength=3.0, width=8, power=1, centred=True)
    labelled(app.number_input, "Projected to").set_value(0).run()
    assert plan_of(app).objectives[1].width == 8


def target_choice(app):
    return labelled(app.selectbox, "Photos to adapt to")


def test_photos_from_another_place_are_chosen_with_a_method_and_left_out_again(open_page, small, many) -> None:
    app = open_page("plan", dataset=small.id)
    assert target_choice(app).options == ["none", "Many"]
    assert not [each for each in app.selectbox if each.label == "How"]
    target_choice(app).select(f"{many.id} {many.version}").run()
    assert not app.exception
    assert plan_of(app).target.id == many.id
    assert plan_of(app).objectives[-1].kind == "mcc"
    assert "gained most in published comparisons" in words(app)
    labelled(app.selectbox, "How").select("coral").run()
    labelled(app.number_input, "Alike spread counts").set_value(2.0).run()
    assert plan_of(app).objectives[-1].model_dump() == {"kind": "coral", "weight": 2.0}
    target_choice(app).select("").run()
    assert plan_of(app).target is None
    assert [each.kind for each in plan_of(app).objectives] == ["cross_entropy"]


def test_a_method_that_needs_a_stage_that_learns_is_stopped_in_words(open_page, small, many) -> None:
    app = open_page("plan", dataset=small.id)
    target_choice(app).select(f"{many.id} {many.version}").run()
    labelled(app.selectbox, "How").select("dann").run()
    assert "Only the head learns, and adaptation changes what comes before it: free a stage." in words(app)


def test_everything_is_shown_with_a_target_too(open_page, small, many) -> None:
    app = open_page("plan", dataset=small.id)
    target_choice(app).select(f"{many.id} {many.version}").run()
    labelled(app.toggle, "Show everything").set_value(True).run()
    assert not app.exception
    assert len([each for each in app.number_input if each.label == "Clear answers count"]) == 1


def test_photos_of_another_place_are_dropped_there_and_adapted_to(
    open_page, small, home: Home, draw_photos, tmp_path: Path, monkeypatch
) -> None:
    """Class folders or not: no label is looked at."""
    app = open_page("plan", dataset=small.id)
    assert component(app, "drop_zone")["unlabelled"]
    folder = home.inbox / inbox.new_folder_name()
    for number, photo in enumerate(sorted(draw_photos(tmp_path / "kitchen", {"left": 6, "right": 6}).rglob("*.png"))):
        with inbox.receive_file(folder, number, f"{photo.parent.name}/{photo.name}") as file:
            file.write(photo.read_bytes())
    dropped = iter([Upload(folder.name, 12, "Kitchen")])
    monkeypatch.setattr(adaptation, "drop_zone", lambda *_, **__: next(dropped, None))
    app.run()
    while not (plan := plan_of(app)).target:
        app.run()
    assert not app.exception
    target = load_dataset(home, plan.target.id)
    assert (target.name, len(target), target.tasks) == ("Kitchen", 12, ())
    assert target_choice(app).value == f"{target.id} {target.version}"


def test_a_target_that_was_deleted_is_named_so_and_the_page_stands(open_page, small, home: Home) -> None:
    gone = save_draft(home, set_target(made_plan(small), "abcdef", 1))
    app = open_page("plan", dataset=small.id, model=made_plan(small).backbone.name, plan=gone)
    assert target_choice(app).options == ["none", "one that is gone"]
    assert "adapted to is not here any more" in words(app)
    target_choice(app).select("").run()
    assert plan_of(app).target is None


def test_the_statistics_of_the_other_place_are_a_switch(open_page, small, many) -> None:
    app = open_page("plan", dataset=small.id)
    target_choice(app).select(f"{many.id} {many.version}").run()
    labelled(app.toggle, "Their statistics").set_value(True).run()
    assert plan_of(app).adaptive_batch_norm
    target_choice(app).select("").run()
    assert not plan_of(app).adaptive_batch_norm


def test_a_plan_that_adapts_by_batch_norm_alone_is_shown_so(open_page, small, many, home: Home) -> None:
    adapted = set_target(made_plan(small), many.id, many.version)
    changes = {"objectives": adapted.objectives[:1], "adaptive_batch_norm": True}
    draft = save_draft(home, adapted.model_copy(update=changes))
    app = open_page("plan", dataset=small.id, model=adapted.backbone.name, plan=draft)
    how = labelled(app.selectbox, "How")
    assert how.options[0] == "by batch norm alone"
    how.select("coral").run()
    assert [each.kind for each in plan_of(app).objectives] == ["cross_entropy", "coral"]
