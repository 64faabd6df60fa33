"""Which photos teach, which validate, which test: drawn by class, seeded, never parting what belongs together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from core.datasets.dataset import MISSING, SPLITS, Split
from core.errors import BadInput

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
    labels: np.ndarray,
    groups: Sequence[str | None],
    hashes: Sequence[str],
    plan: SplitPlan,
) -> tuple[np.ndarray, Literal["folders", "drawn"]]:
    """The split of every photo, object [photos], and where it comes from: train/test folders are kept as they are.

    labels: int64 [photos, tasks], MISSING where there is none. Photos outside the given folders join train. Without a
    validation folder it is drawn from train; without a test folder there is no test split, since drawing one would
    change what others report for the same folders.
    """
    kinds = set(given) - {None}
    if "train" not in kinds or len(kinds) == 1:
        return draw_splits(labels, groups, hashes, plan), "drawn"
    splits = np.array([split or "train" for split in given], dtype=object)
    if "validation" not in kinds:
        train = np.flatnonzero(splits == "train").tolist()
        parts = [groups[i] for i in train], [hashes[i] for i in train]
        splits[train] = draw_splits(labels[train], *parts, plan.without_test())
    return splits, "folders"


def draw_splits(
    labels: np.ndarray,
    groups: Sequence[str | None],
    hashes: Sequence[str],
    plan: SplitPlan,
    fixed: Sequence[Split | None] | None = None,
) -> np.ndarray:
    """A split for every photo, object [photos]: the same for the same input.

    labels: int64 [photos, tasks]. Shares hold within each class of the first task as far as whole photos allow.
    Photos of one group, and files of equal content, never part. Every class of every task has a photo in train, and
    in validation where it has a second one that may go there. fixed: photos that keep the split they have; what
    belongs to them follows.
    """
    if not len(labels):
        return np.array([], dtype=object)
    unit = _units(groups, hashes)
    held = _held(unit, fixed)
    strata = _strata(unit, labels[:, 0])
    places = _allot(np.bincount(unit), strata, held, plan)
    presence = _presence(unit, labels)
    _teach_every_class(places, presence, held)
    _validate_every_class(places, presence, held)
    splits = np.array(SPLITS, dtype=object)[places[unit]]
    if fixed is not None:
        kept = np.array([split is not None for split in fixed])
        splits[kept] = np.array(fixed, dtype=object)[kept]
    return splits


def _units(groups: Sequence[str | None], hashes: Sequence[str]) -> np.ndarray:
    """The number of the unit that each photo moves with, int [photos]: linked by group or by equal content."""
    keys: dict[tuple[str, str], int] = {}
    links = [(row, keys.setdefault(("hash", digest), len(keys))) for row, digest in enumerate(hashes)]
    links += [(row, keys.setdefault(("group", g), len(keys))) for row, g in enumerate(groups) if g]
    rows, targets = np.array(links).T
    nodes = len(hashes) + len(keys)
    graph = coo_array((np.ones(len(links)), (rows, len(hashes) + targets)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    return np.unique(component[: len(hashes)], return_inverse=True)[1]


def _held(unit: np.ndarray, fixed: Sequence[Split | None] | None) -> np.ndarray:
    """The split a unit must have because a photo of it has it already, int [units]; FREE otherwise."""
    held = np.full(unit.max() + 1, FREE)
    for row, split in reversed(list(enumerate(fixed or ()))):  # backwards: the first photo decides
        if split is not None:
            held[unit[row]] = SPLITS.index(split)
    return held


def _strata(unit: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class that most photos of a unit have, int [units]; photos without a label are a stratum of their own."""
    pairs, counts = np.unique(np.stack([unit, labels - MISSING]), axis=1, return_counts=True)
    order = np.lexsort((-pairs[1], counts, pairs[0]))  # by unit, its commonest class last
    last = np.append(np.diff(pairs[0][order]) > 0, True)
    return pairs[1][order][last]


def _allot(sizes: np.ndarray, strata: np.ndarray, held: np.ndarray, plan: SplitPlan) -> np.ndarray:
    """The split of every unit, int [units], class by class."""
    places, carry = held.copy(), np.zeros(3)
    random = np.random.default_rng(plan.seed)
    for stratum in np.unique(strata):
        members = random.permutation(np.flatnonzero(strata == stratum))
        members = members[np.argsort(-sizes[members], kind="stable")]  # large groups first, while there is room
        quotas, carry = _quotas(sizes[members].sum(), plan, carry)
        for split in range(3):
            quotas[split] -= sizes[members[held[members] == split]].sum()
        quotas[np.array(plan.shares) == 0] = -np.inf
        for member in members[held[members] == FREE]:
            split = int(np.argmax(quotas))
            places[member] = split
            quotas[split] -= sizes[member]
    return places


def _quotas(photos: int, plan: SplitPlan, carry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole photos per split by largest remainder, and what was rounded away so far.

    The remainder goes on to the next class: with 200 classes of 5 photos each, a tenth of all is still tested.
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


def _presence(unit: np.ndarray, labels: np.ndarray) -> csr_array:
    """How many photos of each class of each task a unit has, sparse [units, classes of all tasks]."""
    columns, first = [], 0
    for task in labels.T:
        columns.append(np.where(task == MISSING, -1, task + first))
        first += int(task.max(initial=MISSING)) + 1
    classes = np.concatenate(columns)
    rows = np.tile(unit, len(columns))
    known = classes >= 0
    values = np.ones(known.sum(), dtype=np.int64)
    return coo_array((values, (rows[known], classes[known])), shape=(unit.max() + 1, max(first, 1))).tocsr()


def _teach_every_class(places: np.ndarray, presence: csr_array, held: np.ndarray) -> None:
    """Moves units until every class has photos in train, in place."""
    by_class = presence.tocsc()
    taught = _counts(presence, places, TRAIN)
    for column in np.flatnonzero(taught == 0):
        units = by_class.indices[by_class.indptr[column] : by_class.indptr[column + 1]]
        free = units[held[units] == FREE]
        if len(free) and not (places[units] == TRAIN).any():
            places[_lightest(free, presence)] = TRAIN


def _validate_every_class(places: np.ndarray, presence: csr_array, held: np.ndarray) -> None:
    """Moves units to validation where a class has none there, in place; no class loses its last one in train for it."""
    by_class = presence.tocsc()
    taught, validated = _counts(presence, places, TRAIN), _counts(presence, places, VALIDATION)
    for column in np.flatnonzero(validated == 0):
        if validated[column]:  # a unit moved for another class brought it
            continue
        units = by_class.indices[by_class.indptr[column] : by_class.indptr[column + 1]]
        free = units[(held[units] == FREE)]
        lightest_first = np.lexsort((presence[free].sum(axis=1), places[free]))  # out of train rather than of test
        for candidate in free[lightest_first]:
            row = presence[[candidate]].toarray()[0]
            lost = row if places[candidate] == TRAIN else 0 * row
            if (taught[row > 0] > lost[row > 0]).all():
                places[candidate] = VALIDATION
                taught -= lost
                validated += row
                break


def _counts(presence: csr_array, places: np.ndarray, split: int) -> np.ndarray:
    return presence.T @ (places == split).astype(np.int64)


def _lightest(units: np.ndarray, presence: csr_array) -> int:
    return int(units[np.argmin(presence[units].sum(axis=1))])
