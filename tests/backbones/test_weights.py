"""Weights: where they are looked for, how they are downloaded, and that a missing network is said quickly."""

import errno
from pathlib import Path

import pytest

from core.backbones import default_card, download_weights, get_card, weights, weights_present
from core.errors import BadWeights, DiskFull, NotFound, NotReachable
from core.home import Home

NAME = "test_vit.r160_in1k"


def test_a_starter_is_always_here(home: Home):
    assert weights_present(home, get_card("graft-resnet10t"))


def test_weights_in_the_hubs_cache_layout_are_here(home: Home, vit_file: Path, put_into_hub_cache):
    assert not weights_present(home, get_card(NAME))
    place = put_into_hub_cache(vit_file)
    assert weights_present(home, get_card(NAME))
    assert weights.weights_file(home, get_card(NAME)) == place


def test_weights_that_are_not_here_are_named(home: Home):
    with pytest.raises(NotFound, match='weights of "test_vit.r160_in1k" are not on this computer'):
        weights.weights_file(home, get_card(NAME))


def test_a_download_lands_in_the_home_and_tells_its_progress(home: Home, vit_file: Path, hub):
    hub.put(NAME, vit_file.read_bytes())
    reported: list[tuple[int, int, str]] = []
    download_weights(home, get_card(NAME), lambda *step: reported.append(step))
    assert weights.weights_file(home, get_card(NAME)).read_bytes() == vit_file.read_bytes()
    size = vit_file.stat().st_size
    assert reported[-1] == (size, size, "Downloading test_vit")


def test_what_is_here_is_not_asked_for_again(home: Home, vit_file: Path, hub, put_into_hub_cache):
    put_into_hub_cache(vit_file)
    download_weights(home, get_card(NAME))
    download_weights(home, get_card("graft-resnet10t"))
    assert hub.asked == []


def test_only_safetensors_are_ever_asked_for(home: Home, hub):
    with pytest.raises(BadWeights, match="exist only as a pickled file"):
        download_weights(home, get_card(NAME))
    assert hub.asked
    assert all(path.endswith("/model.safetensors") for path in hub.asked)


def test_weights_that_no_hub_holds_are_refused_at_once(home: Home, hub):
    with pytest.raises(BadWeights, match="pickled"):
        download_weights(home, get_card("legacy_seresnet18.in1k"))
    assert hub.asked == []


def test_without_a_network_there_is_one_sentence(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weights, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(NotReachable, match='weights of "resnet18.tv_in1k" could not be downloaded'):
        download_weights(home, get_card("resnet18.tv_in1k"))


def test_a_server_that_is_no_hub_counts_as_no_answer(home: Home, hub):
    hub.put(NAME, b"Welcome to the hotel's network")
    hub.real = False
    with pytest.raises(NotReachable, match="did not answer"):
        download_weights(home, get_card(NAME))
    assert not weights_present(home, get_card(NAME))


def test_a_full_disk_is_said_to_be_full(home: Home, vit_file: Path, hub, monkeypatch: pytest.MonkeyPatch):
    def fill(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    hub.put(NAME, vit_file.read_bytes())
    monkeypatch.setattr(weights, "hf_hub_download", fill)
    with pytest.raises(DiskFull):
        download_weights(home, get_card(NAME))


def test_the_default_is_always_here_until_a_better_one_is_downloaded(home: Home, vit_file: Path, put_into_hub_cache):
    assert default_card(home).name == "efficientnet-lite0"
    put_into_hub_cache(vit_file, "resnet34.tv_in1k")
    put_into_hub_cache(vit_file, "resnet18.tv_in1k")
    put_into_hub_cache(vit_file, "convnext_base.fb_in22k_ft_in1k")
    assert default_card(home).name == "resnet34.tv_in1k"
