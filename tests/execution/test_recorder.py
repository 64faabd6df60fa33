"""What is written down of a run's events."""

from core.execution.recorder import scores_in_words
from core.job import EpochEnded
from core.tasks import Task
from tests.fixtures.runs import scores


def ended(**accuracies: float) -> EpochEnded:
    return EpochEnded(1, 0, 5, {task: scores(0.5, right) for task, right in accuracies.items()}, 1.0, 1.0, best=True)


def test_of_one_task_the_accuracy_stands_alone():
    assert scores_in_words(ended(kind=0.5), (Task("kind"),)) == "50.0 % ± 9.6"


def test_of_several_tasks_each_accuracy_stands_with_its_name():
    assert (
        scores_in_words(ended(kind=0.5, colour=0.9), (Task("kind"), Task("colour")))
        == "kind 50.0 % ± 9.6, colour 90.0 % ± 6.0"
    )
