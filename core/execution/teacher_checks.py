"""Runs as teachers of others: which can be, and what stands in a plan's way."""

from core.backbones import check_has_classifier, get_card
from core.distillation import teacher_run_not_found
from core.errors import NotFound, Refused
from core.home import Home
from core.plans import Plan
from core.runs import HAS_RESULTS, Run, get_run, has_best, list_runs


def teacher_runs(home: Home, dataset_id: str) -> list[Run]:
    """Runs on these photos whose model is finished, the newest first: one that still changes would teach two things."""
    return [run for run in list_runs(home) if run.dataset_id == dataset_id and _can_teach(home, run)]


def check_teacher(home: Home, plan: Plan) -> None:
    """Raises NotFound where the plan's teacher is gone or its weights are not here, Refused where it is not finished,
    and BadWeights for a network without a classifier.
    """
    if plan.teacher is None:
        return
    if plan.teacher.backbone:
        check_has_classifier(home, plan.teacher.backbone, get_card(plan.teacher.backbone.name))
        return
    try:
        run = get_run(home, str(plan.teacher.run))
    except NotFound as error:
        raise teacher_run_not_found() from error
    if run.id != plan.teacher.run:  # a name, or the beginning of an id: nothing that training would find
        raise teacher_run_not_found()
    if not _can_teach(home, run):
        raise Refused(f'"{run.name}" cannot teach before its training has ended.', "Wait for it, or stop it.")


def _can_teach(home: Home, run: Run) -> bool:
    return run.state in HAS_RESULTS and has_best(home, run.id)
