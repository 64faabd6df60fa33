"""Photos without labels, sorted into groups: by a network at first, then by a person, and made a labelled dataset."""

import zlib
from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

import numpy as np
import streamlit as st

from core.datasets import Dataset, load_dataset
from core.errors import GraftError
from core.grouping import (
    MOST_GROUPS,
    UNGROUPED,
    Groups,
    Method,
    Sorting,
    change_groups,
    class_of_each,
    forget_sorting,
    label_by_groups,
    leave_out,
    merge,
    most_typical_first,
    move,
    move_to_new,
    read_sorting,
    rename,
    rows_of,
    save_sorting,
    sort_photos,
    split,
    undo_grouping,
)
from core.home import Home, Progress
from dashboard.components.photo_grid import Edit, photo_stack
from dashboard.glossary import GLOSSARY
from dashboard.photos.mends import apply_change
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.job_progress import show_job
from dashboard.shared.texts import escape_html, escape_markdown, pluralize, show_error, show_note

MOST_IN_A_STACK = 300  # photos that are shown of a group, the most typical ones
SUGGESTED, BY_HAND, FOUND = "suggested", "by hand", "found"
COUNTS = {SUGGESTED: "As many as stand apart", BY_HAND: "A number of yours", FOUND: "Found, odd photos left out"}
HONEST = "Groups are what looks alike to the network, and need not be what you would call a class."


def show_grouping(dataset: Dataset) -> bool:
    """Whether the photos are sorted, so that all of them were shown; else only the way to it was."""
    job = background_jobs.latest("grouping", dataset.id)
    if job is not None and job.state == "running":
        show_job(job.id)
        return False
    if job is not None and job.error is not None:
        show_error(job.error)
    sorting = read_sorting(dataset)
    if sorting is None or not sorting.image_ids:
        _show_start(dataset)
        return False
    _show_overview(dataset, sorting)
    for group in sorting.groups.shown:
        _show_group(dataset, sorting, group)
    if len(sorting.groups.rows(UNGROUPED)):
        _show_ungrouped(dataset, sorting)
    return True


def _show_start(dataset: Dataset) -> None:
    with st.container(key="card_grouping"):
        st.markdown("**No labels yet? Sort them by what looks alike**")
        show_note(f"A pretrained network looks at each photo once; you look through the groups and name them. {HONEST}")
        _ask_to_sort(dataset, "Sort them into groups", is_primary=True)


def _ask_to_sort(dataset: Dataset, label: str, *, is_primary: bool) -> None:
    chosen = st.segmented_control(
        "How many groups?", list(COUNTS), default=SUGGESTED, required=True, format_func=COUNTS.__getitem__,
        help=GLOSSARY["grouping"], key=f"count_kind_{dataset.id}",
    )  # fmt: skip
    count = None
    if chosen == BY_HAND:
        most = max(1, min(MOST_GROUPS, len(dataset)))
        count = int(st.number_input("Groups", 1, most, min(10, most), key=f"count_{dataset.id}"))
    kind: Literal["primary", "secondary"] = "primary" if is_primary else "secondary"
    if st.button(label, type=kind, icon=":material/auto_awesome_mosaic:", key="sort_photos"):
        method = get_args(Method)[chosen == FOUND]
        title = f"Sorting {dataset.name}"
        background_jobs.start("grouping", dataset.id, title, partial(_sort, state.home(), dataset, method, count))
        st.rerun()


def _sort(home: Home, dataset: Dataset, method: Method, count: int | None, progress: Progress) -> None:
    sorting = sort_photos(home, dataset, method, count, progress=progress)
    save_sorting(load_dataset(home, dataset.id, dataset.version), sorting)  # which may have been deleted meanwhile


def _show_overview(dataset: Dataset, sorting: Sorting) -> None:
    groups = sorting.groups
    left, right = st.columns([1, 1.25], gap="large")
    left.html(map_html(sorting))
    with right:
        st.header(_groups_in_words(groups), help=GLOSSARY["grouping"])
        show_note(
            f"{HONEST} Name what each shows. Photos in the wrong group are ticked and moved, or dragged to another."
        )
        if added := len(dataset) - len(sorting.image_ids):
            show_note(f"{pluralize(added, 'photo')} came later: sort again to have all.")
        labelled = len(groups.labels())
        show_note(_labels_in_words(labelled, len(dataset)))
        if st.button(
            "Make a labelled dataset of them", type="primary", icon=":material/label:", key="make_labelled",
            disabled=not labelled, help=None if labelled else "Name a group first.",
        ):  # fmt: skip
            _make_labelled(dataset, sorting)
        with st.container(horizontal=True, gap="small"):
            if st.button(
                "Undo", type="tertiary", icon=":material/undo:", key="undo_group", disabled=not sorting.can_undo
            ):
                _apply(partial(undo_grouping, dataset))
            with st.popover("Sort again", type="tertiary", icon=":material/restart_alt:"):
                show_note("What you named and moved so far is then gone.")
                _ask_to_sort(dataset, "Sort anew", is_primary=False)
                if st.button("Back to loose photos", type="tertiary", key="forget_groups"):
                    _apply(partial(forget_sorting, dataset))


def _groups_in_words(groups: Groups) -> str:
    out = len(groups.rows(UNGROUPED))
    found = pluralize(len(groups.shown), "group")
    return f"{found}, {pluralize(out, 'photo')} in none" if out else found


def _labels_in_words(labelled: int, photos: int) -> str:
    if not labelled:
        return "A group with a name becomes a class; photos of the others stay without a label."
    rest = photos - labelled
    stay = f", and {rest:,} {'stays' if rest == 1 else 'stay'} without" if rest else ""
    return f"{pluralize(labelled, 'photo')} {'gets' if labelled == 1 else 'get'} a label by name{stay}."


def _make_labelled(dataset: Dataset, sorting: Sorting) -> None:
    apply_change(
        dataset,
        lambda home, shown: label_by_groups(home, shown, class_of_each(sorting.groups, sorting.image_ids)),
        "The groups are classes now. Undo leads back to them.",
    )


def _show_group(dataset: Dataset, sorting: Sorting, group: int) -> None:
    groups = sorting.groups
    with st.container(key=f"card_group_{group}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(_badge(group), width="content")
            _ask_name(dataset, groups, group)
            with st.popover("More", type="tertiary", icon=":material/more_horiz:"):
                _show_changes(dataset, sorting, group)
        _show_stack(dataset, sorting, group)


def _ask_name(dataset: Dataset, groups: Groups, group: int) -> None:
    known = groups.names[group]
    name = st.text_input(
        f"Name of group {group + 1}", known, placeholder="What do they show?", label_visibility="collapsed",
        max_chars=80, key=f"name_{dataset.id}_{group}_{zlib.crc32(known.encode())}",
    )  # fmt: skip
    renamed = rename(groups, group, name)
    if renamed.names[group] != known:
        _change(dataset, lambda newest: rename(newest.groups, group, name))


def _show_changes(dataset: Dataset, sorting: Sorting, group: int) -> None:
    groups = sorting.groups
    if st.button("Split in two", type="tertiary", icon=":material/call_split:", key=f"split_{group}"):
        _change(dataset, lambda newest: split(newest.groups, group, newest.axes))
    if st.button("Leave the group out", type="tertiary", icon=":material/visibility_off:", key=f"leave_{group}"):
        _change(dataset, lambda newest: leave_out(newest.groups, group))
    others = [other for other in groups.shown if other != group]
    if not others:
        return
    into = st.selectbox(
        "Merge it into", others, index=None, format_func=lambda other: escape_markdown(groups.title(other)),
        placeholder="another group", key=f"merge_{group}_{zlib.crc32(repr((groups.names, others)).encode())}",
    )  # fmt: skip
    if into is not None:
        _change(dataset, lambda newest: merge(newest.groups, group, into))


def _show_ungrouped(dataset: Dataset, sorting: Sorting) -> None:
    with st.container(key="card_group_none"):
        st.markdown("**In no group**")
        show_note("They stay without a label.", small=True)
        _show_stack(dataset, sorting, UNGROUPED)


def _show_stack(dataset: Dataset, sorting: Sorting, group: int) -> None:
    groups = sorting.groups
    rows = most_typical_first(groups, group, sorting.axes)
    names, ids = dataset.table["name"], [sorting.image_ids[row] for row in rows[:MOST_IN_A_STACK]]
    photos = [(image_id, str(names.iat[dataset.row[image_id]]).rsplit("/", 1)[-1]) for image_id in ids]
    title = "" if group == UNGROUPED else groups.title(group)
    others = [groups.title(other) for other in groups.shown if other != group]
    edit = photo_stack(dataset, photos, f"stack_{dataset.id}_{group}", title, others, leaves=group != UNGROUPED)
    if len(rows) > MOST_IN_A_STACK:
        show_note(f"The {MOST_IN_A_STACK} most typical of {len(rows):,}; a split shows more of them.", small=True)
    if edit is not None:
        _change(dataset, lambda newest: moved(newest, edit))


def moved(sorting: Sorting, edit: Edit) -> Groups:
    """The groups once an edit of a stack is carried out: into the group of that title, a new one, or none."""
    groups, rows = sorting.groups, rows_of(sorting, edit.image_ids)
    if edit.kind == "leave out":
        return move(groups, rows, UNGROUPED)
    titles = {groups.title(group): group for group in groups.shown}
    if edit.label in titles:
        return move(groups, rows, titles[edit.label])
    return move_to_new(groups, rows, edit.label)


def _change(dataset: Dataset, change: Callable[[Sorting], Groups]) -> None:
    _apply(partial(change_groups, dataset, change))


def _apply(work: Callable[[], object]) -> None:
    """Do it and draw the page anew; a GraftError is shown in place."""
    try:
        work()
    except GraftError as error:
        show_error(error)
        return
    st.rerun()


def map_html(sorting: Sorting) -> str:
    """A dot for each photo in the colour of its group, and each group's number in the middle of its dots."""
    groups, positions = sorting.groups, sorting.positions
    drawn = np.flatnonzero(~np.isnan(positions[:, 0]))
    dots = "".join(_dot(positions[row], int(groups.members[row])) for row in drawn)
    places = {group: np.intersect1d(groups.rows(group), drawn) for group in groups.shown}
    numbers = "".join(
        f'<b class="group-number" style="{_at(np.median(positions[rows], axis=0))};--group:{group}">{group + 1}</b>'
        for group, rows in places.items()
        if len(rows)
    )
    some = f"{len(drawn):,} of the photos" if len(drawn) < len(positions) else "Each dot is a photo"
    return (
        f'<figure class="places"><div class="dots" role="img" aria-label="Photos as the network sees them, by group">'
        f'{dots}{numbers}</div><figcaption class="muted small">{escape_html(some)}; what is near each other looks '
        "alike to the network.</figcaption></figure>"
    )


def _dot(position: np.ndarray, group: int) -> str:
    # No SVG: Streamlit takes it out of HTML.
    kind = "group-dot" if group != UNGROUPED else "group-dot none"
    return f'<i class="{kind}" style="{_at(position)};--group:{group}"></i>'


def _at(position: np.ndarray) -> str:
    return f"left:{100 * position[0]:.1f}%;top:{100 * position[1]:.1f}%"


def _badge(group: int) -> str:
    return f'<b class="group-number" style="--group:{group}">{group + 1}</b>'
