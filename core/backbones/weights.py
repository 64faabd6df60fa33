"""Where a backbone's weights lie, and how they get there: once, as safetensors only, so that nothing is unpickled."""

from pathlib import Path
from typing import Any

from huggingface_hub import errors as hub_errors
from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from tqdm import tqdm

from core.backbones.backbone import BackboneCard
from core.backbones.facts import pretrained_cfg_of
from core.backbones.packaged import converted_file, find_packaged, packaged_file, unusable
from core.backbones.starters import find_starter, verify_starter
from core.errors import BadWeights, NotFound, NotReachable
from core.home import Home, Progress, no_room_is_disk_full, silent

FILE = "model.safetensors"  # what timm calls it in every repository of its own on the hub
ENDPOINT: str | None = None  # None: the hub's own address, or HF_ENDPOINT
_PATIENCE_SECONDS = 5


def weights_present(home: Home, card: BackboneCard) -> bool:
    """Whether it can be built without a network. Looks at names of files only."""
    return _file(home, card) is not None


def weights_file(home: Home, card: BackboneCard) -> Path:
    """The safetensors file of it. Raises NotFound when it was not downloaded yet, BadWeights for damage."""
    starter = find_starter(card.name)
    if starter is not None:
        verify_starter(starter)
        return starter.file
    packaged = find_packaged(card.name)
    if packaged is not None:
        return converted_file(home, packaged)
    file = _file(home, card)
    if file is None:
        raise NotFound(
            f'The weights of "{card.name}" are not on this computer yet.',
            "Download them on the model page, or choose a backbone that is here.",
        )
    return file


def download_weights(home: Home, card: BackboneCard, progress: Progress = silent) -> None:
    """Download its weights into the home, in the hub's own cache layout; nothing to do when they are there.

    `progress` counts bytes. What was downloaded of a broken attempt is used by the next.
    Raises NotReachable, BadWeights when there is no safetensors file to be had, and DiskFull.
    """
    if weights_present(home, card):
        return
    packaged = find_packaged(card.name)
    if packaged is not None:
        raise unusable(packaged)
    repository = _repository(card)
    if repository is None:
        raise _only_pickled(card)
    try:
        # Asked first, because `hf_hub_download` alone tries for 23 seconds where there is no network.
        get_hf_file_metadata(hf_hub_url(repository, FILE, endpoint=ENDPOINT), timeout=_PATIENCE_SECONDS)
        with no_room_is_disk_full(home.weights / FILE):
            hf_hub_download(
                repository,
                FILE,
                cache_dir=home.weights,
                etag_timeout=_PATIENCE_SECONDS,
                endpoint=ENDPOINT,
                tqdm_class=_reporting_bar(progress, f"Downloading {card.title}"),
            )
    except hub_errors.RemoteEntryNotFoundError as error:
        raise _only_pickled(card) from error
    except hub_errors.RepositoryNotFoundError as error:  # also when its terms must be accepted first
        raise NotReachable(
            f'The Hugging Face hub does not hand out the weights of "{card.name}" without being asked.',
            f"Accept their terms at {card.origin}, log in with `hf auth login`, and try again.",
        ) from error
    except (hub_errors.HTTPError, OSError) as error:
        raise NotReachable(
            f'The weights of "{card.name}" could not be downloaded: the Hugging Face hub did not answer.',
            "Check the network and try again, or choose a backbone that is here.",
        ) from error


def _file(home: Home, card: BackboneCard) -> Path | None:
    starter = find_starter(card.name)
    if starter is not None:
        return starter.file if starter.file.is_file() else None
    packaged = find_packaged(card.name)
    if packaged is not None:
        return packaged_file(packaged)
    repository = _repository(card)
    found = try_to_load_from_cache(repository, FILE, cache_dir=home.weights) if repository else None
    return Path(found) if isinstance(found, str) else None


def _repository(card: BackboneCard) -> str | None:
    return pretrained_cfg_of(card.name).hf_hub_id or None


def _only_pickled(card: BackboneCard) -> BadWeights:
    return BadWeights(
        f'The weights of "{card.name}" exist only as a pickled file, which could run code: Graft does not open it.',
        "Choose another backbone.",
    )


def _reporting_bar(progress: Progress, activity: str) -> type[tqdm]:
    """The hub reports through a tqdm class; this one draws nothing and calls `progress`."""

    class Bar(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.done, self.size = kwargs.get("initial") or 0, kwargs.get("total") or 0
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> None:
            self.done += n or 0
            progress(int(self.done), int(self.total or self.size), activity)

    return Bar
