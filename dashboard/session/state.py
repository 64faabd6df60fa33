"""What a person has chosen so far. The only place that touches st.session_state and the query parameters.

Short things live in the address as well (?dataset=..&version=..&task=..&model=..&plan=..&run=..), so that a refresh,
a second tab and a bookmark show the same. The address wins over the session: it is what the person sees.
"""

import os
import re
from functools import cache

import streamlit as st

from core.backbones import BackboneCard, Stage, card, default_card, describe_stages
from core.datasets import Dataset, Task, load_dataset
from core.errors import NotFound
from core.home import Home, open_home
from core.plans import DatasetChoice, Plan, make_plan, recipe_of, with_teacher_of
from core.runs import Run, get_run
from dashboard.session.plan_drafts import load_draft, save_draft

KEYS = ("dataset", "version", "task", "model", "plan", "run", "work", "camera")
_OWN = "graft:"  # no widget owns a name that begins so: a widget's value goes when its page is left


@cache
def _opened(root: str | None) -> Home:
    return open_home(root)


def home() -> Home:
    """The one home of this server (`GRAFT_HOME`, which the server sets)."""
    return _opened(os.environ.get("GRAFT_HOME"))


def is_this_computers_own() -> bool:
    """Whether only this computer reaches the server; else paths on its disk are nobody else's business."""
    return st.get_option("server.address") in (None, "127.0.0.1")


def synchronise() -> None:
    """Bring session and address together. Called once at the beginning of each run of the script.

    What the address says is taken over; what it does not say any more (a link to another page drops it) is put back.
    """
    for key in KEYS:
        if key in st.query_params:
            st.session_state[_OWN + key] = st.query_params[key]
        elif value := st.session_state.get(_OWN + key):
            st.query_params[key] = value


def _get(key: str) -> str | None:
    return st.session_state.get(_OWN + key) or None


def _set(**values: str | None) -> None:
    for key, value in values.items():
        st.session_state[_OWN + key] = value
        if value:
            st.query_params[key] = value
        else:
            st.query_params.pop(key, None)


# Photos


def current_dataset() -> Dataset | None:
    """The dataset version in use; None when none was chosen, or it is gone."""
    chosen = _get("dataset")
    if chosen is None:
        return None
    version = _get("version")
    try:
        return load_dataset(home(), chosen, int(version) if version and version.isdecimal() else None)
    except NotFound:
        return None


def choose_dataset(dataset: Dataset) -> None:
    """Use this version from now on. What was chosen for another dataset (task, run) no longer fits and goes."""
    if _get("dataset") != dataset.id:
        _set(task=None, run=None)
    _set(dataset=dataset.id, version=str(dataset.version))


def leave_dataset() -> None:
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
            return card(chosen)
        except NotFound:
            _set(model=None)
    return default_card(home())


def model_is_chosen() -> bool:
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
    fitting = _fitted(draft, dataset, current_card())
    if fitting != draft:
        set_plan(fitting)
    return fitting


def set_plan(plan: Plan) -> None:
    """Keep the plan as the draft; survives a refresh. Its one task becomes the task in use. Raises DiskFull."""
    if len(plan.tasks) == 1:
        choose_task(plan.tasks[0])
    _set(plan=save_draft(home(), plan))


def _fitted(draft: Plan | None, dataset: Dataset, chosen: BackboneCard) -> Plan:
    task = current_task(dataset).name
    fits = draft is not None and draft.source.id == dataset.id and draft.backbone.name == chosen.name
    if draft is None or not fits:
        recipe = (recipe_of(draft) if draft else None) or "feature-extraction"
        fresh = make_plan(dataset, chosen, describe_stages(chosen), recipe).model_copy(update={"tasks": (task,)})
        return with_teacher_of(fresh, draft) if draft and draft.source.id == dataset.id else fresh
    choice = DatasetChoice(id=dataset.id, version=dataset.version)
    others = tuple(other for other in draft.datasets if other.role != "source")
    tasks = draft.tasks if len(draft.tasks) > 1 else (task,)
    return draft.model_copy(update={"datasets": (choice, *others), "tasks": tasks})


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


# Work in the background, and what to say after a rerun


def current_work() -> str | None:
    """The id of the import or download that this tab waits for."""
    return _get("work")


def wait_for(work_id: str | None) -> None:
    _set(work=work_id)


def camera_folder() -> str | None:
    """The inbox folder of photos being taken here; None when none was taken yet."""
    folder = _get("camera")
    return folder if folder and re.fullmatch(r"[0-9a-f]{32}", folder) else None


def keep_camera_folder(folder: str | None) -> None:
    _set(camera=folder)


def say(sentence: str) -> None:
    """A short word of what was done, shown once, also across a rerun or a change of page."""
    st.session_state[_OWN + "said"] = sentence


def said() -> str | None:
    """What is to be said, once."""
    return st.session_state.pop(_OWN + "said", None)


def remember(name: str, value: object) -> None:
    """Keep a value for this tab under a name that no widget owns."""
    st.session_state[_OWN + name] = value


def recall(name: str, default: object = None) -> object:
    return st.session_state.get(_OWN + name, default)


def forget(name: str) -> None:
    st.session_state.pop(_OWN + name, None)
