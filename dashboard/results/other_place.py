"""What adapting to photos of another place brought there, as far as it can be known without their labels."""

from collections.abc import Sequence

import streamlit as st

from core.datasets import Dataset, load_dataset
from core.errors import GraftError, NotFound
from core.evaluation import compare
from core.execution import (
    BothMaps,
    PlacesMap,
    RunResults,
    TargetAnswers,
    answers_in_target,
    draw_maps,
    known_maps,
    submit_unadapted,
)
from core.monitoring import find_counterparts, has_model
from core.plans import without_target
from core.runs import Run, run_folder
from core.tasks import Task
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared.run_status import progress_in_words
from dashboard.shared.texts import escape_markdown, show_error, show_note

LEAST_DIFFERENCE = 0.01  # of the nuclear norm: less says nothing


def show_other_place(model: RunResults, task: Task) -> None:
    """Nothing for a run that was not adapted, or of a task without classes."""
    choice = model.run.plan.target
    if choice is None or not task.classes:
        return
    st.header("In the other place", help=GLOSSARY["clear answers"])
    try:
        target = load_dataset(state.home(), choice.id, choice.version)
    except NotFound:
        show_note("The photos of the other place were deleted.")
        return
    try:
        with st.spinner("Looking at the photos of the other place ..."):
            _show_gain(model.run, target, task)
        _show_maps(model.run, target)
    except GraftError as error:
        show_error(error)


def _show_gain(run: Run, target: Dataset, task: Task) -> None:
    """What the adapted model answers there, beside the same plan that was not adapted."""
    adapted, [plain] = _answers(run, target), find_counterparts(state.home(), [without_target(run.plan)])
    if plain is None or not has_model(state.home(), plain):
        show_note(_clearness_in_words(adapted, task))
        _offer_plain_run(run, plain)
        return
    st.write(escape_markdown(" ".join(gain_in_words(adapted, _answers(plain, target), task))))


def _answers(run: Run, target: Dataset) -> TargetAnswers:
    return answers_in_target(state.home(), run.plan, run_folder(state.home(), run.id), target)


def _clearness_in_words(answers: TargetAnswers, task: Task) -> str:
    return (
        f"Its answers there are clear and different to {answers.nuclear_norm(task):.2f}, where 1 is the most. Whether "
        "adapting helped shows beside a model that was not adapted."
    )


def gain_in_words(adapted: TargetAnswers, plain: TargetAnswers, task: Task) -> list[str]:
    """What speaks for the adapted model: how clear its answers are there, and labels where there are any."""
    found = []
    if adapted.is_labelled(task):
        found.append(compare(adapted.predictions, plain.predictions, task).in_words("adapted", "not adapted"))
    with_it, without = adapted.nuclear_norm(task), plain.nuclear_norm(task)
    figures = f"{with_it:.2f} against {without:.2f}"
    if with_it > without + LEAST_DIFFERENCE:
        found.append(
            f"Its answers there are clearer and more different than without adapting ({figures}): the best hint that "
            "there is without labels that it helped, and no proof."
        )
    else:
        found.append(
            f"Its answers there are no clearer than without adapting ({figures}): nothing speaks for adapting here, so "
            "take the model that was not adapted."
        )
    return found


def _offer_plain_run(run: Run, plain: Run | None) -> None:
    if plain is not None and not plain.is_over:
        show_note(f"{plain.name}: {progress_in_words(plain)}. Its answers stand here when it is done.")
    elif st.button("Train it without adapting, to compare", icon=":material/compare_arrows:", key="train_plain"):
        state.open_run(submit_unadapted(state.home(), run))
        st.switch_page("train/page.py")


def _show_maps(run: Run, target: Dataset) -> None:
    maps = known_maps(state.home(), run)
    if maps is None:
        if not st.button("Draw both places on a map", icon=":material/scatter_plot:", key="draw_maps"):
            return
        with st.spinner("Drawing how the network saw both places before, and sees them now ..."):
            draw_maps(state.home(), run, target)
        st.rerun()  # they are known now, and the button is gone
    st.html(maps_html(maps))


def maps_html(maps: BothMaps) -> str:
    """Both maps side by side, with what each of them says in words; one where the network itself did not change."""
    if maps.before == maps.after:
        pictures = _figure("Before and after.", maps.before, "The network is frozen: it sees both as it did.")
    else:
        pictures = _figure("Before.", maps.before) + _figure("After.", maps.after)
    return (
        '<p class="muted small">Each dot is a photo; what is near each other looks alike to the network. '
        '<i class="source-dot"></i> yours, <i class="target-dot"></i> of the other place. Where the two '
        f'mix, the network sees the same things in both.</p><div class="both-places">{pictures}</div>'
    )


def _figure(title: str, places: PlacesMap, words: str = "") -> str:
    caption = f"<b>{title}</b> {words} {_domain_accuracy_in_words(places)}"
    return f'<figure class="places"><figcaption>{caption}</figcaption>{_map_html(places)}</figure>'


def _domain_accuracy_in_words(places: PlacesMap) -> str:
    if places.domain_accuracy is None:
        return ""
    right = f"{100 * places.domain_accuracy:.0f} of 100"
    return f"By what the network sees, {right} photos can be told by place; guessing: 50."


def _map_html(places: PlacesMap) -> str:
    dots = _dots(places.source, "source-dot") + _dots(places.target, "target-dot")
    return f'<div class="dots" role="img" aria-label="Photos of both places, as the network sees them">{dots}</div>'


def _dots(positions: Sequence[tuple[float, float]], kind: str) -> str:
    # No SVG: Streamlit takes it out of HTML.
    return "".join(f'<i class="{kind}" style="left:{100 * x:.1f}%;top:{100 * y:.1f}%"></i>' for x, y in positions)
