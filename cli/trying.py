"""`graft find-rate` and `graft which-part`: what can be tried out before a plan is trained."""

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import HomeOption, JsonOption, print_json, print_line, print_table, progress_bar
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
    from core.evaluation import PartTried, RateCurve

TakeOption = Annotated[
    bool, typer.Option("--take", help="Print the plan with what was found, as a file for `graft train --plan`.")
]


def register(app: typer.Typer) -> None:
    for command in (find_rate, which_part):
        app.command()(command)


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


def which_part(
    dataset: DatasetOption = None,
    backbone: BackboneOption = None,
    plan: PlanOption = None,
    target: TargetOption = None,
    set: SetOption = None,
    take: TakeOption = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Free each stage alone for a short while, and say which one validation photos like best. Ctrl-C ends it with what
    was tried by then.
    """
    where = open_home(home)
    recipe = RecipeChoice.head_first  # for its changes to photos: what learns is tried
    chosen = chosen_plan(where, dataset, backbone, recipe, plan, target, set or [], quiet=json or take)

    from core.evaluation import best_part, parts_in_words  # loads torch, after a faulty plan has been refused
    from core.execution import try_parts
    from core.plans import checked, take_part

    found: list[PartTried] = []
    with progress_bar(json) as progress, suppress(KeyboardInterrupt):
        found.extend(try_parts(where, chosen, progress))
    best = best_part(found)
    taken = checked(take_part(chosen, best.stage)) if best and best.stage is not None else chosen
    if json:
        facts = [{**asdict(each), "accuracy": each.accuracy and each.accuracy.model_dump()} for each in found]
        print_json({"parts": facts, "best": best.name if best else None, "plan": taken.model_dump(mode="json")})
    elif take:
        print_line(taken.model_dump_json(indent=1))
    else:
        rows = [(each.name, f"{each.loss:.3f}", each.accuracy.text if each.accuracy else "") for each in found]
        print_table(["learns", "validation loss", "right"], rows)
        print_line(parts_in_words(found))


def _facts_of(curve: "RateCurve") -> dict[str, object]:
    return {**asdict(curve), "smoothed": curve.smoothed, "suggestion": curve.suggestion}
