import json
import os
import runpy
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file

from core.backbones import describe_stages, get_card
from core.datasets import import_dataset
from core.errors import BadInput, NotFound
from core.evaluation import make_result, predictions_table, read_predictions, save_result
from core.execution.submit import submit
from core.exports import export_zip, load_predictor
from core.exports.model_card import escape_markdown, model_card
from core.exports.predictor import read_photo
from core.exports.take_home import TAKE_HOME
from core.job import Job
from core.plans import SIMPLE_HEADS, BackboneChoice, Teacher, make_plan, parse_plan, set_teacher, take_head
from core.runs.store import run_folder
from core.training import train
from tests.conftest import draw_photo

pytestmark = pytest.mark.slow

# A folder with photos that are too large for the project; tests that want one are skipped without it.
ORIGINALS = Path(os.environ.get("GRAFT_TEST_PHOTOS", "")) / "originals.zip"

FILES = {"README.md", "predict.py", "model.json", "labels.json", "preprocessing.json", "plan.json", "model.safetensors"}


def unpacked(home, run, folder: Path) -> Path:
    with zipfile.ZipFile(export_zip(home, run.id, folder / "model.zip")) as archive:
        archive.extractall(folder / "at home")
    return folder / "at home"


def at_home(folder: Path, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """predict.py as somebody runs it who has no Graft: from elsewhere, importing nothing from the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GRAFT"))}
    script = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally: assert not [name for name in sys.modules if name.split('.')[0] in ('core', 'dashboard')]"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", script, str(folder / "predict.py"), *map(str, arguments)],
        capture_output=True, encoding="utf-8", cwd=cwd, env=environment | {"OMP_NUM_THREADS": "1"}, timeout=240,
    )  # fmt: skip


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


@pytest.fixture
def ask(monkeypatch, capsys) -> Callable[..., Said]:
    """ask(folder, "--json", photo): predict.py within this process, where torch is loaded already: seconds less."""

    def run_it(folder: Path, *arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", [str(folder / "predict.py"), *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(sys.argv[0], run_name="__main__")
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return run_it


def largest_difference(answers, others) -> float:
    return max(
        abs(shares[name] - other[task][name])
        for answer, other in zip(answers, others, strict=True)
        for task, shares in answer.items()
        for name in shares
    )


def test_predict_py_gives_the_answers_of_graft_where_there_is_no_graft(home, clothes, distilled, photos, tmp_path):
    run = distilled(clothes, "graft-resnet10t", 64, "pretrained")
    said = at_home(unpacked(home, run, tmp_path), "--json", *photos, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    answers = json.loads(said.stdout)
    assert list(answers) == [str(photo) for photo in photos]
    assert largest_difference(load_predictor(home, run.id).predict(photos), answers.values()) < 1e-4


# Their own heads norm, pool or pick a token, each in another place.
@pytest.mark.parametrize("backbone", ["test_convnext.r160_in1k", "test_vit.r160_in1k", "test_efficientnet.r160_in1k"])
def test_predict_py_gives_the_same_answers_for_every_kind_of_network(
    home, clothes, distilled, photos, ask, tmp_path, backbone
):
    run = distilled(clothes, backbone, 64)
    answers = json.loads(ask(unpacked(home, run, tmp_path), "--json", *photos).out)
    assert largest_difference(load_predictor(home, run.id).predict(photos), answers.values()) < 1e-4


@pytest.fixture
def run(clothes, distilled):
    return distilled(clothes)


def seen_at_home(folder: Path, photos: list[Path]) -> np.ndarray:
    """What predict.py shows its network, in levels of grey again: uint8 [photos, size, size, 3]."""
    predict = runpy.run_path(str(folder / "predict.py"))
    mean, std = (torch.tensor(predict["SEEN"][name]).view(3, 1, 1) for name in ("mean", "std"))
    seen = [255 * (predict["read_photo"](photo)[0] * std + mean) for photo in photos]
    return torch.stack(seen).permute(0, 2, 3, 1).round().to(torch.uint8).numpy()


def test_predict_py_sees_every_photo_to_the_last_bit_as_training_did(home, run, photos, tmp_path):
    trained_on = np.stack([read_photo(photo, 32) for photo in photos])
    assert (seen_at_home(unpacked(home, run, tmp_path), photos) == trained_on).all()


@pytest.mark.skipif(not ORIGINALS.exists(), reason="needs the photos as they came from cameras")
def test_predict_py_sees_photos_from_cameras_to_the_last_bit_as_training_did(home, clothes, distilled, tmp_path):
    with zipfile.ZipFile(ORIGINALS) as archive:
        archive.extractall(tmp_path / "originals")
    photos = sorted((tmp_path / "originals").rglob("*.jpg"))
    for size in (32, 224):
        folder = unpacked(home, distilled(clothes, image_size=size), tmp_path / str(size))
        assert (seen_at_home(folder, photos) == np.stack([read_photo(photo, size) for photo in photos])).all()


def test_predict_py_names_what_it_cannot_read_and_answers_the_rest(home, run, photos, ask, tmp_path):
    (tmp_path / "text.jpg").write_text("not a picture")
    damaged = bytearray(draw_photo(tmp_path / "whole.png", 0, 0).read_bytes())
    damaged[33:45] = bytes(12)  # the chunk after the head: Pillow says SyntaxError
    (tmp_path / "damaged.png").write_bytes(damaged)
    said = ask(unpacked(home, run, tmp_path), "--json", tmp_path / "text.jpg", tmp_path / "damaged.png", photos[0])
    assert said.status == 1
    assert list(json.loads(said.out)) == [str(photos[0])]
    assert "text.jpg cannot be read" in said.err
    assert "damaged.png cannot be read" in said.err


def test_predict_py_prints_a_table_for_people(home, run, photos, ask, tmp_path):
    said = ask(unpacked(home, run, tmp_path), photos[0])
    assert said.status == 0
    assert "шапка | <b>" in said.out
    assert " %  shoes" in said.out


def test_several_tasks_each_have_their_head(home, distilled, draw_photos, photos, ask, tmp_path):
    folder = draw_photos(tmp_path / "photos", {"oak": 12, "elm": 12})
    rows = [f"{kind}/{n:04}.png,{kind},{'yes' if n % 2 else 'no'}" for kind in ("oak", "elm") for n in range(12)]
    (folder / "labels.csv").write_text("\n".join(["image,species,healthy", *rows]))
    run = distilled(import_dataset(home, "leaves", folder / "labels.csv"))
    answers = load_predictor(home, run.id).predict(photos)
    assert set(answers[0]) == {"species", "healthy"}
    taken = unpacked(home, run, tmp_path)
    said = ask(taken, "--json", *photos)
    assert largest_difference(answers, json.loads(said.out).values()) < 1e-4
    assert "share one network: species, healthy. How much each counted: alike." in (taken / "README.md").read_text()


@pytest.mark.parametrize("kind", ["nearest_neighbors", "nearest_centroid"])
def test_a_simple_head_answers_at_home_as_here(home, clothes, photos, ask, tmp_path, kind):
    card = get_card("graft-resnet10t")
    plan = take_head(make_plan(clothes, card, describe_stages(card), image_size=32), kind)
    run = submit(home, plan.model_copy(update={"device": "cpu", "precision": "fp32"}))
    for _ in train(Job(run.plan, {"source": clothes}, home, run_folder(home, run.id))):
        pass
    folder, answers = unpacked(home, run, tmp_path), load_predictor(home, run.id).predict(photos)
    said = json.loads(ask(folder, "--json", *photos).out)
    assert largest_difference(answers, said.values()) < 1e-4
    title = SIMPLE_HEADS[kind].title.lower()
    assert f"{title}, computed from all training photos" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_zip_holds_its_parts_and_nothing_else(home, run, tmp_path):
    with zipfile.ZipFile(export_zip(home, run.id, tmp_path / "model.zip")) as archive:
        assert set(archive.namelist()) == FILES


def test_timm_alone_loads_the_backbone_under_its_own_names(home, run, tmp_path):
    folder = unpacked(home, run, tmp_path)
    weights = load_file(folder / "model.safetensors")
    heads = {name: weights.pop(name) for name in list(weights) if name.startswith("heads.")}
    timm.create_model("resnet10t", num_classes=0).load_state_dict(weights)
    assert {name: tuple(value.shape) for name, value in heads.items()} == {
        "heads.0.weight": (3, 512),
        "heads.0.bias": (3,),
    }


def test_labels_preprocessing_and_plan_are_those_of_the_run(home, run, clothes, tmp_path):
    folder = unpacked(home, run, tmp_path)
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    assert labels == {"tasks": [{"name": clothes.task().name, "classes": list(clothes.task().classes)}]}
    seen = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
    assert (seen["image_size"], seen["resize_to"], seen["mean"]) == (32, 37, [0.485, 0.456, 0.406])
    assert parse_plan((folder / "plan.json").read_bytes()) == run.plan


def test_predict_py_is_short():
    template = Path("core/exports/predict_template.py")
    assert len((Path(__file__).parents[2] / template).read_text().splitlines()) < 120


def test_the_card_says_what_it_knows_and_what_it_learned_from(home, run, tmp_path):
    text = (unpacked(home, run, tmp_path) / "README.md").read_text(encoding="utf-8")
    assert "12 photos to learn from" in text
    assert "| shoes | 4 |" in text
    assert "which of 3 classes it shows" in text
    assert "It always answers with one of its classes" in text


def test_the_card_names_the_teacher(home, run):
    plan = run.plan
    assert "a teacher" not in model_card(home, run, TAKE_HOME.files)
    by_network = set_teacher(plan, Teacher(backbone=BackboneChoice(name="resnet18")))
    assert "a teacher says about the same photos: resnet18" in model_card(
        home, replace(run, plan=by_network), TAKE_HOME.files
    )
    by_run = set_teacher(plan, Teacher(run=run.id))
    assert "a model that Graft trained before" in model_card(home, replace(run, plan=by_run), TAKE_HOME.files)


def test_the_card_escapes_what_users_typed(home, run, tmp_path):
    text = (unpacked(home, run, tmp_path) / "README.md").read_text(encoding="utf-8")
    assert "<b>" not in text
    assert r"шапка \| \<b\>" in text
    assert r"clothes \*bold\*" in text


@pytest.mark.parametrize("name", ["two\nlines", "<script>", "[a](http://b)", "`code`", "a|b", "http://a.b", "&lt;"])
def test_a_name_cannot_become_markup(name):
    shown = escape_markdown(name)
    assert "\n" not in shown
    assert all(shown[at - 1] == "\\" for at, letter in enumerate(shown) if letter in "<>[]`|&:")


def test_the_cards_figures_carry_their_margins(home, run, clothes, tmp_path):
    task, rows = clothes.task(), clothes.indices("validation")
    labels = clothes.labels(task)[rows]
    table = predictions_table(
        [clothes.table["image_id"].iat[row] for row in rows],
        "validation",
        task,
        labels,
        9.0 * (labels[:, None] == range(3)),
    )
    save_result(home.runs / run.id, make_result(table, [task], 1))
    text = (unpacked(home, run, tmp_path) / "README.md").read_text(encoding="utf-8")
    assert "| validation (chose the epoch) | 6 | 100 % (61.0 to 100) |" in text
    assert "The test photos have not been looked at." in text


def test_a_card_before_the_end_says_that_nothing_was_measured(home, run, tmp_path):
    assert read_predictions(home.runs / run.id).empty
    assert "Not measured" in (unpacked(home, run, tmp_path) / "README.md").read_text(encoding="utf-8")


def test_a_run_without_a_model_cannot_be_taken_home(home, run, tmp_path):
    waiting = submit(home, run.plan)
    with pytest.raises(NotFound, match="has no model yet"):
        export_zip(home, waiting.id, tmp_path / "model.zip")
    assert not (tmp_path / "model.zip").exists()


def test_a_place_where_no_file_can_be_is_a_sentence(home, run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="is a folder"):
        export_zip(home, run.id, tmp_path)
    with pytest.raises(BadInput, match="cannot be written"):
        export_zip(home, run.id, tmp_path / "file" / "model.zip")
