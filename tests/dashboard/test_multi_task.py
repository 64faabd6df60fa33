"""Several labels at once, from the plan page to the results."""

from core.plans import balance_in_words, balance_of
from tests.dashboard.conftest import words
from tests.dashboard.test_plan import STARTER, labelled, plan_of


def test_how_much_each_label_counts_is_asked_where_there_are_several(open_page, two_tasks) -> None:
    app = open_page("plan", dataset=two_tasks.id, model=STARTER)
    title = "How much each label counts"
    assert title not in [each.label for each in app.expander]
    labelled(app.button_group, "What it learns to tell").set_value(["kind", "colour"]).run()
    assert title in [each.label for each in app.expander]
    assert "can neither help nor harm each other" in words(app)
    labelled(app.segmented_control, title).set_value("learned").run()
    assert balance_of(plan_of(app)) == "learned"
    assert "there is nothing to balance: free a stage" in words(app)
    labelled(app.segmented_control, title).set_value("by hand").run()
    labelled(app.number_input, "colour").set_value(0.5).run()
    assert balance_in_words(plan_of(app)) == "colour 0.5, kind 1"
    labelled(app.button_group, "What it learns to tell").set_value(["colour"]).run()
    assert not app.exception, app.exception[0].value
    assert balance_of(plan_of(app)) == "alike"
