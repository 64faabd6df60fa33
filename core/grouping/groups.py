"""Groups of photos as a person has sorted them so far; each change gives new groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.datasets import clean_label
from core.errors import BadInput
from core.grouping.clustering import UNGROUPED, split_in_two, typicality


@dataclass(frozen=True, eq=False)
class Groups:
    """names: of each group, "" where it has none yet. members: int64 [photos], the group of each, or UNGROUPED.

    A group keeps its number as long as there is one of it: one without photos is no longer shown.
    """

    names: tuple[str, ...]
    members: np.ndarray

    @classmethod
    def of(cls, members: np.ndarray) -> "Groups":
        """Without names, as clustering found them."""
        return cls(("",) * (int(members.max(initial=UNGROUPED)) + 1), members)

    @cached_property
    def shown(self) -> list[int]:
        """The numbers of the groups that have photos."""
        return [int(number) for number in np.unique(self.members) if number != UNGROUPED]

    def rows(self, group: int) -> np.ndarray:
        """The photos of a group, or those of none (UNGROUPED), int64 [photos]."""
        return np.flatnonzero(self.members == group)

    def title(self, group: int) -> str:
        """Its name, with its number where others have the same; "Group 3" where it has none."""
        if group == UNGROUPED:
            return "In no group"
        name = self.names[group]
        same = [number for number in self.shown if self.names[number] == name]
        if not name:
            return f"Group {group + 1}"
        return f"{name} ({group + 1})" if len(same) > 1 or name.startswith("Group ") else name

    def labels(self) -> dict[int, str]:
        """By photo, the name of its group; those of groups without a name are missing. Equal names are one class."""
        return {row: self.names[group] for row, group in enumerate(self.members) if group >= 0 and self.names[group]}


def rename(groups: Groups, group: int, name: str) -> Groups:
    """Another name; "" takes it away."""
    names = list(groups.names)
    names[group] = clean_label(name)
    return replace(groups, names=tuple(names))


def move(groups: Groups, rows: Sequence[int] | np.ndarray, into: int) -> Groups:
    """Photos into another group, or out of all (UNGROUPED)."""
    members = groups.members.copy()
    members[np.asarray(rows, dtype=np.int64)] = into
    return replace(groups, members=members)


def move_to_new(groups: Groups, rows: Sequence[int] | np.ndarray, name: str) -> Groups:
    """Photos into a group of their own."""
    more = Groups((*groups.names, clean_label(name)), groups.members)
    return move(more, rows, len(groups.names))


def merge(groups: Groups, group: int, into: int) -> Groups:
    """All photos of a group into another one, which takes its name where it has none of its own."""
    merged = move(groups, groups.rows(group), into)
    return merged if merged.names[into] else rename(merged, into, groups.names[group])


def leave_out(groups: Groups, group: int) -> Groups:
    """All photos of a group into none."""
    return move(groups, groups.rows(group), UNGROUPED)


def split(groups: Groups, group: int, axes: np.ndarray) -> Groups:
    """A group in two by what the network sees: the smaller half becomes a new group without a name.

    axes: of all photos (`core.grouping.grouping_axes`). Raises BadInput where its photos look all the same.
    """
    rows = groups.rows(group)
    return move_to_new(groups, rows[split_in_two(axes[rows])], "")


def most_typical_first(groups: Groups, group: int, axes: np.ndarray) -> np.ndarray:
    """The photos of a group, the one nearest to its middle first, int64 [photos]; those of none in their order."""
    rows = groups.rows(group)
    if group == UNGROUPED or not len(rows):
        return rows
    return rows[np.argsort(-typicality(axes[rows]), kind="stable")]


def class_of_each(groups: Groups, image_ids: Sequence[str]) -> Mapping[str, str]:
    """The label of each photo by its id. Raises BadInput where no group has a name."""
    labels = {image_ids[row]: name for row, name in groups.labels().items()}
    if not labels:
        raise BadInput("No group has a name yet.", "Name what one of them shows.")
    return labels
