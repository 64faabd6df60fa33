"""The command line: what it answers, where it says what is wrong, and with which status it ends."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import graft
from cli.app import run
from cli.training import RecipeChoice
from core.backbones import list_gallery
from core.home import Home
from core.plans import RECIPES, Teacher
from core.profiling import learned_start_seconds
from core.runs.store import get_run, list_runs

SMALL = ("--set", "image_size=32", "--set", "epochs=2", "--set", "device=cpu", "--set", "precision=fp32")


@pytest.fixture
def photos(tmp_path: Path, draw_photos: Callable[..., Path]) -> Path:
    return draw_photos(tmp_path / "photos", {"disc": 20, "box": 20})


@pytest.fixture
def shapes(home: Home, photos: Path) -> str:
    assert run(["import", "shapes", str(photos), "--validation", "0.2", "--json"]) == 0
    return "shapes"


@pytest.fixture
def trained(home: Home, shapes: str, capsys: pytest.CaptureFixture[str]) -> dict:
    """The line that `graft train --json` ends with, after the one with which it begins."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    capsys.readouterr()
    status = run(["train", "--dataset", shapes, "--recipe", "feature-extraction", "--json", *SMALL])
    torch.set_num_threads(threads)
    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    _, line = said.out.splitlines()
    return json.loads(line)


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run(arguments)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_choices_of_the_command_line_are_the_recipes():
    assert [choice.value for choice in RecipeChoice] == [recipe.id for recipe in RECIPES]


def test_listing_datasets_does_not_wait_for_torch(home: Home):
    code = "import sys; from cli.app import run; run(['datasets']); run(['runs']); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert said.stdout.splitlines()[-1] == "False"
    assert "There is no dataset yet" in said.stdout


def test_a_folder_becomes_a_dataset_that_is_listed(home: Home, photos: Path, capsys: pytest.CaptureFixture[str]):
    status, out, _ = asked(capsys, "import", "shapes", str(photos), "--seed", "3")
    assert (status, '"shapes": 40 photos (32 for train' in out) == (0, True)
    _, out, _ = asked(capsys, "datasets", "--json")
    (listed,) = json.loads(out)
    assert (listed["name"], listed["images"], list(listed["tasks"].values())) == ("shapes", 40, [["box", "disc"]])


def test_the_home_may_stand_before_or_after_the_command(tmp_path: Path, home: Home, photos: Path, capsys):
    other = str(tmp_path / "other")
    assert run(["import", "shapes", str(photos), "--home", other]) == 0
    assert "shapes" in asked(capsys, "--home", other, "datasets")[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trian"], "No such command 'trian'"),
        (["train", "--recipe", "bogus"], "bogus"),
        (["train"], "Nothing says which photos to learn from. Add --dataset NAME or --plan FILE."),
        (["show", "nothing"], 'There is no run "nothing". Start one first.'),
        (["import", "x", "sample:nothing"], 'There is no sample set "nothing". There are: leaves'),
        (["train", "--dataset", "nothing"], 'There is no dataset called "nothing"'),
        (["train", "--dataset", "leaves", "--plan", "x.json"], "A plan file names its dataset and backbone already."),
    ],
)
def test_wrong_use_is_one_sentence_on_standard_error(
    home: Home, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    status, out, err = asked(capsys, *arguments)
    assert (status, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_a_plan_file_with_an_unknown_field_is_refused(home: Home, shapes: str, tmp_path: Path, capsys):
    _, out, _ = asked(capsys, "plan", "--dataset", shapes, "--recipe", "gradual")
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**json.loads(out), "learning_speed": 3}))
    status, _, err = asked(capsys, "train", "--plan", str(file))
    assert (status, err.strip()) == (
        2,
        'The plan file "plan.json": the field "learning_speed" is unknown. '
        "Correct it, or print a fresh plan with `graft plan`.",
    )


def test_a_home_that_no_folder_can_be_is_said_in_a_sentence(tmp_path: Path, home: Home, capsys):
    (tmp_path / "file").write_text("a file")
    status, out, err = asked(capsys, "datasets", "--home", str(tmp_path / "file"))
    assert (status, out) == (1, "")
    assert "cannot be the folder where Graft keeps its things" in err


def test_a_job_that_fails_ends_with_one(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and nothing more")
    status, out, err = asked(capsys, "import", "x", str(broken))
    assert (status, out) == (1, "")
    assert "broken.zip" in err


def test_a_plan_is_printed_as_it_will_be_trained(home: Home, shapes: str, capsys: pytest.CaptureFixture[str]):
    _, out, _ = asked(capsys, "plan", "--dataset", shapes, "--recipe", "scratch", "--set", "epochs=3")
    plan = json.loads(out)
    assert plan["backbone"]["weights"] == "random"
    assert sum(phase["epochs"] for phase in plan["phases"]) == 3


def test_preset_is_the_older_spelling_of_recipe(home: Home, shapes: str, capsys: pytest.CaptureFixture[str]):
    new, old = (asked(capsys, "plan", "--dataset", shapes, option, "top") for option in ("--recipe", "--preset"))
    assert new == old


def test_a_teacher_is_a_run_or_a_network(home: Home, trained: dict, capsys: pytest.CaptureFixture[str]):
    def teacher(name: str) -> dict:
        return json.loads(asked(capsys, "plan", "--dataset", "shapes", "--teacher", name)[1])["teacher"]

    assert teacher(trained["name"])["run"] == trained["run"]
    assert teacher("graft-resnet10t")["backbone"]["name"] == "graft-resnet10t"
    status, _, err = asked(capsys, "plan", "--dataset", "shapes", "--teacher", "nobody-at-all")
    assert (status, err.strip()) == (
        2,
        '"nobody-at-all" is neither a run nor a network. See `graft runs` and `graft backbones`.',
    )
    _, out, _ = asked(capsys, "plan", "--dataset", "shapes", "--teacher", trained["name"], "--set", "teacher.views=8")
    assert json.loads(out)["teacher"]["views"] == 8


def test_a_plan_adapts_to_another_dataset(
    home: Home, shapes: str, draw_photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    asked(capsys, "import", "elsewhere", str(draw_photos(tmp_path / "elsewhere", {"ring": 0, "box": 6, "line": 9})))
    _, out, _ = asked(capsys, "plan", "--dataset", "shapes", "--target", "elsewhere")
    plan = json.loads(out)
    assert [each["role"] for each in plan["datasets"]] == ["source", "target"]
    assert [each["kind"] for each in plan["objectives"]] == ["cross_entropy", "mcc"]
    status, out, _ = asked(capsys, "train", "--dataset", "shapes", "--target", "elsewhere", *SMALL, "--json")
    assert status == 0
    assert get_run(home, json.loads(out.splitlines()[-1])["run"]).plan.target
    status, _, err = asked(capsys, "plan", "--dataset", "shapes", "--target", "shapes")
    assert (status, "photos cannot be adapted to themselves" in err) == (2, True)


def test_a_small_network_learns_from_a_run(home: Home, trained: dict, capsys: pytest.CaptureFixture[str]):
    status, out, _ = asked(capsys, "train", "--dataset", "shapes", "--teacher", trained["name"], *SMALL, "--json")
    ended = json.loads(out.splitlines()[-1])
    assert (status, ended["state"]) == (0, "finished")
    assert get_run(home, ended["run"]).plan.teacher == Teacher(run=trained["run"])


@pytest.fixture
def leaking(tmp_path: Path, draw_photos: Callable[..., Path]) -> Path:
    """Photos in three splits, of which two of the test are training photos."""
    folder = tmp_path / "leaking"
    for split, counts in (("train", {"disc": 12, "box": 12}), ("validation", {"disc": 5, "box": 5})):
        draw_photos(folder / split, counts)
    for label in ("disc", "box"):  # drawn like the first ones of training, so moved away from them
        for photo in (folder / "validation" / label).iterdir():
            photo.unlink()
        for number in range(7, 12):
            photo = folder / "train" / label / f"{number:04}.png"
            photo.rename(folder / "validation" / label / photo.name)
        (folder / "test" / label).mkdir(parents=True)
        shutil.copy(folder / "train" / label / "0000.png", folder / "test" / label / "again.png")
    return folder


def test_copies_in_several_splits_are_said_by_import_and_by_train(
    home: Home, leaking: Path, capsys: pytest.CaptureFixture[str]
):
    def leaks(warnings: list[str]) -> list[str]:
        return [warning for warning in warnings if warning.startswith("A leak: 2 photos lie in more than one split")]

    status, out, err = asked(capsys, "import", "leaking", str(leaking), "--json")
    assert (status, err, len(leaks(json.loads(out)["warnings"]))) == (0, "", 1)
    _, out, _ = asked(capsys, "import", "again", str(leaking))
    assert "Note: A leak: 2 photos lie in more than one split" in out

    status, out, err = asked(capsys, "train", "--dataset", "leaking", *SMALL, "--json")
    begins = json.loads(out.splitlines()[0])
    assert (status, err, begins["event"], len(leaks(begins["warnings"]))) == (0, "", "begins", 1)
    status, _, err = asked(capsys, "train", "--dataset", "leaking", *SMALL)
    assert err.index("Note: A leak: 2 photos") < err.index("epoch 1:")


def test_how_long_it_takes_is_said_before_it_begins(home: Home, shapes: str, capsys: pytest.CaptureFixture[str]):
    status, out, _ = asked(capsys, "train", "--dataset", shapes, *SMALL, "--json")
    begins = json.loads(out.splitlines()[0])
    assert 0 < begins["estimated_start_seconds"] < begins["estimated_seconds"]
    assert begins["seconds_before"] > 0
    (learned,) = {learned_start_seconds(home, list_gallery()[0].name, torch.device("cpu"))}
    assert learned > 0
    status, _, err = asked(capsys, "train", "--dataset", shapes, *SMALL)
    assert status == 0
    assert err.index("It will take about ") < err.index("epoch 1:")


def test_a_built_in_sample_is_made_when_it_is_first_trained_on(home: Home, capsys: pytest.CaptureFixture[str]):
    small = ("--backbone", "graft-resnet10t", "--recipe", "feature-extraction", *SMALL)
    status, out, err = asked(capsys, "train", "--dataset", "digits", *small, "--json")
    imported, begins, ended = map(json.loads, out.splitlines())
    assert (status, err, begins["event"], ended["state"]) == (0, "", "begins", "finished")
    assert (imported["event"], imported["dataset"], imported["images"]) == ("imported", "digits", 1797)
    assert get_run(home, ended["run"]).plan.source.id == imported["id"]

    status, out, _ = asked(capsys, "train", "--dataset", "digits", *small, "--json")
    assert [json.loads(line).get("event") for line in out.splitlines()] == ["begins", None]  # it is there


def test_a_sample_that_is_made_is_said_beside_the_plan(home: Home, capsys: pytest.CaptureFixture[str]):
    status, out, err = asked(capsys, "plan", "--dataset", "Digits")
    assert err.splitlines() == ['No dataset is called "digits" yet: making the built-in sample, 1,797 pictures.']
    assert (status, json.loads(out)["tasks"]) == (0, ["digit"])
    assert asked(capsys, "plan", "--dataset", "digits") == (0, out, "")


def test_an_own_dataset_is_not_taken_for_a_sample(home: Home, photos: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["import", "Leaves", str(photos)]) == 0
    status, out, err = asked(capsys, "plan", "--dataset", "leaves")
    assert (status, json.loads(out)["tasks"], err) == (0, ["class"], "")


def test_training_ends_with_one_line_of_json(home: Home, trained: dict):
    assert (trained["state"], trained["epochs"], trained["epochs_planned"]) == ("finished", 2, 2)
    assert trained["images_per_second"] > 0
    assert trained["seconds"] > 0
    accuracy = trained["validation_accuracy"]
    assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    assert get_run(home, trained["run"]).name == "shapes, head on EfficientNet-Lite0"


def test_what_was_trained_is_shown_used_taken_home_and_deleted(
    home: Home, trained: dict, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    name = trained["name"]
    _, out, _ = asked(capsys, "runs")
    assert name in out
    assert asked(capsys, "tag", name, "First try", "poster", "--note", "for Ana") == (
        0, f'"{name}": First try, poster. for Ana\n', "",
    )  # fmt: skip
    asked(capsys, "tag", name, "POSTER", "--remove")
    (listed,) = json.loads(asked(capsys, "runs", "--tag", "first try", "--search", "ana", "--json")[1])
    assert (listed["name"], listed["tags"], listed["note"]) == (name, ["First try"], "for Ana")
    assert "None of the 1 runs" in asked(capsys, "runs", "--tag", "poster")[1]
    status, out, _ = asked(capsys, "show", name)
    assert status == 0
    assert "Epoch 2 ended" in out
    found = json.loads(asked(capsys, "show", name, "--json")[1])["verdict"]
    assert found["kind"] == "too early"
    # Cross-validated, since 8 validation photos are few.
    assert "of 36 training and validation photos right." in found["sentence"]

    unread = tmp_path / "notes.jpg"
    unread.write_text("not a picture")
    status, out, err = asked(capsys, "predict", name, str(photos / "disc" / "0000.png"), str(unread), "--json")
    (answer,) = json.loads(out)
    assert (status, "notes.jpg" in err) == (1, True)
    assert sum(next(iter(answer["answers"].values())).values()) == pytest.approx(1, abs=1e-4)

    assert asked(capsys, "export", name, str(tmp_path / "model.zip"))[0] == 0
    assert asked(capsys, "save-photos", "shapes", str(tmp_path / "photos.zip"))[0] == 0
    assert (tmp_path / "model.zip").exists()
    assert asked(capsys, "import", "back", str(tmp_path / "photos.zip"))[0] == 0

    assert "is finished: there is nothing left to go on with" in asked(capsys, "resume", name)[2]
    assert asked(capsys, "delete", "run", name)[0] == 0
    assert list_runs(home) == []
    assert asked(capsys, "delete", "dataset", "shapes")[0] == 0


def test_doctor_says_what_there_is(home: Home, capsys: pytest.CaptureFixture[str]):
    facts = json.loads(asked(capsys, "doctor", "--json")[1])
    assert facts["torch"]
    assert "cpu" in facts["devices"]
    assert facts["home"] == str(home.root)


def test_backbones_are_listed_and_searched(home: Home, capsys: pytest.CaptureFixture[str]):
    listed = json.loads(asked(capsys, "backbones", "--json")[1])
    always_here = [each["name"].startswith(("efficientnet-lite", "graft-")) for each in listed]
    assert sum(always_here) == 6
    assert always_here == [each["here"] for each in listed]
    found = json.loads(asked(capsys, "backbones", "--search", "resnet 50", "--json")[1])
    assert any("resnet50" in each["name"] for each in found)


def test_the_three_lines_of_every_tutorial_run_as_written(home: Home, photos: Path):
    images = sorted(photos.rglob("*.png"))
    labels = [image.parent.name for image in images]

    model = graft.load_pretrained_model()
    features = model.extract_features(images)
    classifier = graft.train_classifier(features, labels)

    assert features.shape[0] == len(images)
    assert classifier.score(features, labels) > 0.9
