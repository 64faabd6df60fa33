"""The first guess of how to compute on a device, without such a device."""

import pytest
import torch
from torch import nn

from core.device import allowed_precisions, default_compute_config

CUDA, CPU = torch.device("cuda:0"), torch.device("cpu")
NETWORK = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3))


@pytest.fixture
def bf16_on_gpu(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> bool:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: request.param)
    return request.param


@pytest.mark.parametrize("bf16_on_gpu", [True], indirect=True)
def test_a_gpu_begins_in_bf16_with_channels_last_and_never_tries_fp16(bf16_on_gpu: bool):
    config = default_compute_config(NETWORK, CUDA)
    assert (config.precision, config.channels_last) == ("bf16", True)
    assert allowed_precisions(CUDA) == ("fp32", "bf16")
    assert not config.scaler().is_enabled()


@pytest.mark.parametrize("bf16_on_gpu", [False], indirect=True)
def test_a_gpu_without_bf16_begins_in_fp16(bf16_on_gpu: bool):
    assert default_compute_config(NETWORK, CUDA).precision == "fp16"


def test_a_processor_begins_in_32_bits():
    config = default_compute_config(NETWORK, CPU)
    assert config.precision == "fp32"
    assert not config.is_16_bit


def test_in_32_bits_is_every_part():
    config = default_compute_config(NETWORK, CPU)
    for each in (config.in_32_bits(), type(config)(CPU, "fp32", inference_dtype="bf16").in_32_bits()):
        assert not each.is_16_bit
    assert type(config)(CPU, "fp32", inference_dtype="bf16").is_16_bit
