"""Devices, numbers and what this machine was measured to do."""

import weakref

import pytest
import timm
import torch
from safetensors.torch import save_file

from core.backbones import get_card
from core.device import memory, profile_store
from core.device.devices import devices, resolve_device
from core.device.precision import ComputeConfig, is_convolutional
from core.errors import BadPlan, TooLittleMemory
from core.home import Home
from core.models.build import create_model
from core.plans import BackboneChoice, Plan, Teacher, set_teacher
from core.profiling import benchmarks, cost_profile
from core.profiling.cost_profile import profile_costs, with_teacher
from core.profiling.estimate import CostProfile, Counts, estimate
from tests.fixtures.engine import RESNET, SPECIES, STARTER, VIT, make_dataset, make_plan, phase

CPU = torch.device("cpu")


def test_auto_is_the_fastest_device_there_is():
    assert resolve_device("auto") == torch.device(devices()[0].name)
    assert devices()[-1].name == "cpu"


def test_a_device_that_is_not_here_is_refused_with_those_that_are():
    with pytest.raises(BadPlan, match=r'"cuda:7", and this machine has .*cpu\. Set the device to "auto"'):
        resolve_device("cuda:7")


def test_convolutional_networks_are_distinguished_from_transformers(home: Home):
    for backbone, expected in ((RESNET, True), (VIT, False)):
        model = create_model(home, make_plan(phase(backbone), backbone=backbone), [SPECIES])
        assert is_convolutional(model.backbone) == expected


def test_bf16_stays_close_to_fp32(home: Home):
    model = create_model(home, make_plan(), [SPECIES]).eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad(), ComputeConfig(CPU, "bf16").autocast():
        short = model.backbone(images).float()
    with torch.no_grad():
        torch.testing.assert_close(short, model.backbone(images), rtol=0.1, atol=0.05)


@pytest.mark.slow
def test_a_cost_profile_is_quick_consistent_and_stored(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmarks, "MIN_SECONDS", 0.02)
    monkeypatch.setattr(profile_store, "busy_share", lambda: 0.0)
    plan = make_plan(phase(STARTER), backbone=STARTER)
    measured = profile_costs(home, plan, get_card(STARTER), CPU)
    places = len(plan.phases[0].stage_rates) + 1
    lists = (measured.prefix_seconds, measured.suffix_seconds, measured.step_bytes, measured.cached_bytes)
    assert [len(each) for each in lists] == [places] * 4
    assert list(measured.prefix_seconds) == sorted(measured.prefix_seconds)
    assert list(measured.step_bytes) == sorted(measured.step_bytes, reverse=True)
    assert measured.suffix_seconds[0] > measured.suffix_seconds[-1] >= 0
    assert measured.cached_bytes[-1] == 4 * 512
    assert estimate(plan, Counts(100, 20), measured, 1_000).seconds > 0

    monkeypatch.setattr(cost_profile, "_measure", None)
    assert profile_costs(home, plan, get_card(STARTER), CPU) == measured


@pytest.mark.parametrize(
    ("repetitions", "converged"),
    [
        ([], False),
        ([5.0], False),  # the first plans and allocates
        ([5.0, 1.0], False),
        ([5.0, 1.0, 1.05], True),
        ([0.125, 0.125], False),  # too short to say much
        ([0.125] * 8, True),
        ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], True),  # the machine does not come to rest
    ],
)
def test_a_time_counts_when_two_agree(repetitions: list[float], converged: bool):
    assert benchmarks._has_converged(repetitions, min_seconds=1.0) == converged


def test_decoding_is_measured_on_the_photos_of_the_plan(home: Home, monkeypatch: pytest.MonkeyPatch):
    decoded: list[object] = []
    monkeypatch.setattr(profile_store, "busy_share", lambda: 0.0)
    monkeypatch.setattr(benchmarks, "decode_for", lambda photo, side: decoded.append(photo))
    monkeypatch.setattr(cost_profile, "load_dataset", lambda home, name, version: make_dataset(26, 9))
    cost_profile.decode_seconds(home, make_plan())
    assert len(decoded) == cost_profile.DECODED_PHOTOS
    assert {str(photo) for photo in decoded} <= {f"nowhere/{number}.png" for number in range(35)}


@pytest.mark.parametrize("unreadable", ["no such dataset", "a photo that is gone"])
def test_where_the_photos_cannot_be_read_a_photo_like_a_phones_stands_for_them(
    home: Home, monkeypatch: pytest.MonkeyPatch, unreadable: str
):
    monkeypatch.setattr(profile_store, "busy_share", lambda: 0.0)
    if unreadable == "a photo that is gone":
        monkeypatch.setattr(cost_profile, "load_dataset", lambda home, name, version: make_dataset(26, 9))
    assert cost_profile.decode_seconds(home, make_plan()) > 0


def test_what_a_teacher_costs_is_measured_once_beside_its_student(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    monkeypatch.setattr(benchmarks, "MIN_SECONDS", 0.02)
    monkeypatch.setattr(profile_store, "busy_share", lambda: 0.0)
    plan = make_plan()
    known = CostProfile((), (), (), (), ())
    assert with_teacher(home, plan, known, CPU) is known

    small, large = (_with_teacher(tmp_path, plan, size) for size in (32, 128))
    costs, more = (with_teacher(home, each, known, CPU) for each in (small, large))
    network = timm.create_model("test_resnet", num_classes=5)
    assert costs.teacher_bytes == 4 * sum(each.numel() for each in network.parameters())
    assert costs.teacher_cached_bytes == 2 * (5 + network.num_features)
    assert 0 < costs.teacher_seconds < more.teacher_seconds
    assert costs.teacher_forward_bytes * 16 == pytest.approx(more.teacher_forward_bytes, rel=0.05)

    monkeypatch.setattr(benchmarks, "teacher_seconds", lambda *_: 1 / 0)
    assert with_teacher(home, small, known, CPU) == costs


def test_what_did_not_fit_is_let_go_before_memory_is_given_back(monkeypatch: pytest.MonkeyPatch):
    held: list[weakref.ref] = []
    alive: list[bool] = []
    monkeypatch.setattr(memory, "release_memory", lambda: alive.extend(each() is not None for each in held))

    @memory.raise_too_little_memory
    def measure() -> None:
        batch = torch.zeros(4)
        held.append(weakref.ref(batch))
        raise MemoryError

    with pytest.raises(TooLittleMemory):
        measure()
    assert alive == [False]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["step_seconds", "teacher_seconds"])
def test_what_does_not_fit_to_be_measured_is_one_sentence(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path, what):
    def too_much(*_: object) -> float:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(benchmarks, "MIN_SECONDS", 0.02)
    monkeypatch.setattr(benchmarks, what, too_much)
    plan = _with_teacher(tmp_path, make_plan(phase(STARTER), backbone=STARTER), 32)
    with pytest.raises(TooLittleMemory, match="Too little memory is free"):
        with_teacher(home, plan, profile_costs(home, plan, get_card(STARTER), CPU), CPU)


def _with_teacher(folder, plan: Plan, image_size: int) -> Plan:
    torch.manual_seed(0)
    save_file(timm.create_model("test_resnet", num_classes=5).state_dict(), folder / "teacher.safetensors")
    choice = BackboneChoice(name=RESNET, weights="file", file=str(folder / "teacher.safetensors"))
    return set_teacher(plan, Teacher(backbone=choice, image_size=image_size))


def test_what_distilled_runs_took_says_nothing_about_others(home: Home, tmp_path):
    plan = make_plan()
    distilled = _with_teacher(tmp_path, plan, 32)
    for _ in range(3):
        cost_profile.record_actual(home, distilled, CPU, 10.0, 20.0)
        cost_profile.record_max_micro_batch(home, distilled, CPU, 4)
    assert cost_profile.correction(home, distilled, CPU) > 1.3
    assert cost_profile.correction(home, plan, CPU) == 1.0
    assert cost_profile.max_micro_batch(home, distilled, CPU) == 4
    assert cost_profile.max_micro_batch(home, plan, CPU) is None
