"""How starters are made: a small one of made-up photos, from zips to card."""

import json
import shutil
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from benchmarks.probing import ProbeAccuracy
from core.backbones import get_card, list_starters
from core.datasets import Dataset, center_crop, open_pixels
from core.home import Home
from core.job.events import Checkpointed
from core.models.build import load_trained_model
from core.plans import BackboneChoice, Optimizer, Teacher
from core.training.loop import train
from tools.backbone_facts import gmacs
from tools.starters import blending, cards, data, held_out, pretraining, teacher_study
from tools.starters.recipes import MILD, RECIPES, SUPERVISIONS, Recipe, Stretch, plan_of, recipe_by_key, supervision_of

pytestmark = pytest.mark.slow

CLASSES = ("zebra_n1", "abacus_n2", "mop_n3")  # not in the order of the alphabet
SMALL = Recipe(
    key="tiny",
    name="graft-tiny",
    title="Graft tiny",
    sentence="For tests.",
    architecture="test_resnet",
    family="ResNet",
    batch_size=8,
    optimizer=Optimizer(kind="sgd", ema_decay=0.9, clip_norm=3.0),
    stretches=(Stretch(64, 2, 0.05, 0.5, MILD, "labels"), Stretch(96, 1, 0.01, 0.1, MILD, "labels")),
)
NOT_ASKED = Teacher(backbone=BackboneChoice(name="mobilenetv2_100", weights="file", file="nowhere.safetensors"))


def webp(colour: int, number: int) -> bytes:
    noise = np.random.default_rng((colour, number)).integers(0, 120, (64, 64, 3), dtype=np.uint8)
    noise[..., colour] += 120
    with BytesIO() as file:
        Image.fromarray(noise).save(file, "WEBP")
        return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Zips laid out like Tiny-ImageNet-200's: 12 photos a class to learn from, 10 held out."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "labels.csv").write_text("folder,wnid,words\n" + "".join(f"{c},{c},{c}\n" for c in CLASSES))
    for name, first, count in (*((f"train-{n}.zip", 3 * n, 3) for n in range(4)), ("val.zip", 100, 10)):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for place, kind in enumerate(CLASSES):
                for number in range(first, first + count):
                    archive.writestr(f"{kind}/{number:04}.webp", webp(place, number))
    return folder


@pytest.fixture
def dataset(home: Home, folder: Path) -> Dataset:
    return data.import_tiny_imagenet(home, folder)


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture
def teacher(tmp_path: Path) -> Teacher:
    torch.manual_seed(0)
    save_file(timm.create_model("test_resnet", num_classes=5).state_dict(), tmp_path / "teacher.safetensors")
    choice = BackboneChoice(name="test_resnet", weights="file", file=str(tmp_path / "teacher.safetensors"))
    return Teacher(backbone=choice, image_size=96, views=2)


def test_the_held_out_photos_judge_and_all_others_teach(home: Home, folder: Path, dataset: Dataset):
    assert [len(dataset.indices(split)) for split in ("train", "validation", "test")] == [36, 30, 0]
    assert data.import_tiny_imagenet(home, folder).id == dataset.id


@pytest.mark.parametrize("made", RECIPES, ids=lambda each: each.key)
@pytest.mark.parametrize("way", SUPERVISIONS)
def test_every_recipe_is_a_plan_in_which_all_stages_learn(dataset: Dataset, made: Recipe, way: str):
    for stretch in made.with_supervision(way).stretches:
        plan = plan_of(made, stretch, dataset, NOT_ASKED)
        assert supervision_of(plan) == way
        assert (plan.teacher is None) == (way == "labels")
        assert plan.backbone.weights == "random"
        assert plan.phases[0].first_trainable_stage == 0


def test_starters_have_names_and_families_of_their_own():
    assert len({made.name for made in RECIPES}) == len({made.family for made in RECIPES}) == len(RECIPES)
    assert recipe_by_key("cnn").name in {starter.card.name for starter in list_starters()}


def test_a_training_that_was_broken_off_goes_on_and_logs_every_epoch_once(home: Home, dataset: Dataset, tmp_path: Path):
    job = pretraining.jobs_of(SMALL, home, dataset, tmp_path, NOT_ASKED)[0]
    events = train(job)
    next(event for event in events if isinstance(event, Checkpointed))  # before its line was written
    events.close()
    last = pretraining.pretrain(SMALL, home, dataset, tmp_path, NOT_ASKED)
    lines = log(tmp_path)
    assert [(line["stretch"], line["size"], line["epoch"]) for line in lines] == [(0, 64, 1), (0, 64, 2), (1, 96, 1)]
    assert {"way", "of", "top1", "top5"} <= lines[0].keys()
    assert {"rate", "train_loss", "top1", "top5", "seconds"} <= lines[1].keys()
    assert last.plan.image_size == 96


def test_a_training_begun_anew_forgets_the_one_given_up(home: Home, dataset: Dataset, tmp_path: Path):
    pretraining.pretrain(SMALL, home, dataset, tmp_path, NOT_ASKED)
    shutil.rmtree(tmp_path / "0-64")
    pretraining.pretrain(replace(SMALL, batch_size=6), home, dataset, tmp_path, NOT_ASKED)
    assert [(line["stretch"], line["epoch"]) for line in log(tmp_path)] == [(0, 1), (0, 2), (1, 1)]
    assert {line["steps"] for line in log(tmp_path)} == {6}  # of 36 photos


def test_what_is_made_a_starter_has_ended_an_epoch_by_the_plan_at_hand(home: Home, dataset: Dataset, tmp_path: Path):
    jobs = pretraining.jobs_of(SMALL, home, dataset, tmp_path, NOT_ASKED)
    with pytest.raises(ValueError, match="No epoch has ended"):
        pretraining.last_trained_job(jobs)
    first = replace(SMALL, stretches=SMALL.stretches[:1])
    pretraining.pretrain(first, home, dataset, tmp_path, NOT_ASKED)
    pretraining._start_from(*jobs)  # the second stretch has weights, and no epoch of its own
    assert [job and job.folder for job in pretraining.last_trained_job(jobs)] == [jobs[0].folder, None]
    others = pretraining.jobs_of(replace(SMALL, batch_size=6), home, dataset, tmp_path, NOT_ASKED)
    with pytest.raises(ValueError, match="other options"):
        pretraining.last_trained_job(others)


def test_a_stretch_begins_with_the_weights_of_the_one_before(home: Home, dataset: Dataset, tmp_path: Path):
    still = replace(SMALL, stretches=(SMALL.stretches[0], replace(SMALL.stretches[1], rate=1e-12)))
    pretraining.pretrain(still, home, dataset, tmp_path, NOT_ASKED)
    first, second = (
        load_trained_model(home, job.plan, dataset.tasks, job.folder, "last")
        for job in pretraining.jobs_of(still, home, dataset, tmp_path, NOT_ASKED)
    )
    parameters = dict(second.named_parameters())
    assert all(torch.allclose(value, parameters[name], atol=1e-6) for name, value in first.named_parameters())


def test_a_starter_is_the_runs_network_for_plain_timm_with_its_answers_in_the_order_of_the_list(
    home: Home, dataset: Dataset, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cards, "CLASSES", len(CLASSES))
    job = pretraining.pretrain(replace(SMALL, stretches=SMALL.stretches[:1]), home, dataset, tmp_path, NOT_ASKED)
    (tmp_path / "compared").mkdir()
    (tmp_path / "compared" / "compared.json").write_text('[{"way": "labels", "top1": 12.8}]')
    written = cards.write_starter(SMALL, job, None, folder, tmp_path, "train it")
    said = json.loads(written.read_text())
    network = held_out.plain_network("test_resnet", tmp_path / said["file"], len(CLASSES))
    model = load_trained_model(home, job.plan, dataset.tasks, job.folder, "last")
    rows = dataset.indices("validation")[:4]
    with torch.no_grad():
        images = model.normalize(center_crop(open_pixels(home, dataset, 64).read(rows), 64))
        expected, found = model(images)[dataset.tasks[0].name], network(images)
    order = [dataset.tasks[0].classes.index(name) for name in CLASSES]
    assert order != sorted(order)
    assert found.numpy() == pytest.approx(expected[:, order].numpy(), abs=2e-2)
    assert said["hold_out"]["top1"] == held_out.top1_top5(*_answers(network, folder))[0]
    last = log(tmp_path)[-1]
    assert said["hold_out"]["as_graft_crops"] == {"top1": last["top1"], "top5": last["top5"]}
    assert (said["epochs"], said["recipe"], said["teacher"]) == (2, "train it", "")
    assert said["mean"] == list(get_card("test_resnet").mean)
    assert "2 epochs at 64 pixels by the labels alone, from a rate of 0.05" in said["training"]
    assert "gradients clipped to a norm of 3" in said["training"]
    assert said["teachers_compared"]["rows"] == [{"way": "labels", "top1": 12.8}]


def test_a_blend_lies_on_the_line_and_its_batch_norms_know_the_photos(folder: Path):
    torch.manual_seed(0)
    before, after = (timm.create_model("test_resnet", num_classes=3) for _ in range(2))
    old, new = ({name: value.clone() for name, value in each.state_dict().items()} for each in (before, after))
    pictures, _ = held_out.photos(folder, "train-0.zip")
    known = get_card("test_resnet")
    network = blending.blend_weights(before, after, 0.25, pictures, known.mean, known.std)
    for name, value in network.named_parameters():
        assert value.detach().numpy() == pytest.approx(0.75 * old[name].numpy() + 0.25 * new[name].numpy(), abs=1e-6)
    seen: list[torch.Tensor] = []
    network.bn1.register_forward_hook(lambda module, arguments, answer: seen.append(arguments[0]))
    held_out.predict_logits(network, pictures, 64, known.mean, known.std)
    (entering,) = seen
    spread = entering.std().item()
    assert network.bn1.running_mean.numpy() == pytest.approx(entering.mean((0, 2, 3)).numpy(), abs=0.01 * spread)
    assert network.bn1.running_mean.abs().max() > 0.1 * spread  # it was 0
    assert not network.training


def test_a_starter_of_a_recipe_that_blends_is_none_of_its_two_stretches(
    home: Home, dataset: Dataset, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cards, "CLASSES", len(CLASSES))
    made = replace(SMALL, blend=0.5)
    pretraining.pretrain(made, home, dataset, tmp_path, NOT_ASKED)
    job, before = pretraining.last_trained_job(pretraining.jobs_of(made, home, dataset, tmp_path, NOT_ASKED))
    said = json.loads(cards.write_starter(made, job, before, folder, tmp_path, "train it").read_text())
    network = held_out.plain_network("test_resnet", tmp_path / said["file"], len(CLASSES))
    first, last = (cards.stock_network(made, each, list(CLASSES)) for each in (before, job))
    middle = (first.conv1[0].weight + last.conv1[0].weight) / 2
    assert network.conv1[0].weight.detach().numpy() == pytest.approx(middle.detach().numpy(), abs=1e-3)
    assert not torch.allclose(first.conv1[0].weight, last.conv1[0].weight, atol=1e-3)
    assert "weights 50% of the way to the last stretch's" in said["training"]


def test_a_stretch_with_a_teacher_goes_on_from_one_without(
    home: Home, dataset: Dataset, folder: Path, teacher: Teacher, tmp_path: Path
):
    first, second = SMALL.stretches
    made = replace(SMALL, stretches=(first, replace(second, rate=1e-12, way="both")))
    job = pretraining.pretrain(made, home, dataset, tmp_path, teacher)
    before, after = (
        load_trained_model(home, job.plan, dataset.tasks, job.folder, "last").state_dict()
        for job in pretraining.jobs_of(made, home, dataset, tmp_path, teacher)
    )
    assert before.keys() == after.keys()
    learned = [name for name, value in before.items() if name.endswith("weight")]
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in learned)
    said = cards.teacher_in_words(job.plan)
    assert said.startswith("test_resnet with ImageNet weights, shown 2 fixed views of each photo at 96 pixels")


def test_a_teacher_is_judged_among_the_classes_there_are_by_the_size_that_it_is_shown(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One that names all photos at 128 pixels and none elsewhere; a class that is not asked for is always likeliest."""
    monkeypatch.setattr(teacher_study, "EVERY", 1)
    real = dict(zip(CLASSES, ("n01443537", "n02123045", "n02056570"), strict=True))  # ImageNet's 1st, 281st, 145th
    shutil.copytree(folder, tmp_path / "tiny")
    rows = "".join(f"{kind},{wnid},\n" for kind, wnid in real.items())
    (tmp_path / "tiny" / "labels.csv").write_text("folder,wnid,words\n" + rows)

    def network(images: torch.Tensor) -> torch.Tensor:
        colour = images.mean((2, 3)).argmax(1) + (images.shape[-1] != 128)
        logits = torch.zeros(len(images), 1_000)
        logits[torch.arange(len(images)), torch.tensor([1, 281, 145])[colour % 3]] = 1.0
        logits[:, 500] = 2.0
        return logits

    monkeypatch.setattr(teacher_study, "plain_network", lambda *_, **__: network)
    found = teacher_study.accuracy_by_size(tmp_path / "tiny", tmp_path / "weights.safetensors")
    assert found == {size: 100.0 if size == 128 else 0.0 for size in teacher_study.SIZES}


def test_what_a_teacher_is_worth_is_compared_way_by_way_and_kept(
    home: Home,
    dataset: Dataset,
    folder: Path,
    teacher: Teacher,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(teacher_study, "clothing", lambda *_: dataset)
    made = teacher_study.first_stretch_only(SMALL, 1)
    found = teacher_study.compare(made, home, dataset, folder, tmp_path, tmp_path / "compared", teacher)
    assert [each["way"] for each in found] == list(SUPERVISIONS)
    shown = [f"clothing, {few}, {size} px" for size in (64, 96) for few in ("10 per class", "all")]
    assert all(0 <= each[name] <= 100 for each in found for name in ("top1", "top5", *shown))
    assert json.loads((tmp_path / "compared" / "compared.json").read_text()) == found


def test_the_size_is_chosen_where_both_accuracies_are_best_and_the_work_is_counted_there(
    home: Home, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cards, "clothing", lambda *_: dataset)
    found = {
        64: ProbeAccuracy(40.0, 70.0),
        96: ProbeAccuracy(48.0, 65.0),
        128: ProbeAccuracy(47.0, 64.0),
        160: ProbeAccuracy(30.0, 60.0),
    }
    monkeypatch.setattr(cards, "probe_accuracy", lambda home, subject, _: found[subject.size])
    written = tmp_path / "card.json"
    written.write_text(json.dumps({"architecture": "test_resnet", "title": "T", "file": "t.safetensors", "gmacs": 0.0}))
    cards.choose_size(home, tmp_path, written)
    said = json.loads(written.read_text())
    assert said["input_size"] == 96
    assert said["gmacs"] == gmacs("test_resnet", 96, False)
    assert said["transfer"]["ten_photos_per_class"] == {"64": 40.0, "96": 48.0, "128": 47.0, "160": 30.0}
    assert said["transfer"]["all_photos"]["64"] == 70.0


def _answers(network: torch.nn.Module, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    pictures, labels = held_out.photos(folder)
    known = get_card("test_resnet")
    return held_out.predict_logits(network, pictures, 64, known.mean, known.std), labels
