"""Stratified, grouped and seeded splits into train, validation and test."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from core.errors import BadInput
from core.tasks import NO_STRATUM, SPLITS, Split

TRAIN, VALIDATION, TEST = range(3)  # columns of arrays here, in the order of SPLITS
FREE = -1


@dataclass(frozen=True)
class SplitPlan:
    """Shares of the photos, 1 in sum. Raises BadInput. Without validation nothing could choose the best epoch."""

    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1) > 1e-6:
            raise BadInput(
                f"The shares of train, validation and test add up to {sum(shares):.0%}, not to 100%.",
                "Choose three shares of 0 or more that add up to 100%.",
            )
        if self.train == 0 or self.validation == 0:
            raise BadInput(
                "Training needs photos to learn from and photos to validate with.",
                "Give train and validation a share above 0.",
            )
        if self.seed < 0:
            raise BadInput("The seed of a split is a whole number of 0 or more.", "Choose another seed.")

    @property
    def shares(self) -> tuple[float, float, float]:
        return self.train, self.validation, self.test

    def without_test(self) -> "SplitPlan":
        rest = self.train + self.validation
        return SplitPlan(self.train / rest, self.validation / rest, 0.0, self.seed)


USUAL_SPLIT = SplitPlan()


def settle_splits(
    given: Sequence[Split | None],
    strata: np.ndarray,
    groups: Sequence[str | None],
    pictures: Sequence[Hashable],
    plan: SplitPlan,
) -> tuple[np.ndarray, Literal["folders", "drawn"]]:
    """The split of every photo, object [photos], and where it comes from: train/test folders are kept as they are.

    strata: int64 [photos, tasks], such as the index of each class; NO_STRATUM without a label. Photos of which nothing
    is given join train, also where only what to test with is given. Without a validation folder it is drawn from
    train; without a test folder there is no test split, since drawing one would change what others report for the same
    folders.
    """
    kinds = {split or "train" for split in given} if any(given) else set()
    if "train" not in kinds or len(kinds) == 1:
        return draw_splits(strata, groups, pictures, plan), "drawn"
    splits = np.array([split or "train" for split in given], dtype=object)
    if "validation" not in kinds:
        train = np.flatnonzero(splits == "train").tolist()
        parts = [groups[i] for i in train], [pictures[i] for i in train]
        splits[train] = draw_splits(strata[train], *parts, plan.without_test())
    return splits, "folders"


def draw_splits(
    strata: np.ndarray,
    groups: Sequence[str | None],
    pictures: Sequence[Hashable],
    plan: SplitPlan,
    fixed: Sequence[Split | None] | None = None,
) -> np.ndarray:
    """A split for every photo, object [photos]: the same for the same input.

    strata: int64 [photos, tasks]. Shares hold within each stratum of the first task as far as whole photos allow.
    Photos of one group, and those that show one picture, never part. Every stratum of every task has a photo in train,
    and in validation where it has a second one that may go there. fixed: photos that keep the split they have; what
    belongs to them follows.
    """
    if not len(strata):
        return np.array([], dtype=object)
    unit = units(groups, pictures)
    fixed_split = _fixed_splits(unit, fixed)
    stratum_of_unit = _commonest(unit, strata[:, 0])
    assigned = _assign(np.bincount(unit), stratum_of_unit, fixed_split, plan)
    presence = _presence(unit, strata)
    _ensure_in_train(assigned, presence, fixed_split)
    _ensure_in_validation(assigned, presence, fixed_split)
    splits = np.array(SPLITS, dtype=object)[assigned[unit]]
    if fixed is not None:
        kept = np.array([split is not None for split in fixed])
        splits[kept] = np.array(fixed, dtype=object)[kept]
    return splits


def units(groups: Sequence[str | None], pictures: Sequence[Hashable]) -> np.ndarray:
    """The number of the unit that each photo moves with, int [photos]: linked by group or by what it shows."""
    keys: dict[tuple[str, Hashable], int] = {}
    links = [(row, keys.setdefault(("picture", picture), len(keys))) for row, picture in enumerate(pictures)]
    links += [(row, keys.setdefault(("group", g), len(keys))) for row, g in enumerate(groups) if g]
    rows, targets = np.array(links).T
    nodes = len(pictures) + len(keys)
    graph = coo_array((np.ones(len(links)), (rows, len(pictures) + targets)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    return np.unique(component[: len(pictures)], return_inverse=True)[1]


def _fixed_splits(unit: np.ndarray, fixed: Sequence[Split | None] | None) -> np.ndarray:
    """The split a unit must have because a photo of it has it already, int [units]; FREE otherwise."""
    fixed_split = np.full(unit.max() + 1, FREE)
    for row, split in reversed(list(enumerate(fixed or ()))):  # backwards: the first photo decides
        if split is not None:
            fixed_split[unit[row]] = SPLITS.index(split)
    return fixed_split


def _commonest(unit: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """The stratum that most photos of a unit have, int [units], from 1; 0 is that of photos without a label."""
    pairs, counts = np.unique(np.stack([unit, strata - NO_STRATUM]), axis=1, return_counts=True)
    order = np.lexsort((-pairs[1], counts, pairs[0]))  # by unit, its commonest class last
    last = np.append(np.diff(pairs[0][order]) > 0, True)
    return pairs[1][order][last]


def _assign(sizes: np.ndarray, strata: np.ndarray, fixed_split: np.ndarray, plan: SplitPlan) -> np.ndarray:
    """The split of every unit, int [units], stratum by stratum."""
    assigned, carry = fixed_split.copy(), np.zeros(3)
    random = np.random.default_rng(plan.seed)
    for stratum in np.unique(strata):
        members = random.permutation(np.flatnonzero(strata == stratum))
        members = members[np.argsort(-sizes[members], kind="stable")]  # large groups first, while there is room
        quotas, carry = _quotas(sizes[members].sum(), plan, carry)
        for split in range(3):
            quotas[split] -= sizes[members[fixed_split[members] == split]].sum()
        quotas[np.array(plan.shares) == 0] = -np.inf
        for member in members[fixed_split[members] == FREE]:
            split = int(np.argmax(quotas))
            assigned[member] = split
            quotas[split] -= sizes[member]
    return assigned


def _quotas(photos: int, plan: SplitPlan, carry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole photos per split by largest remainder, and what was rounded away so far.

    The remainder goes on to the next stratum: with 200 classes of 5 photos each, a tenth of all is still tested.
    """
    exact = photos * np.array(plan.shares)
    quotas = np.floor(exact + 1e-9)
    due = exact - quotas + carry
    open_to = np.array(plan.shares) > 0
    for _ in range(photos - int(quotas.sum())):
        split = int(np.argmax(np.where(open_to, due, -np.inf)))
        quotas[split] += 1
        due[split] -= 1
    return quotas, np.clip(due, -1, 1)


def _presence(unit: np.ndarray, strata: np.ndarray) -> csr_array:
    """How many photos of each stratum of each task a unit has, sparse [units, strata of all tasks]."""
    columns, first = [], 0
    for task in strata.T:
        columns.append(np.where(task == NO_STRATUM, -1, task + first))
        first += int(task.max(initial=NO_STRATUM)) + 1
    numbers = np.concatenate(columns)
    rows = np.tile(unit, len(columns))
    known = numbers >= 0
    values = np.ones(known.sum(), dtype=np.int64)
    return coo_array((values, (rows[known], numbers[known])), shape=(unit.max() + 1, max(first, 1))).tocsr()


def _ensure_in_train(assigned: np.ndarray, presence: csr_array, fixed_split: np.ndarray) -> None:
    """Move units until every stratum has photos in train, in place."""
    by_stratum = presence.tocsc()
    in_train = _counts(presence, assigned, TRAIN)
    for column in np.flatnonzero(in_train == 0):
        units = by_stratum.indices[by_stratum.indptr[column] : by_stratum.indptr[column + 1]]
        free = units[fixed_split[units] == FREE]
        if len(free) and not (assigned[units] == TRAIN).any():
            assigned[_lightest(free, presence)] = TRAIN


def _ensure_in_validation(assigned: np.ndarray, presence: csr_array, fixed_split: np.ndarray) -> None:
    """Move units to validation where a stratum has none there, in place; none loses its last one in train for it."""
    by_stratum = presence.tocsc()
    in_train, in_validation = _counts(presence, assigned, TRAIN), _counts(presence, assigned, VALIDATION)
    for column in np.flatnonzero(in_validation == 0):
        if in_validation[column]:  # a unit moved for another stratum brought it
            continue
        units = by_stratum.indices[by_stratum.indptr[column] : by_stratum.indptr[column + 1]]
        free = units[(fixed_split[units] == FREE)]
        lightest_first = np.lexsort((presence[free].sum(axis=1), assigned[free]))  # out of train rather than of test
        for candidate in free[lightest_first]:
            row = presence[[candidate]].toarray()[0]
            lost = row if assigned[candidate] == TRAIN else 0 * row
            if (in_train[row > 0] > lost[row > 0]).all():
                assigned[candidate] = VALIDATION
                in_train -= lost
                in_validation += row
                break


def _counts(presence: csr_array, assigned: np.ndarray, split: int) -> np.ndarray:
    return presence.T @ (assigned == split).astype(np.int64)


def _lightest(units: np.ndarray, presence: csr_array) -> int:
    return int(units[np.argmin(presence[units].sum(axis=1))])
