"""What the live view draws: curves thinned to what a screen shows, and the panels that say what each of them is."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.evaluation import NUCLEAR_NORM, TARGET_ACCURACY, metrics_of
from core.monitoring.curve import Curve
from core.monitoring.view import RunView
from core.objectives import objective_curves, report_panels, term_titles
from core.plans import Plan
from core.tasks import Metric, MetricLine

RATE_POINTS = 200
NORMAL_95 = 1.959964  # a band of so many standard errors to either side holds 95 %
TARGET_LINES = {  # by curve, its label and its help
    NUCLEAR_NORM: (
        "clearness",
        "How clear each answer is and how different the answers are, 0 to 1: without labels, the best hint of whether "
        "adaptation helps (in the field: nuclear norm of the predictions)",
    ),
    TARGET_ACCURACY: ("photos right", "The share of the labelled photos of the other place that are right"),
}
_EMPTY = Curve()


def thinned_curves(view: RunView, task: str, start: int | None, stop: int | None) -> dict[str, dict[str, list]]:
    """By name, of one task, between two steps: the columns step and mean, and low and high where there is a band."""
    best = (view.progress.best.step,) if view.progress.best else ()

    def thinned(name: str, exact: Sequence[int] = best) -> dict[str, list]:
        return view.curves.get(name, _EMPTY).thinned(start, stop, exact=exact)

    def column(metric: Metric, line: MetricLine) -> dict[str, list]:
        if line.role == "step":
            # Of several tasks each has its own; runs of before they had one have that of all together.
            own = f"{task}/{line.curve}"
            return thinned(own if own in view.curves else line.curve, ())
        of_task = f"{task}/{line.curve}"
        with_band = metric.margin == "standard error"
        return _with_band(thinned(of_task), thinned(f"{of_task}_error")) if with_band else thinned(of_task)

    of_metrics = {
        line.curve: column(metric, line) for metric in metrics_of(view.kind_of(task)) for line in metric.lines
    }
    of_objectives = {curve: thinned(curve, ()) for curve in objective_curves(view.plan.objectives, view.plan.tasks)}
    return {**of_metrics, **_target_curves(view, task, start, stop), **of_objectives, **_rates(view, start, stop)}


def panels(view: RunView, task: str, curves: dict[str, dict[str, list]]) -> list[dict[str, Any]]:
    """Id, title, help, unit, scale and lines of each panel of one task, in the order of the screen.

    A line names its curve, its label, its help and its role (how it is drawn). curves: from `thinned_curves`.
    """
    of_metrics = [
        {
            "id": metric.name,
            "title": metric.title,
            "help": metric.help,
            "unit": metric.unit,
            "scale": "linear",
            "lines": [
                {"curve": line.curve, "label": line.label, "help": line.help, "role": line.role}
                for line in metric.lines
            ],
        }
        for metric in metrics_of(view.kind_of(task))
    ]
    rates = {
        "id": "rates",
        "title": "Learning rate of each stage",
        "help": "How big a step each part takes; a frozen part has no line.",
        "unit": "",
        "scale": "log",
        "lines": _rate_lines(view.stages, curves),
    }
    return [*of_metrics, *_target_panels(view, curves), *_objective_panels(view.plan), rates]


def _target_curves(view: RunView, task: str, start: int | None, stop: int | None) -> dict[str, dict[str, list]]:
    """What is known of the target at the end of each epoch; its true accuracy only where it has labels."""
    names = {curve: f"{task}/{curve}" for curve in TARGET_LINES if view.plan.target}
    return {curve: view.curves[name].thinned(start, stop) for curve, name in names.items() if name in view.curves}


def _target_panels(view: RunView, curves: Mapping[str, object]) -> list[dict[str, Any]]:
    """None without a target."""
    if not view.plan.target:
        return []
    lines = [
        {"curve": curve, "label": label, "help": help, "role": "term"}
        for curve, (label, help) in TARGET_LINES.items()
        if curve in curves
    ]
    title, help = "In the other place", "At the end of each epoch, on the photos that the model is adapted to."
    return [{"id": "target", "title": title, "help": help, "unit": "share", "scale": "linear", "lines": lines}]


def _objective_panels(plan: Plan) -> list[dict[str, Any]]:
    """One of how much of the loss each of several objectives is, and those of the scalars that they report."""

    def panel(number: int, title: str, help: str, titles: Mapping[str, str]) -> dict[str, Any]:
        lines = [
            # The name of a line by itself is above it already.
            {
                "curve": curve,
                "label": label if len(titles) > 1 else "now",
                "help": f"{label}, at each step",
                "role": "term",
            }
            for curve, label in titles.items()
        ]
        return {"id": f"objective{number}", "title": title, "help": help, "unit": "", "scale": "linear", "lines": lines}

    terms = term_titles(plan.objectives)
    of_terms = [panel(0, "What the loss is made of", "How much of it each objective is.", terms)] if terms else []
    of_reports = [
        panel(number, each.title, each.help, each.titles)
        for number, each in enumerate(report_panels(plan.objectives, plan.tasks), start=1)
    ]
    return [*of_terms, *of_reports]


def _with_band(mean: dict[str, list], error: dict[str, list]) -> dict[str, list]:
    """A curve with its 95 % band instead of its extremes."""
    errors = dict(zip(error["step"], error["mean"], strict=True))  # one of them may be a point behind just now

    def edge(side: int) -> list[float | None]:
        band = [errors.get(step) for step in mean["step"]]
        return [
            None if value is None or e is None else value + side * NORMAL_95 * e
            for value, e in zip(mean["mean"], band, strict=True)
        ]

    return {"step": mean["step"], "mean": mean["mean"], "low": edge(-1), "high": edge(1)}


def _rates(view: RunView, start: int | None, stop: int | None) -> dict[str, dict[str, list]]:
    """From stem to head. A rate is stored when it moves: its line goes on to where the run is, or to `stop`."""
    rates = {}
    end = view.progress.step if stop is None else min(stop, view.progress.step)
    for stage in view.stages:
        curve = view.curves.get(f"rate/{stage}", _EMPTY)
        if not curve.last:
            continue
        line = curve.thinned(start, stop, points=RATE_POINTS)
        steps, means = line["step"], line["mean"]
        if steps and steps[-1] < end:
            steps.append(end)
            means.append(means[-1])
        rates[f"rate/{stage}"] = {"step": steps, "mean": means}
    return rates


def _rate_lines(stages: Sequence[str], curves: dict[str, dict[str, list]]) -> list[dict[str, str]]:
    """Neighbouring stages that move together are one line, "stem to stage 3"; the head, which is last, has its own."""
    groups: list[list[str]] = []
    for stage in stages:
        if f"rate/{stage}" not in curves:
            continue
        mean = curves[f"rate/{stage}"]["mean"]
        if groups and stage != stages[-1] and curves[f"rate/{groups[-1][0]}"]["mean"] == mean:
            groups[-1].append(stage)
        else:
            groups.append([stage])
    return [
        {
            "curve": f"rate/{group[0]}",
            "label": group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}",
            "help": f"learning rate of {', '.join(group)}",
            "role": "rate",
        }
        for group in groups
        if any(rate and rate > 0 for rate in curves[f"rate/{group[0]}"]["mean"])
    ]
