"""Whether learning several labels together helped: each beside a run that learned it alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import NotFound
from core.evaluation import load_result
from core.home import Home
from core.monitoring.counterparts import find_counterparts, has_model
from core.monitoring.run_comparison import compare_runs
from core.plans import Plan, plan_alone
from core.runs import Run, run_folder
from core.tasks import Comparison


@dataclass(frozen=True)
class TaskGain:
    """One label learned together with others and alone.

    alone: the run that learned it alone, if there is one. figures: of the two on validation photos, with margins; "" as
    long as one is not known. comparison: together against alone, on the photos that judged both; None until there is
    one.
    """

    task: str
    alone: Run | None
    figures: tuple[str, str]
    comparison: Comparison | None

    @property
    def is_known(self) -> bool:
        return self.comparison is not None and self.comparison.images > 0


def read_gains(home: Home, run: Run) -> list[TaskGain]:
    """Of each task of a run that learned several."""
    runs = find_counterparts(home, [plan_alone(run.plan, task) for task in run.plan.tasks])
    return [_gain(home, run, task, alone) for task, alone in zip(run.plan.tasks, runs, strict=True)]


def _gain(home: Home, run: Run, task: str, alone: Run | None) -> TaskGain:
    done = alone if alone and has_model(home, alone) else None
    figures = _figure(home, run, task), _figure(home, done, task) if done else ""
    return TaskGain(task, alone, figures, compare_runs(home, run, done, task) if done else None)


def _figure(home: Home, run: Run, task: str) -> str:
    try:
        figure = load_result(run_folder(home, run.id)).task(task).validation.figure
    except (NotFound, KeyError):
        return ""
    return figure.text if figure else ""


def gains_in_words(plan: Plan, gains: Sequence[TaskGain]) -> str:
    """One sentence on whether learning together helped; "" as long as nothing is known. plan: that of the labels
    together.
    """
    known = [gain for gain in gains if gain.comparison is not None and gain.comparison.images]
    if not known:
        return ""
    if plan.first_trainable_stage == len(plan.phases[0].stage_rates):
        return "Only the heads learned, one for each label: they shared nothing that could help or harm."
    better, worse = (
        [gain.task for gain in known if gain.comparison and gain.comparison.surely_better == sign] for sign in (1, -1)
    )
    if better and worse:
        return f"Learning together helped {_listed(better)} and harmed {_listed(worse)}, surely."
    if better:
        return f"Learning together helped {_listed(better)}, surely."
    if worse:
        return f"Learning together harmed {_listed(worse)}, surely: learn it alone, or let it count more."
    photos = min(gain.comparison.images for gain in known if gain.comparison)
    return (
        f"Whether learning together helped, {photos:,} photos cannot tell: "
        f"{'the difference lies' if len(known) == 1 else 'all differences lie'} within the margin."
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
