"""Photos without labels are a dataset: it is made, listed, split, edited and saved, and nothing is learned from it."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.app import run
from core.backbones import default_card, describe_stages
from core.datasets import (
    Dataset,
    SplitPlan,
    add_photos,
    check,
    import_dataset,
    import_unlabelled,
    leave_out,
    list_datasets,
    load_dataset,
    split_again,
)
from core.errors import BadDataset, BadInput, BadPlan
from core.exports import DATASET_EXPORTS
from core.home import Home
from core.plans import make_plan
from tests.conftest import draw_photo


def draw_loose(folder: Path, count: int = 20, kind: int = 0) -> Path:
    for number in range(count):
        draw_photo(folder / f"{kind}{number:04}.png", kind, number)
    return folder


@pytest.fixture
def loose(home: Home, tmp_path: Path) -> Dataset:
    return import_unlabelled(home, "loose", draw_loose(tmp_path / "loose"))


def test_loose_photos_become_a_dataset_without_tasks_or_test_split(home: Home, loose: Dataset):
    assert (loose.tasks, len(loose)) == ((), 20)
    assert [len(loose.indices(split)) for split in ("train", "validation", "test")] == [18, 2, 0]
    [summary] = list_datasets(home)
    assert (summary.tasks, summary.images, summary.damage) == ((), 20, "")
    assert load_dataset(home, "loose").table.equals(loose.table)
    with pytest.raises(KeyError):
        loose.task()


def test_class_folders_and_tables_say_nothing_of_photos_that_are_to_have_no_labels(
    home: Home, draw_photos: Callable[..., Path], tmp_path: Path
):
    folder = draw_photos(tmp_path / "drawn", {"cup": 3, "hat": 4})
    (folder / "labels.csv").write_text("file,class\ncup/0000.png,cup\n")
    assert (import_unlabelled(home, "none", folder).tasks, len(load_dataset(home, "none"))) == ((), 7)


def test_labels_of_graft_are_left_out_too(home: Home, draw_photos: Callable[..., Path], tmp_path: Path):
    labelled = import_dataset(home, "labelled", draw_photos(tmp_path / "drawn", {"cup": 4, "hat": 4}))
    saved = tmp_path / "labelled.zip"
    DATASET_EXPORTS["photos-zip"].save(home, labelled, saved)
    assert import_unlabelled(home, "none", saved).tasks == ()


def test_its_one_check_that_stops_says_what_it_is_good_for(loose: Dataset):
    assert [found.sentence for found in check(loose) if found.level != "ok"] == [
        "The photos have no labels: sort them into groups, or adapt a model to them"
    ]


def test_photos_are_added_left_out_and_split_again(home: Home, loose: Dataset, tmp_path: Path):
    larger = add_photos(home, loose, draw_loose(tmp_path / "more", 6, kind=1))
    assert (larger.tasks, len(larger), larger.version) == ((), 26, 2)
    with pytest.raises(BadDataset, match="All of these photos are in the dataset already"):
        add_photos(home, larger, draw_loose(tmp_path / "again", 6, kind=1))
    smaller = leave_out(home, larger, list(larger.table["image_id"][:3]))
    assert len(smaller) == 23
    assert len(split_again(home, smaller, SplitPlan(0.5, 0.3, 0.2)).indices("test")) == 5


def test_it_is_saved_with_its_photos_and_comes_back(home: Home, loose: Dataset, tmp_path: Path):
    saved = tmp_path / "loose.zip"
    DATASET_EXPORTS["photos-zip"].save(home, loose, saved)
    assert sum(name.startswith("photos/") for name in zipfile.ZipFile(saved).namelist()) == 20
    assert set(import_unlabelled(home, "again", saved).table["hash"]) == set(loose.table["hash"])


def test_nothing_is_learned_from_it_in_words(home: Home, loose: Dataset):
    card = default_card(home)
    with pytest.raises(BadPlan, match='The photos of "loose" have no labels, so nothing can be learned'):
        make_plan(loose, card, describe_stages(card))


def test_a_folder_without_photos_is_refused(home: Home, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDataset, match="holds no photos"):
        import_unlabelled(home, "empty", tmp_path / "empty")
    assert list_datasets(home) == []


def test_a_taken_name_is_refused(home: Home, loose: Dataset, tmp_path: Path):
    with pytest.raises(BadInput, match="loose"):
        import_unlabelled(home, "loose", tmp_path / "loose")


def test_the_command_line_makes_and_lists_it(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = str(draw_loose(tmp_path / "loose"))
    assert run(["import", "street", folder, "--unlabelled"]) == 0
    out = capsys.readouterr().out
    assert '"street": 20 photos (18 for train, 2 for validation, 0 for test).' in out
    assert "Note: The photos have no labels: sort them into groups, or adapt a model to them" in out
    assert run(["datasets"]) == 0
    assert "no labels" in capsys.readouterr().out
    assert run(["train", "--dataset", "street"]) != 0
    assert "have no labels" in capsys.readouterr().err
    assert run(["import", "other", folder, "--unlabelled", "--dry-run"]) != 0
