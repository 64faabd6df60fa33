"""Photos without labels sorted into groups by what a network sees, mended by a person, and made a labelled dataset.

Groups are what looks alike to the network, which need not be what a person would call a class.
"""

from core.grouping.clustering import METHODS, MOST_GROUPS, UNGROUPED, Method, cluster, grouping_axes, suggest_count
from core.grouping.features import photo_features
from core.grouping.groups import (
    Groups,
    class_of_each,
    leave_out,
    merge,
    most_typical_first,
    move,
    move_to_new,
    rename,
    split,
)
from core.grouping.labelling import label_by_groups, save_as_dataset
from core.grouping.sorting import (
    Sorting,
    change_groups,
    forget_sorting,
    group_photos,
    read_sorting,
    rows_of,
    save_sorting,
    sort_photos,
    undo_grouping,
)

__all__ = [
    "METHODS",
    "MOST_GROUPS",
    "UNGROUPED",
    "Groups",
    "Method",
    "Sorting",
    "change_groups",
    "class_of_each",
    "cluster",
    "forget_sorting",
    "group_photos",
    "grouping_axes",
    "label_by_groups",
    "leave_out",
    "merge",
    "most_typical_first",
    "move",
    "move_to_new",
    "photo_features",
    "read_sorting",
    "rename",
    "rows_of",
    "save_as_dataset",
    "save_sorting",
    "sort_photos",
    "split",
    "suggest_count",
    "undo_grouping",
]
