"""Step 1: give it photos, or look at those that are there."""

from core.errors import GraftError
from dashboard.photos.columns_screen import show_columns
from dashboard.photos.dataset_screen import show_dataset, show_unlabelled
from dashboard.photos.importing import ColumnsToDecide, say_other_name
from dashboard.photos.start_screen import show_import, show_start
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.job_progress import take_finished_job
from dashboard.shared.texts import show_error


def page() -> None:
    imported = take_finished_job("import")
    if imported is not None and isinstance(imported.result, ColumnsToDecide):
        show_columns(imported.id, imported.result)
        return
    if imported is not None:
        state.choose_dataset(imported.result)
        say_other_name(imported.result)
    dataset = state.shown_dataset()
    waiting_for = background_jobs.get(state.watched_job())
    try:
        if dataset is not None and dataset.tasks:
            show_dataset(dataset)
        elif dataset is not None:
            show_unlabelled(dataset)
        elif waiting_for is not None and waiting_for.kind == "import" and waiting_for.state != "failed":
            show_import(waiting_for.id)
        else:
            show_start()
    except GraftError as error:
        show_error(error)


page()
