"""What a person has chosen so far. The only place that touches st.session_state and the query parameters.

Short things live in the address as well (?dataset=..&version=..&task=..&model=..&plan=..&run=..), so that a refresh,
a second tab and a bookmark show the same. The address wins over the session: it is what the person sees.
"""

import os
import re
from functools import cache
from typing import Any

import streamlit as st

from core.backbones import BackboneCard, Stage, default_card, describe_stages, get_card
from core.datasets import Dataset, Task, load_dataset
from core.errors import Damaged, NotFound
from core.home import Home, open_home
from core.plans import DatasetChoice, Plan, make_plan, recipe_of, with_teacher_of
from core.runs import Run, get_run
from dashboard.session.plan_drafts import load_draft, save_draft

KEYS = ("dataset", "version", "task", "model", "plan", "run", "job", "camera")
_OWN = "graft:"  # prefix of names that no widget owns: Streamlit drops a widget's value when its page is left


@cache
def _open_once(root: str | None) -> Home:
    return open_home(root)


def home() -> Home:
    """The one home of this server (`GRAFT_HOME`, which the server sets)."""
    return _open_once(os.environ.get("GRAFT_HOME"))


def sync_query_params() -> None:
    """Bring session and query parameters together. Called once at the beginning of each run of the script.

    What the address holds is taken over; what a link to another page dropped from it is put back.
    """
    for key in KEYS:
        if key in st.query_params:
            st.session_state[_OWN + key] = st.query_params[key]
        elif value := st.session_state.get(_OWN + key):
            st.query_params[key] = value


def unknown_page() -> str | None:
    """The name of the page that the address asked for, where there is none; until something is chosen."""
    return st.query_params.get("unknown")


def _get(key: str) -> str | None:
    return st.session_state.get(_OWN + key) or None


def _set(**values: str | None) -> None:
    st.query_params.pop("unknown", None)
    for key, value in values.items():
        st.session_state[_OWN + key] = value
        if value:
            st.query_params[key] = value
        else:
            st.query_params.pop(key, None)


# Photos


def current_dataset() -> Dataset | None:
    """The dataset version in use; None when none was chosen, it is gone, or its photos have no labels to learn."""
    shown = shown_dataset()
    return shown if shown and shown.tasks else None


def shown_dataset() -> Dataset | None:
    """The dataset version that was chosen, labelled or not; None when none was, or it is gone."""
    chosen = _get("dataset")
    if chosen is None:
        return None
    version = _get("version") or ""
    try:
        return load_dataset(home(), chosen, int(version) if re.fullmatch("[0-9]{1,9}", version) else None)
    except NotFound:
        return None
    except Damaged as error:  # every page asks for it: none may stay dead
        close_dataset()
        flash(str(error))
        return None


def lost_dataset() -> str | None:
    """The id that the address names where no dataset has it."""
    return _get("dataset") if shown_dataset() is None else None


def choose_dataset(dataset: Dataset) -> None:
    """Use this version from now on. What was chosen for another dataset (task, run) no longer fits and goes."""
    if _get("dataset") != dataset.id:
        _set(task=None, run=None)
    _set(dataset=dataset.id, version=str(dataset.version))


def close_dataset() -> None:
    """Back to the start screen; nothing is deleted."""
    _set(dataset=None, version=None, task=None, run=None, plan=None)


def current_task(dataset: Dataset) -> Task:
    """The label column that is shown and learned; the first unless another was chosen."""
    by_name = {task.name: task for task in dataset.tasks}
    return by_name.get(_get("task") or "", dataset.tasks[0])


def choose_task(name: str) -> None:
    _set(task=name)


# Model


def current_card() -> BackboneCard:
    """The backbone in use: the chosen one, else the default that needs no network."""
    chosen = _get("model")
    if chosen is not None:
        try:
            return get_card(chosen)
        except NotFound:
            _set(model=None)
    return default_card(home())


def is_model_chosen() -> bool:
    """Whether a person chose it, or it is only the default so far."""
    return _get("model") is not None


def choose_card(chosen: BackboneCard) -> None:
    _set(model=chosen.name)


def current_stages() -> tuple[Stage, ...]:
    return describe_stages(current_card())


# Plan


def current_plan() -> Plan | None:
    """The plan as it stands, for the dataset and backbone in use; None without a dataset.

    The draft goes along with changes elsewhere: a newer version of the same dataset takes the older one's place; with
    another dataset or backbone, a fresh plan of the same recipe does.
    """
    dataset = current_dataset()
    if dataset is None:
        return None
    draft = load_draft(home(), _get("plan") or "")
    plan = _adapt_draft(draft, dataset, current_card())
    if plan != draft:
        set_plan(plan)
    return plan


def set_plan(plan: Plan) -> None:
    """Keep the plan as the draft; survives a refresh. Its one task becomes the task in use. Raises DiskFull."""
    if len(plan.tasks) == 1:
        choose_task(plan.tasks[0])
    _set(plan=save_draft(home(), plan))


def _adapt_draft(draft: Plan | None, dataset: Dataset, chosen: BackboneCard) -> Plan:
    task = current_task(dataset).name
    fits = draft is not None and draft.source.id == dataset.id and draft.backbone.name == chosen.name
    if draft is None or not fits:
        recipe = (recipe_of(draft) if draft else None) or "feature-extraction"
        fresh = make_plan(dataset, chosen, describe_stages(chosen), recipe).model_copy(update={"tasks": (task,)})
        return with_teacher_of(fresh, draft) if draft and draft.source.id == dataset.id else fresh
    choice = DatasetChoice(id=dataset.id, version=dataset.version)
    datasets = tuple(choice if each.role == "source" else each for each in draft.datasets)
    tasks = draft.tasks if len(draft.tasks) > 1 else (task,)
    return draft.model_copy(update={"datasets": datasets, "tasks": tasks})


# Run


def current_run() -> Run | None:
    """The run in view; None when none was chosen, or it was deleted."""
    chosen = _get("run")
    if chosen is None:
        return None
    try:
        return get_run(home(), chosen)
    except NotFound:
        return None
    except Damaged as error:
        _set(run=None)
        flash(str(error))
        return None


def lost_run() -> str | None:
    """The id that the address names where no run has it."""
    return _get("run") if current_run() is None else None


def choose_run(run_id: str) -> None:
    _set(run=run_id)


def open_run(run: Run) -> None:
    """View a run with all it stands on: its dataset version, backbone and plan become the current ones."""
    source = run.plan.source
    _set(
        dataset=source.id,
        version=str(source.version),
        task=run.plan.tasks[0],
        model=run.plan.backbone.name,
        plan=save_draft(home(), run.plan),
        run=run.id,
    )


def compared_runs() -> list[str]:
    """Ids of the runs that are ticked for comparison, in that order. Only the page of all runs, which asks, has them in
    its address."""
    chosen = st.query_params.get("compare") or _get("compare")
    if not chosen:
        return []
    _set(compare=chosen)
    return chosen.split(",")


def set_compared_runs(run_ids: list[str]) -> None:
    _set(compare=",".join(run_ids) or None)


# Background jobs, messages and values of this tab


def watched_job() -> str | None:
    """The id of the import or download that this tab waits for."""
    return _get("job")


def watch_job(job_id: str | None) -> None:
    """Let this tab wait for an import or download; None ends the wait."""
    _set(job=job_id)


def camera_folder() -> str | None:
    """The inbox folder of photos being taken here; None when none was taken yet."""
    folder = _get("camera")
    return folder if folder and re.fullmatch(r"[0-9a-f]{32}", folder) else None


def set_camera_folder(folder: str | None) -> None:
    _set(camera=folder)


def flash(message: str) -> None:
    """Show a message once, at the next run of the script, also across a rerun or a change of page."""
    st.session_state[_OWN + "flash"] = message


def pop_flash() -> str | None:
    """Take the message that is to be shown, if there is one."""
    return st.session_state.pop(_OWN + "flash", None)


def set_tab_value(name: str, value: object) -> None:
    """Store a value for this tab under a name that no widget owns."""
    st.session_state[_OWN + name] = value


def get_tab_value(name: str, default: Any = None) -> Any:
    """The value of that name in this tab."""
    return st.session_state.get(_OWN + name, default)


def drop_tab_value(name: str) -> None:
    """Remove a value of this tab, if it is there."""
    st.session_state.pop(_OWN + name, None)
