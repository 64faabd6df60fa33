"""The whole loss: a plan's objectives, weighted and summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.objectives.batch_output import BatchOutput
from core.objectives.objective import Objective, ObjectiveContext, Report, Term

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class WeightedTerm:
    """A term of the loss as a plan weights it."""

    kind: str
    weight: float
    term: Term
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True)
class Loss:
    """The sum of weighted terms."""

    terms: tuple[WeightedTerm, ...]

    def __call__(self, output: BatchOutput) -> Tensor:
        """Loss (scalar) of one batch."""
        return self.by_term(output).sum()

    def by_term(self, output: BatchOutput) -> Tensor:
        """The weighted terms [terms], which add up to the loss."""
        import torch

        return torch.stack([each.weight * each.term(output) for each in self.terms])

    def reports(self, output: BatchOutput, terms: Tensor, share: float) -> list[Tensor]:
        """Scalars beside the loss, in the order of `objective_curves`; [] where there is nothing to say beside it.

        terms: the weighted terms, in their share of the batch's loss. share: of the batch's photos, where these are a
        micro-batch of it.
        """
        scalars = list(terms.detach().unbind()) if len(self.terms) > 1 else []
        if any(each.reports for each in self.terms):
            import torch

            with torch.no_grad():
                scalars += [share * report.measure(output) for each in self.terms for report in each.reports]
        return scalars


def make_loss(objectives: Sequence[Objective], context: ObjectiveContext) -> Loss:
    """The loss of a plan's objectives."""
    tasks = tuple(context.class_counts)
    return Loss(tuple(WeightedTerm(o.kind, o.weight, o.make_term(context), o.reports_of(tasks)) for o in objectives))


def term_titles(objectives: Sequence[Objective]) -> dict[str, str]:
    """Titles by curve, `objective/<kind>`, of how much of the loss each objective is; {} where one is all of it."""
    return {f"objective/{each.kind}": each.title for each in objectives} if len(objectives) > 1 else {}


@dataclass(frozen=True)
class ReportPanel:
    """Reports that are drawn together. titles: by curve, `objective/<kind>/<name>`."""

    title: str
    help: str
    titles: dict[str, str]


def report_panels(objectives: Sequence[Objective], tasks: Sequence[str]) -> list[ReportPanel]:
    """In the order in which objectives report."""
    panels: dict[str, ReportPanel] = {}
    for each in objectives:
        for report in each.reports_of(tasks):
            curve = f"objective/{each.kind}/{report.name}"
            panel = ReportPanel(report.panel or report.title, report.help, {})
            panels.setdefault(report.panel or curve, panel).titles[curve] = report.title
    return list(panels.values())


def objective_curves(objectives: Sequence[Objective], tasks: Sequence[str]) -> tuple[str, ...]:
    """The curves to which each step adds what `Loss.reports` gives."""
    of_reports = (f"objective/{o.kind}/{report.name}" for o in objectives for report in o.reports_of(tasks))
    return (*term_titles(objectives), *of_reports)


def make_auxiliary(objectives: Sequence[Objective], context: ObjectiveContext) -> dict[str, nn.Module]:
    """By kind, the modules that these objectives learn beside the model."""
    made = {each.kind: each.make_auxiliary(context) for each in objectives}
    return {kind: module for kind, module in made.items() if module is not None}
