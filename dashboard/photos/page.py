"""Step 1: give it photos, or look at those that are there."""

from core.errors import GraftError
from dashboard.photos.columns_screen import show_columns
from dashboard.photos.dataset_screen import show_dataset
from dashboard.photos.importing import ColumnsToDecide
from dashboard.photos.start_screen import show_start
from dashboard.session import state
from dashboard.shared.job_progress import take_finished_job
from dashboard.shared.texts import show_error


def page() -> None:
    imported = take_finished_job("import")
    if imported is not None and isinstance(imported.result, ColumnsToDecide):
        show_columns(imported.id, imported.result)
        return
    if imported is not None:
        state.choose_dataset(imported.result)
    dataset = state.current_dataset()
    try:
        if dataset is None:
            show_start()
        else:
            show_dataset(dataset)
    except GraftError as error:
        show_error(error)


page()
