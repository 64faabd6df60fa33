"""Whether another run on the same photos is really better, or only luckier."""

import streamlit as st

from core.evaluation import compare, read_predictions
from core.execution import RunResults
from core.runs import HAS_RESULTS, Run, has_best, list_runs, run_folder
from dashboard.session import state
from dashboard.shared.texts import escape_markdown


def show_comparison(model: RunResults, task: str) -> None:
    others = [run for run in comparable(list_runs(state.home()), model.run, task) if has_best(state.home(), run.id)]
    if not others:
        return
    with st.expander("Compare it with another run", icon=":material/compare_arrows:"):
        names = {run.id: run.name for run in others}
        chosen = st.selectbox("The other run", list(names), format_func=names.__getitem__, key="compare_with")
        theirs = read_predictions(run_folder(state.home(), chosen))
        found = compare(model.predictions, theirs, model.dataset.task(task))
        st.write(escape_markdown(found.in_words(model.run.name, names[chosen])))


def comparable(runs: list[Run], this: Run, task: str) -> list[Run]:
    """Runs with results that judged the same photos for the same task."""
    return [
        run
        for run in runs
        if run.id != this.id
        and run.state in HAS_RESULTS
        and run.plan.source == this.plan.source
        and task in run.plan.tasks
    ]
