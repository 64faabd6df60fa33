"""A dataset's photos while a person sorts them: kept beside its photos, with what was before each change.

    datasets/<dataset>/groups.npz

Plain arrays (no pickles): `image_ids`, `axes`, `positions`, `members` [changes, photos], and `facts` as JSON. It is
deleted with its dataset, and stays when that becomes a labelled one: Undo there comes back here.
"""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.backbones import BackboneCard, default_card
from core.datasets import Dataset
from core.errors import NotFound, Refused
from core.evaluation import map_positions
from core.grouping.clustering import METHODS, Method, cluster, grouping_axes
from core.grouping.features import photo_features
from core.grouping.groups import Groups
from core.home import Home, Progress, silent, whole_file

FORMAT = 1
FILE = "groups.npz"
MOST_MAPPED = 1_000  # photos: more than fit on a map, and each takes time
MOST_CHANGES = 50  # that can be undone


@dataclass(frozen=True, eq=False)
class Sorting:
    """image_ids: of the photos that were sorted. axes: float32 [photos, axes], what the network sees in them
    (`grouping_axes`). positions: float32 [photos, 2], on the map; nan for photos that are not drawn. history: the
    groups after each change, the present ones last. backbone: the network's name.
    """

    image_ids: tuple[str, ...]
    axes: np.ndarray
    positions: np.ndarray
    history: tuple[Groups, ...]
    method: Method
    backbone: str

    @property
    def groups(self) -> Groups:
        return self.history[-1]

    @property
    def can_undo(self) -> bool:
        return len(self.history) > 1


def group_photos(
    home: Home,
    dataset: Dataset,
    method: Method = "k-means",
    count: int | None = None,
    card: BackboneCard | None = None,
    progress: Progress = silent,
) -> tuple[np.ndarray, Groups]:
    """Groups of all photos by what a network sees, without a look at labels, and the axes that they were made on,
    float32 [photos, axes].

    count: of groups, for k-means; None takes the suggested one. card: of the network, what a new plan begins with if
    not given. progress: may raise to stop. Raises BadInput, and what `photo_features` does.
    """
    axes = grouping_axes(photo_features(home, dataset, card or default_card(home), progress))
    progress(0, 0, "Sorting the photos")
    return axes, Groups.of(cluster(axes, method, count))


def sort_photos(
    home: Home,
    dataset: Dataset,
    method: Method = "k-means",
    count: int | None = None,
    card: BackboneCard | None = None,
    progress: Progress = silent,
) -> Sorting:
    """`group_photos`, with a map, as a person begins with it."""
    card = card or default_card(home)
    axes, groups = group_photos(home, dataset, method, count, card, progress)
    progress(0, 0, "Drawing the map")
    return Sorting(tuple(dataset.table["image_id"]), axes, _positions(axes), (groups,), method, card.name)


def _positions(axes: np.ndarray) -> np.ndarray:
    mapped = np.sort(np.random.default_rng(0).permutation(len(axes))[:MOST_MAPPED])
    positions = np.full((len(axes), 2), np.nan, np.float32)
    positions[mapped] = map_positions(axes[mapped])
    return positions


def save_sorting(dataset: Dataset, sorting: Sorting) -> None:
    """In place of what was kept of the dataset. Raises DiskFull."""
    facts = {
        "format": FORMAT,
        "names": [groups.names for groups in sorting.history],
        "method": sorting.method,
        "backbone": sorting.backbone,
    }
    with whole_file(_path(dataset)) as part, part.open("wb") as file:
        np.savez(
            file,
            facts=np.array(json.dumps(facts, ensure_ascii=False)),
            image_ids=np.array(sorting.image_ids, dtype=str),
            axes=sorting.axes,
            positions=sorting.positions,
            members=np.stack([groups.members for groups in sorting.history]).astype(np.int32),
        )


def read_sorting(dataset: Dataset) -> Sorting | None:
    """What is kept of a dataset, without the photos that this version no longer has; None where there is nothing, or
    it cannot be read.
    """
    try:
        with np.load(_path(dataset), allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            ids, members = arrays["image_ids"].tolist(), arrays["members"].astype(np.int64)
            axes, positions = arrays["axes"], arrays["positions"]
        if facts["format"] != FORMAT or facts["method"] not in METHODS or members.shape[1] != len(ids):
            return None
        keep = np.array([image_id in dataset.row for image_id in ids], dtype=bool)
        history = tuple(Groups(tuple(names), each[keep]) for names, each in zip(facts["names"], members, strict=True))
        kept = tuple(image_id for image_id in ids if image_id in dataset.row)
        return Sorting(kept, axes[keep], positions[keep], history, facts["method"], facts["backbone"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile):
        return None


def change_groups(dataset: Dataset, change: Callable[[Sorting], Groups]) -> Sorting:
    """Make a change to the newest groups and keep it. Raises NotFound (nothing is sorted), and what `change` does."""
    sorting = _newest(dataset)
    changed = replace(sorting, history=(*sorting.history, change(sorting))[-MOST_CHANGES - 1 :])
    save_sorting(dataset, changed)
    return changed


def undo_grouping(dataset: Dataset) -> Sorting:
    """Take the last change back. Raises NotFound, Refused (there is none)."""
    sorting = _newest(dataset)
    if not sorting.can_undo:
        raise Refused("There is no change left to undo.")
    undone = replace(sorting, history=sorting.history[:-1])
    save_sorting(dataset, undone)
    return undone


def forget_sorting(dataset: Dataset) -> None:
    """Back to photos that are not sorted."""
    _path(dataset).unlink(missing_ok=True)


def rows_of(sorting: Sorting, image_ids: tuple[str, ...]) -> np.ndarray:
    """Where these photos are among the sorted ones, int64; those that are not there are left out."""
    place = {image_id: row for row, image_id in enumerate(sorting.image_ids)}
    return np.array([place[each] for each in image_ids if each in place], dtype=np.int64)


def _newest(dataset: Dataset) -> Sorting:
    sorting = read_sorting(dataset)
    if sorting is None:
        raise NotFound(f'The photos of "{dataset.name}" are not sorted any more.', "Sort them into groups again.")
    return sorting


def _path(dataset: Dataset) -> Path:
    return dataset.folder / FILE
