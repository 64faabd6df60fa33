"""Tags and notes: kept with the run, safe whatever is typed, and found again."""

from collections.abc import Callable

import pytest

from core.errors import BadInput, NotFound
from core.home import Home
from core.runs import Run, clean_tags, filter_runs, get_run, list_runs, rename_run, set_note, set_tags


def test_tags_and_a_note_stay_with_a_run(home: Home, put_run: Callable[..., Run]):
    run = put_run("leaves")
    assert (run.tags, run.note) == ((), "")
    set_tags(home, run.id, ["baseline", "for the poster"])
    set_note(home, run.id, " The one for Monday.\nAsk Ana. ")
    rename_run(home, run.id, "leaves again")
    kept = get_run(home, run.id)
    assert kept.tags == ("baseline", "for the poster")
    assert kept.note == "The one for Monday.\nAsk Ana."
    assert set_tags(home, run.id, []).tags == ()


def test_a_tag_is_there_once_with_single_blanks():
    assert clean_tags(["  two   words ", "Two Words", "", " , a,b", "A"]) == ("two words", "a", "b")


@pytest.mark.parametrize("tag", ["'; DROP TABLE runs; --", "<script>alert(1)</script>", "🍂 тег", '"], ["', "a\\b"])
def test_any_letters_are_kept_as_they_are(home: Home, put_run: Callable[..., Run], tag: str):
    run = put_run("leaves")
    assert set_tags(home, run.id, [tag]).tags == clean_tags([tag])
    assert set_note(home, run.id, tag).note == tag
    assert len(list_runs(home)) == 1


def test_what_no_terminal_can_show_is_left_out(home: Home, put_run: Callable[..., Run]):
    assert clean_tags(["a\x1b[31m\x00b\ud800"]) == ("a[31mb",)
    assert set_note(home, put_run("leaves").id, "a\x00\x07b").note == "ab"


def test_too_much_is_refused_with_what_to_do(home: Home, put_run: Callable[..., Run]):
    run = put_run("leaves")
    with pytest.raises(BadInput, match="at most 40 letters"):
        set_tags(home, run.id, ["x" * 41])
    with pytest.raises(BadInput, match="at most 20 tags"):
        set_tags(home, run.id, [str(number) for number in range(21)])
    with pytest.raises(BadInput, match="at most 2,000 letters; this one has 2,001"):
        set_note(home, run.id, "x" * 2_001)
    with pytest.raises(NotFound):
        set_tags(home, "nobody", ["a"])
    assert get_run(home, run.id).tags == ()


def test_runs_are_found_by_word_tag_state_and_dataset(home: Home, put_run: Callable[..., Run]):
    first, second = put_run("Leaves, top"), put_run("shoes", "finished")
    set_tags(home, first.id, ["Good", "poster"])
    set_note(home, second.id, "with the old camera")
    runs = list_runs(home)

    def found(**wanted: object) -> list[str]:
        return [run.name for run in filter_runs(runs, **wanted)]

    assert found() == ["shoes", "Leaves, top"]
    assert found(tags=["good", "POSTER"]) == ["Leaves, top"]
    assert found(tags=["good", "other"]) == []
    assert found(search="OLD cam") == ["shoes"]
    assert found(search="top poster") == ["Leaves, top"]
    assert found(state="finished") == ["shoes"]
    assert found(dataset="Clothes") == ["shoes", "Leaves, top"]
    assert found(dataset="cloth") == []
