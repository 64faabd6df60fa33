"""Photos from another place, to which the model is adapted without their labels."""

from itertools import chain

import streamlit as st

from core.datasets import Dataset, import_unlabelled, list_datasets
from core.names import unused_name
from core.objectives import OBJECTIVES
from core.plans import ADAPTATION_METHODS, USUAL_METHOD, Plan, method_of, set_target, without_target
from dashboard.components.drop_zone import drop_zone
from dashboard.glossary import GLOSSARY
from dashboard.plan.situation import asks_for_another_place
from dashboard.plan.widgets import change_plan, columns_in_rows, plan_widget, show_objective
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.job_progress import show_job
from dashboard.shared.texts import show_error, show_note

NOWHERE = ""
IMPORT = "target import"  # a value of this tab: the job that reads photos which were dropped here
GONE = "one that is gone"
SENTENCES = {  # by method: what it does, and what to expect of it
    "mcc": "Makes up its mind about the other photos: two classes are not to be mixed up there. It gained most in "
    "published comparisons, and costs next to nothing.",
    "dann": "Hides from the head where a photo was taken. It may gain much, but is unsteady and wants many epochs.",
    "mmd": "Makes what the network sees alike in both places. A moderate gain, and steady.",
    "coral": "Makes the answers vary alike in both places. The gentlest: it seldom harms, and gains least.",
}


def show_adaptation(plan: Plan, dataset: Dataset) -> None:
    """Folded until there is a target: which photos, how, and how much that counts."""
    chosen = _key(plan.target.id, plan.target.version) if plan.target else NOWHERE
    titles = {
        _key(each.id, each.version): each.name
        for each in list_datasets(state.home())
        if each.id != dataset.id and not each.damage
    }
    if chosen:
        titles.setdefault(chosen, GONE)
    with st.expander("Photos from another place", expanded=bool(chosen) or asks_for_another_place()):
        show_note(
            "Will the model look at photos from another camera, light or place? Give it some of them; it needs no "
            "labels there. Where both places look alike, training without it is as good: compare the two runs."
        )
        if not chosen:
            _show_import()
        if not titles:
            return
        where, how, *others = st.columns([1.2, 1.2, 1])
        where.selectbox(
            "Photos to adapt to", [NOWHERE, *titles], help=GLOSSARY["target"],
            format_func=lambda key: titles[key] if key else "none",
            **plan_widget("target", chosen, _set_target),
        )  # fmt: skip
        if not chosen:
            return
        method, columns = method_of(plan), chain(others, columns_in_rows(3))
        # Adaptive batch norm may be all there is, in a plan file.
        methods = ADAPTATION_METHODS if method else (None, *ADAPTATION_METHODS)
        how.selectbox(
            "How", methods, help=GLOSSARY["adaptation method"],
            format_func=lambda kind: OBJECTIVES[kind].title if kind else "by batch norm alone",
            **plan_widget("adaptation_method", method, lambda plan, kind: _set_target(plan, chosen, kind)),
        )  # fmt: skip
        if method:
            show_objective(columns, plan, method)
        next(columns).toggle(
            "Their statistics", help=GLOSSARY["adaptive batch norm"],
            **plan_widget("adaptive_batch_norm", plan.adaptive_batch_norm, _set_adaptive_batch_norm),
        )  # fmt: skip
        if method:
            show_note(SENTENCES[method])


def _show_import() -> None:
    """Photos of the other place are dropped here, and adapted to as soon as they are a dataset."""
    job = background_jobs.get(state.get_tab_value(IMPORT))
    if job and job.state == "running":
        show_job(job.id)
        return
    state.drop_tab_value(IMPORT)
    if job and job.state == "done":
        read = job.result
        change_plan(lambda plan: set_target(plan, read.id, read.version, method_of(plan) or USUAL_METHOD))
        st.rerun()
    if job and job.error:
        show_error(job.error)
    if upload := drop_zone(key="target_photos", title="Drop photos of the other place here", unlabelled=True):
        home = state.home()
        name = unused_name(upload.name, [known.name for known in list_datasets(home)])
        job = background_jobs.start(
            "import",
            upload.folder,
            f"Reading {name}",
            lambda progress: import_unlabelled(home, name, home.inbox / upload.folder, progress=progress),
        )
        state.set_tab_value(IMPORT, job.id)
        st.rerun()


def _key(dataset_id: str, version: int) -> str:
    return f"{dataset_id} {version}"


def _set_adaptive_batch_norm(plan: Plan, on: bool) -> Plan:
    return plan.model_copy(update={"adaptive_batch_norm": on})


def _set_target(plan: Plan, key: str, method: str | None = None) -> Plan:
    """Adapt to the photos of that key, by the method so far where none is given; to none without a key."""
    if not key:
        return without_target(plan)
    dataset_id, version = key.split(" ")
    return set_target(plan, dataset_id, int(version), method or method_of(plan) or USUAL_METHOD)
