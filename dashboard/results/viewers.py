"""How the results of each kind of label are shown: one viewer per kind in `core.tasks.KINDS`."""

from collections.abc import Callable

from core.execution import RunResults
from core.tasks import SplitResult, Task
from dashboard.results.classes import show_classes

# Shows one task on one split, below the figures: what was right and what was wrong.
ResultViewer = Callable[[RunResults, Task, SplitResult], None]

VIEWERS: dict[str, ResultViewer] = {"classes": show_classes}
