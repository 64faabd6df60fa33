"""What was chosen lives in the session and in the address alike."""

import pytest
from streamlit.testing.v1 import AppTest

from core.backbones import describe_stages, get_card
from core.datasets import relabel
from core.plans import make_plan, recipe_of, set_epochs
from dashboard.session import plan_drafts


def run(script, **query):
    app = AppTest.from_function(script, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def show_dataset():
    import streamlit as st

    from dashboard.session import state

    state.sync_query_params()
    dataset = state.current_dataset()
    st.text(f"{dataset.name} {dataset.version}" if dataset else "none")


def test_a_bookmark_finds_its_dataset_version(home, small):
    task = small.tasks[0]
    relabel(home, small, [small.table["image_id"].iat[0]], task.name, task.classes[-1])
    assert run(show_dataset, dataset=small.id, version="1").text[0].value == f"{small.name} 1"
    assert run(show_dataset, dataset=small.id).text[0].value == f"{small.name} 2"


@pytest.mark.parametrize("query", [{}, {"dataset": "gone"}, {"dataset": "../x"}, {"version": "abc"}])
def test_an_address_of_nothing_shows_nothing(home, query):
    assert run(show_dataset, **query).text[0].value == "none"


@pytest.mark.parametrize("version", ["99999999999999999999999", "9" * 5_000, "-1", "²"])
def test_a_version_that_can_be_none_shows_the_newest(home, small, version):
    assert run(show_dataset, dataset=small.id, version=version).text[0].value == f"{small.name} 1"


def test_what_a_link_to_another_page_dropped_is_put_back(home, small):
    app = run(show_dataset, dataset=small.id, version="1")
    app.query_params.clear()
    app.run()
    assert app.text[0].value == f"{small.name} 1"
    assert app.query_params["dataset"] == small.id


def show_plan():
    import streamlit as st

    from dashboard.session import state

    state.sync_query_params()
    plan = state.current_plan()
    st.text(plan.model_dump_json() if plan else "none")


def plan_of(app):
    from core.plans import parse_plan

    return parse_plan(app.text[0].value)


def test_without_photos_there_is_no_plan(home):
    assert run(show_plan).text[0].value == "none"


def test_a_plan_in_the_making_survives_a_refresh(home, small):
    starter = get_card("graft-resnet10t")
    ours = set_epochs(make_plan(small, starter, describe_stages(starter), "top"), 3)
    key = plan_drafts.save_draft(home, ours)
    app = run(show_plan, dataset=small.id, model=starter.name, plan=key)
    assert plan_of(app) == ours


def test_a_newer_version_of_the_photos_keeps_the_plan(home, small):
    starter = get_card("graft-resnet10t")
    ours = set_epochs(make_plan(small, starter, describe_stages(starter), "top"), 3)
    task = small.tasks[0]
    relabel(home, small, [small.table["image_id"].iat[0]], task.name, task.classes[-1])
    app = run(show_plan, dataset=small.id, model=starter.name, plan=plan_drafts.save_draft(home, ours))
    assert (plan_of(app).source.version, plan_of(app).epochs) == (2, 3)


def test_another_backbone_keeps_the_recipe(home, small):
    starter, other = get_card("graft-resnet10t"), get_card("test_vit.r160_in1k")
    ours = make_plan(small, starter, describe_stages(starter), "head-first")
    app = run(show_plan, dataset=small.id, model=other.name, plan=plan_drafts.save_draft(home, ours))
    assert plan_of(app).backbone.name == other.name
    assert recipe_of(plan_of(app)) == "head-first"
    assert len(plan_of(app).phases[0].stage_rates) == len(describe_stages(other))


def test_a_draft_that_is_gone_or_no_plan_is_no_draft(home):
    assert plan_drafts.load_draft(home, "0" * 16) is None
    assert plan_drafts.load_draft(home, "../../graft.db") is None
    (home.root / "drafts").mkdir()
    (home.root / "drafts" / ("1" * 16 + ".json")).write_text('{"unknown": 1}')
    assert plan_drafts.load_draft(home, "1" * 16) is None
