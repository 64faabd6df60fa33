"""Groups, decay and what optimisers remember."""

import pytest
import torch

from core.device.precision import ComputeConfig
from core.home import Home
from core.job.lr_schedule import base_learning_rates
from core.models.build import create_model
from core.models.model import TrainedModel, seeded_dropout, set_trainable
from core.models.optimizers import (
    STAGE,
    create_optimizer,
    flat_optimizer_state,
    load_flat_optimizer_state,
    set_learning_rates,
)
from core.plans import Optimizer
from tests.fixtures.engine import RESNET, SPECIES, VIT, make_plan, phase

CPU = torch.device("cpu")


def model_of(home: Home, backbone: str = RESNET) -> TrainedModel:
    return create_model(home, make_plan(phase(backbone), backbone=backbone), [SPECIES])


@pytest.mark.parametrize("backbone", [RESNET, VIT])
def test_every_parameter_is_in_one_group_and_only_matrices_decay(home: Home, backbone: str):
    model = model_of(home, backbone)
    optimizer = create_optimizer(model, Optimizer(weight_decay=0.3), CPU)
    decay = {p: g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    assert len(decay) == sum(len(g["params"]) for g in optimizer.param_groups) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        spared = parameter.ndim <= 1 or any(word in name for word in ("bias", "pos_embed", "cls_token"))
        assert decay[parameter] == (0.0 if spared else 0.3), name


def test_rates_reach_the_groups_of_their_stage(home: Home):
    model = model_of(home)
    optimizer = create_optimizer(model, Optimizer(), CPU)
    rates = {stage.name: 0.1 * n for n, stage in enumerate(model.stages)} | {"head": 9.0}
    set_learning_rates(optimizer, rates)
    assert all(group["lr"] == rates[group[STAGE]] for group in optimizer.param_groups)


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_one_step_equals_the_formula(home: Home, kind: str):
    model = model_of(home)
    settings = Optimizer(kind=kind, weight_decay=0.1, momentum=0.9)
    optimizer = create_optimizer(model, settings, CPU)
    set_learning_rates(optimizer, {group[STAGE]: 0.01 for group in optimizer.param_groups})
    weight = next(p for n, p in model.named_parameters() if n == "heads.0.weight")
    before = weight.detach().double().clone()
    gradient = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    weight.grad = gradient.clone()
    optimizer.step()
    if kind == "sgd":
        expected = before - 0.01 * (gradient + 0.1 * before)
    else:  # Loshchilov and Hutter, algorithm 2: after one step both averages, corrected, are g and g²
        expected = before * (1 - 0.01 * 0.1) - 0.01 * gradient / (gradient.abs() + 1e-8)
    torch.testing.assert_close(weight.detach().double(), expected.double(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_what_it_remembers_comes_back_in_the_same_layout(home: Home, kind: str):
    compute_config = ComputeConfig(CPU, channels_last=True)
    one, other = (compute_config.move(model_of(home)) for _ in range(2))
    optimizers = [create_optimizer(model, Optimizer(kind=kind), CPU) for model in (one, other)]
    one(torch.rand(2, 3, 32, 32))["species"].sum().backward()
    optimizers[0].step()
    names = [{p: n for n, p in model.named_parameters()} for model in (one, other)]
    saved = {name: value.contiguous() for name, value in flat_optimizer_state(optimizers[0], names[0]).items()}
    load_flat_optimizer_state(optimizers[1], saved, names[1])
    again = flat_optimizer_state(optimizers[1], names[1])
    assert saved.keys() == again.keys()
    assert len(saved) >= len(list(one.parameters()))
    assert all(torch.equal(saved[name], again[name]) for name in saved)
    strides = [
        {names[i][p]: v.stride() for p, s in optimizers[i].state.items() for v in s.values() if v.shape == p.shape}
        for i in range(2)
    ]
    assert strides[0] == strides[1]


def test_freeing_follows_the_phase(home: Home):
    model = model_of(home)
    plan = phase(RESNET, learning=1)
    set_trainable(model, plan)
    parameters = dict(model.backbone.named_parameters())
    for stage, rate in zip(model.stages, plan.stage_rates, strict=True):
        assert all(parameters[m].requires_grad == (rate > 0) for m in stage.members if m in parameters)
        assert all(model.backbone.get_submodule(m).training == (rate > 0) for m in stage.modules)
    assert base_learning_rates(plan, model.stages)["head"] == plan.head_rate


def test_dropout_blanks_its_share_and_keeps_the_mean():
    features = torch.ones(100, 500)
    result = seeded_dropout(features, 0.3, torch.Generator().manual_seed(0))
    assert (result == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert result.mean().item() == pytest.approx(1, abs=0.01)
    assert seeded_dropout(features, 0.0, torch.Generator()) is features


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
@pytest.mark.parametrize(("device", "fused"), [("cpu", True), ("cuda", True), ("mps", None)])
def test_an_optimizer_passes_over_memory_once_where_torch_can(home: Home, kind: str, device: str, fused: bool | None):
    model = create_model(home, make_plan(), [SPECIES])
    optimizer = create_optimizer(model, Optimizer(kind=kind), torch.device(device))
    assert optimizer.defaults["fused"] is fused
