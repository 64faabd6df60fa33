"""`graft find-rate`: what can be tried out before a plan is trained."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import HomeOption, JsonOption, print_json, print_line, progress_bar
from cli.training import (
    BackboneOption,
    DatasetOption,
    PlanOption,
    RecipeChoice,
    RecipeOption,
    SetOption,
    TargetOption,
    chosen_plan,
)
from core.home import open_home

if TYPE_CHECKING:
    from core.evaluation import RateCurve

TakeOption = Annotated[
    bool, typer.Option("--take", help="Print the plan with what was found, as a file for `graft train --plan`.")
]


def register(app: typer.Typer) -> None:
    app.command()(find_rate)


def find_rate(
    dataset: DatasetOption = None,
    backbone: BackboneOption = None,
    recipe: RecipeOption = RecipeChoice.feature_extraction,
    plan: PlanOption = None,
    target: TargetOption = None,
    set: SetOption = None,
    take: TakeOption = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Find learning rates for a plan, by steps at rates that rise; nothing of it is kept."""
    where = open_home(home)
    chosen = chosen_plan(where, dataset, backbone, recipe, plan, target, set or [], quiet=json or take)

    from core.execution import find_rates  # loads torch, after a faulty plan has been refused
    from core.plans import checked, take_rate

    with progress_bar(json) as progress:
        found = find_rates(where, chosen, progress)
    taken = chosen
    for curve in found:
        if curve.suggestion:
            taken = checked(take_rate(taken, "head" if curve.group == "head" else "stages", curve.suggestion))
    if json:
        print_json({"groups": [_facts_of(curve) for curve in found], "plan": taken.model_dump(mode="json")})
    elif take:
        print_line(taken.model_dump_json(indent=1))
    else:
        print_line("\n".join(curve.sentence for curve in found))


def _facts_of(curve: "RateCurve") -> dict[str, object]:
    return {**asdict(curve), "smoothed": curve.smoothed, "suggestion": curve.suggestion}
