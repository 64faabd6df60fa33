"""`graft compare`: a run beside each of its labels learned alone, or beside the same from random weights."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import HomeOption, JsonOption, print_error, print_json, print_line, print_table
from core.errors import Refused
from core.home import Home, open_home
from core.runs import HAS_RESULTS, Run, get_run

if TYPE_CHECKING:
    from core.monitoring import ClockedEpoch, ScratchRace, TaskGain


class Against(StrEnum):
    alone = "alone"
    scratch = "scratch"


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    run: Annotated[str, typer.Argument(help="A finished run: its name, or the beginning of its id.")],
    against: Annotated[
        Against,
        typer.Argument(
            help="alone: each of its labels learned alone with the same plan. scratch: the same from random weights."
        ),
    ],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Say what learning labels together, or transfer, was worth. Runs that are missing for it are trained first."""
    where = open_home(home)
    found = get_run(where, run)
    if found.state not in HAS_RESULTS:
        raise Refused(f'"{found.name}" has no results to compare yet.', "Wait until it has finished.")
    if against is Against.alone:
        _compare_alone(where, found, json)
    else:
        _compare_scratch(where, found, json)


def _compare_alone(home: Home, run: Run, json: bool) -> None:
    from core.execution import submit_alone
    from core.monitoring import gains_in_words, read_gains

    if len(run.plan.tasks) == 1:
        raise Refused(f'"{run.name}" learned one label alone.', "Compare a run that learned several together.")
    _train(home, submit_alone(home, run), json)
    gains = read_gains(home, run)
    sentence = gains_in_words(run.plan, gains)
    if json:
        print_json({"run": run.id, "tasks": {gain.task: _gain_facts(gain) for gain in gains}, "sentence": sentence})
        return
    rows = [(gain.task, *gain.figures, gain.comparison.difference_text if gain.comparison else "") for gain in gains]
    print_table(["label", "together", "alone", "difference"], rows)
    print_line(sentence)


def _gain_facts(gain: "TaskGain") -> dict[str, Any]:
    together, alone = gain.figures
    better = gain.comparison.surely_better if gain.comparison else 0
    return {
        "alone_run": gain.alone.id if gain.alone else None,
        "together": together,
        "alone": alone,
        "difference": gain.comparison.difference_text if gain.comparison else None,
        "surely_better": {1: "together", -1: "alone", 0: None}[better],
    }


def _compare_scratch(home: Home, run: Run, json: bool) -> None:
    from core.execution import submit_from_scratch
    from core.monitoring import race_in_words, read_race
    from core.plans import FAIRNESS

    scratch = submit_from_scratch(home, run)
    if not json:
        print_error(f"From scratch means {FAIRNESS}")
    _train(home, [scratch], json)
    races = {task: read_race(home, run, scratch, task) for task in run.plan.tasks}
    known = {task: race for task, race in races.items() if race}
    if json:
        tasks = {task: _race_facts(race) for task, race in known.items()}
        print_json({"run": run.id, "scratch_run": scratch.id, "tasks": tasks})
        return
    for task, race in known.items():
        print_line(f"{task}: {race_in_words(race)}" if len(known) > 1 else race_in_words(race))


def _race_facts(race: "ScratchRace") -> dict[str, Any]:
    from core.monitoring import race_in_words

    def facts(epoch: "ClockedEpoch | None") -> dict[str, float] | None:
        if epoch is None:
            return None
        return {"seconds": round(epoch.seconds, 2), "validation": round(epoch.scores.validation_accuracy, 6)}

    return {
        "seconds": round(race.spent, 2),
        "transfer": facts(race.best_transfer),
        "scratch_at_same_time": facts(race.at_same_time),
        "transfer_as_good_after": facts(race.transfer_as_good),
        "scratch_as_good_after": facts(race.as_good),
        "sentence": race_in_words(race),
    }


def _train(home: Home, runs: list[Run], quiet: bool) -> None:
    """Follow each to its end. Raises Refused where one has no results then."""
    from cli.follow import follow_to_end

    for run in runs:
        ended = follow_to_end(home, run, quiet)
        if ended.state not in HAS_RESULTS:
            raise Refused(f'"{ended.name}" has no results: {ended.error or ended.state}.', "Go on with `graft resume`.")
