"""What users typed is shown letter by letter; figures read as one says them."""

import time

import pytest

from dashboard.shared.texts import (
    escape_html,
    escape_markdown,
    format_compact,
    format_time,
    pluralize,
)


@pytest.mark.parametrize("name", ["*bold*", "[link](http://x)", "$x^2$", ":material/delete:", "<b>", "# title", "a|b"])
def test_no_markdown_survives_in_a_users_name(name):
    shown = escape_markdown(name)
    for mark in r"*[]()$:<>#|":
        assert shown.count(mark) == shown.count("\\" + mark)


def test_a_name_of_several_words_reaches_a_screen_reader_without_backslashes():
    assert escape_markdown("patient_id") == "patient_id"
    assert escape_markdown("_a_b__c_") == r"\_a_b\_\_c\_"


def test_lines_become_one_line():
    assert escape_markdown("two\n\n lines") == "two lines"


def test_no_html_survives_in_a_users_name():
    assert escape_html('"><script>') == "&quot;&gt;&lt;script&gt;"


@pytest.mark.parametrize(("count", "words"), [(640, "640"), (24_000, "24 k"), (5_418_792, "5.4 M"), (304e6, "304 M")])
def test_millions(count, words):
    assert format_compact(count) == words


def test_one_and_many():
    assert (pluralize(1, "photo"), pluralize(1_200, "photo"), pluralize(2, "class", "classes")) == (
        "1 photo",
        "1,200 photos",
        "2 classes",
    )


def test_days_are_named_as_one_says_them():
    now = time.mktime((2026, 5, 3, 12, 0, 0, 0, 0, -1))
    assert format_time(now - 3_600, now) == "today at 11:00"
    assert format_time(now - 13 * 3_600, now) == "yesterday at 23:00"
    assert format_time(now - 40 * 86_400, now) == "24 March at 12:00"
    assert format_time(now - 400 * 86_400, now).endswith("2025 at 12:00")
