"""A confusion matrix in two short sentences: what the model is good at, and where its mistakes are."""

import itertools
from collections.abc import Sequence

import numpy as np

from core.tasks.intervals import Interval, f1_margin, margin

GOOD = 0.8  # an F1 below this is not called good, however bad the rest
NAMED = 2  # classes that a headline names to either side
CHANCE = 0.05  # so often classes that are alike may be told apart
SHUFFLES = 999
ROUNDING = 1e-9
COLLAPSED = 0.95  # share of the answers that are one class
PAIRS_TRIED = 30  # the most confused pairs, from which groups of three are grown
_SHARES = (
    (1.0, "All"),
    (0.9, "Nine of ten"),
    (0.8, "Four of five"),
    (0.75, "Three of four"),
    (2 / 3, "Two of three"),
    (0.6, "Three of five"),
    (0.5, "Half of the"),
)


def headline(confusion: np.ndarray, classes: Sequence[str]) -> str:
    """ "Good at shoes and pants, unsure about shirt", from a confusion [classes, classes], rows being the truth.

    Classes are named where they differ by more than chance, and then those whose F1 differs from the accuracy of all
    together by more than its own standard error.
    """
    images, right = int(confusion.sum()), int(confusion.trace())
    if not images:
        return "Nothing to judge by"
    if right == images:
        return "Right on every photo"
    answers, labels = confusion.sum(axis=0) / images, confusion.sum(axis=1) / images
    favourite = int(answers.argmax())
    if answers[favourite] >= COLLAPSED and labels[favourite] < answers[favourite] - 0.1:
        return f"Says {classes[favourite]} to almost everything"
    overall = margin(right, images)
    if overall.low <= labels.max():
        uneven = labels.max() > 1.5 / len(classes)
        return f"Hardly better than {f'always saying {classes[labels.argmax()]}' if uneven else 'guessing'}"
    good, unsure = _standing_out(confusion, overall) if _differ(confusion) else ([], [])
    return _in_words([classes[at] for at in good], [classes[at] for at in unsure], overall)


def _differ(confusion: np.ndarray) -> bool:
    """Whether mistakes are shared out over the classes more unevenly than chance alone would share them.

    A permutation test of Pearson's chi-square: it holds for few images, too, where the chi-square's own table does not.
    """
    images = confusion.sum(axis=1)
    wrong, images = (images - confusion.diagonal())[images > 0], images[images > 0]
    by_chance = np.random.default_rng(0).multivariate_hypergeometric(
        images, int(wrong.sum()), size=SHUFFLES, method="marginals"
    )
    expected = images * wrong.sum() / images.sum()
    found, shuffled = (((each - expected) ** 2 / expected).sum(axis=-1) for each in (wrong, by_chance))
    as_uneven = int((shuffled >= found - ROUNDING).sum())
    return (1 + as_uneven) / (1 + SHUFFLES) < CHANCE


def _standing_out(confusion: np.ndarray, overall: Interval) -> tuple[list[int], list[int]]:
    """Classes clearly better and clearly worse than all together, the clearest first."""
    good: list[tuple[float, int]] = []
    unsure: list[tuple[float, int]] = []
    for at in range(len(confusion)):
        images, answers, right = confusion[at].sum(), confusion[:, at].sum(), confusion[at, at]
        if not images:
            continue
        f1 = f1_margin(int(right), int(images - right), int(answers - right))
        if f1.value >= GOOD and f1.value - f1.error > overall.value:
            good.append((f1.value - f1.error, at))
        if f1.value + f1.error < overall.value:
            unsure.append((f1.value + f1.error, at))
    return [at for _, at in sorted(good, reverse=True)[:NAMED]], [at for _, at in sorted(unsure)[:NAMED]]


def _in_words(good: list[str], unsure: list[str], overall: Interval) -> str:
    if good and unsure:
        return f"Good at {_listed(good)}, unsure about {_listed(unsure)}"
    if unsure:
        fine = "Good at most classes" if overall.value >= GOOD else "Right more often than not"
        return f"{fine if overall.value >= 0.5 else 'Often wrong'}, unsure about {_listed(unsure)}"
    if good and overall.value < GOOD:
        return f"Good at {_listed(good)}, less so at the rest"
    if overall.value >= GOOD:
        return "About equally good at every class"
    return "Unsure about most classes"


def where_the_mistakes_are(confusion: np.ndarray, classes: Sequence[str]) -> str:
    """ "Two of three mistakes are among shirt, t-shirt and longsleeve.", from a confusion [classes, classes]."""
    images, right = int(confusion.sum()), int(confusion.trace())
    mistakes = images - right
    if not images:
        return "No photo of this split has a label."
    if not mistakes:
        most = 100 * (1 - margin(right, images).low)
        return f"No mistake on {_photos(images)}; on many more of their kind up to {most:.1f} % could still be wrong."
    wrong = confusion - np.diag(np.diag(confusion))
    if mistakes >= 4 and len(classes) > 2:
        group = _smallest_group(wrong)
        if group:
            among = "between" if len(group) == 2 else "among"
            share = _share(int(wrong[np.ix_(group, group)].sum()), mistakes)
            return f"{share} mistakes are {among} {_listed([classes[at] for at in group])}."
    true, taken = np.unravel_index(wrong.argmax(), wrong.shape)
    most_often = int(wrong[true, taken])
    counted = f"{mistakes:,} mistakes" if mistakes > 1 else "1 mistake"
    if most_often == 1 and mistakes > 1:
        return f"{counted} on {_photos(images)}, no two alike."
    times = "" if mistakes == 1 else f" most often ({most_often:,} times)," if most_often < mistakes else " always"
    return f"{counted} on {_photos(images)}:{times} {classes[true]} taken for {classes[taken]}."


def _smallest_group(wrong: np.ndarray) -> list[int] | None:
    """The two, else the three classes that hold at least half of the mistakes among themselves, if there are such.

    Three are named from six classes on only: of fewer they are most, which says little.
    """
    both_ways = wrong + wrong.T
    total = wrong.sum()
    pairs = [(int(both_ways[i, j]), i, j) for i, j in np.argwhere(np.triu(both_ways)).tolist()]
    pairs = sorted(pairs, key=lambda pair: (-pair[0], pair[1:]))[:PAIRS_TRIED]
    if pairs[0][0] >= total / 2:
        return list(pairs[0][1:])
    if len(wrong) < 6:
        return None
    near = sorted({at for _, i, j in pairs for at in (i, j)})
    held = {
        (i, j, k): int(both_ways[i, j] + both_ways[i, k] + both_ways[j, k])
        for (_, i, j), k in itertools.product(pairs, near)
        if k not in (i, j)
    }
    best = max(held, key=lambda group: (held[group], tuple(-at for at in sorted(group))), default=None)
    if best is None or held[best] < total / 2:
        return None
    return sorted(best, key=lambda at: -int(both_ways[at, list(best)].sum()))


def _share(part: int, total: int) -> str:
    """In words where a simple fraction says it, counted where none does."""
    if part == total:
        return "All"
    value, words = min(_SHARES[1:], key=lambda share: abs(share[0] - part / total))
    return words if abs(value - part / total) <= 0.03 else f"{part:,} of {total:,}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
