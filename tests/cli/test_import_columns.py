"""`graft import` says what it makes of columns, and is told otherwise."""

import json
from pathlib import Path

import pytest

from cli.app import run
from core.datasets import ColumnChoice, list_datasets, load_dataset, parse_choice
from core.errors import BadInput


@pytest.fixture
def patients(draw_photos, tmp_path: Path) -> Path:
    """24 photos of 12 patients, with a table about them."""
    folder = draw_photos(tmp_path / "patients", {"images": 24})
    rows = [f"{n:04}.png,P{n // 2},{('ill', 'well')[n // 2 % 2]},{20 + n // 2}" for n in range(24)]
    (folder / "meta.csv").write_text("\n".join(["image,patient_id,dx,age", *rows]))
    return folder


@pytest.fixture
def counts(draw_photos, tmp_path: Path) -> Path:
    folder = draw_photos(tmp_path / "counts", {"images": 12})
    rows = [f"{n:04}.png,{n % 3}" for n in range(12)]
    (folder / "labels.csv").write_text("\n".join(["image,count", *rows]))
    return folder


def test_a_dry_run_says_what_each_column_is_and_imports_nothing(home, patients, capsys):
    assert run(["import", "scans", str(patients), "--dry-run"]) == 0
    said = capsys.readouterr().out
    rows = [line.split() for line in said.splitlines()]
    assert ["patient_id", "group", "photos", "of", "one", "belong", "together"] in rows
    assert ["dx", "class", "a", "class,", "by", "its", "name"] in rows
    assert "12 groups of photos that stay together." in said
    assert "Nothing was imported." in said
    assert list_datasets(home) == []


def test_a_dry_run_in_json_has_all_of_it(home, counts, capsys):
    assert run(["import", "flowers", str(counts), "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {each["name"]: each["role"] for each in said["columns"]} == {
        "image": "photo",
        "count": "number",
        "folder": "leave-out",
    }
    assert said["questions"][0]["options"] == ["--columns class=count"]
    assert said["images"] == 12


def test_what_is_not_clear_is_refused_with_the_words_that_decide_it(home, counts, capsys):
    assert run(["import", "flowers", str(counts)]) == 1
    assert "Say `--columns class=count`" in capsys.readouterr().err
    assert list_datasets(home) == []
    assert run(["import", "flowers", str(counts), "--columns", "class=count"]) == 0
    assert load_dataset(home, "flowers").tasks[0].classes == ("0", "1", "2")


def test_a_decision_is_remembered_for_a_table_with_the_same_columns(home, counts, capsys):
    assert run(["import", "first", str(counts), "--columns", "class=count"]) == 0
    assert run(["import", "second", str(counts)]) == 0
    assert run(["import", "third", str(counts), "--dry-run"]) == 0
    assert "As it was decided before" in capsys.readouterr().out


def test_roles_given_go_before_those_guessed(home, patients, capsys):
    assert run(["import", "scans", str(patients), "--columns", "group=dx,class=AGE"]) == 0
    dataset = load_dataset(home, "scans")
    assert [task.name for task in dataset.tasks] == ["age"]
    assert set(dataset.table["group"]) == {"ill", "well"}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ("class=colour", 'There is no column "colour". There are: image, patient_id, dx, age'),
        ("kind=dx", '"kind=dx" is no role with a column. Say role=column; the roles are photo, class, one-of'),
        ("one-of=dx,one-of=age", "Not every photo has exactly one yes among dx, age"),
        ("photo=colour", 'No table has a column "colour" that could name photos'),
    ],
)
def test_roles_that_do_not_fit_are_refused_in_words(home, patients, capsys, columns, sentence):
    assert run(["import", "scans", str(patients), "--columns", columns]) == 1
    assert sentence in capsys.readouterr().err


def test_a_sample_has_no_columns_to_choose(home, capsys):
    assert run(["import", "x", "sample:digits", "--dry-run"]) == 1
    assert "has no columns to choose" in capsys.readouterr().err


def test_columns_and_words_are_parsed_from_one_text_or_several():
    assert parse_choice(["group=patient id, class=dx", "leave-out=a,b"], ["1=train,2=test"]) == ColumnChoice(
        {"patient id": "group", "dx": "class", "a,b": "leave-out"}, {"1": "train", "2": "test"}
    )
    with pytest.raises(BadInput, match='"1=learn" is no word with its split'):
        parse_choice(splits=["1=learn"])
