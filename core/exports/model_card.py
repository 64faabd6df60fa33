"""The README of a take-home zip: what the model knows, what from, how well, and what to beware of. In plain words."""

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.backbones import BackboneCard, get_card
from core.datasets import Dataset, load_dataset
from core.errors import NotFound
from core.evaluation import Result, load_result
from core.home import Home
from core.plans import RECIPES, SIMPLE_HEADS, Phase, Plan, balance_in_words, fits_heads, is_simple, recipe_of
from core.runs import Run, run_folder
from core.tasks import KINDS, Task, WordTable, label_kind


def model_card(home: Home, run: Run, files: Mapping[str, str]) -> str:
    """The card of a run's best model, as Markdown; what users typed is escaped. Raises NotFound."""
    dataset = load_dataset(home, run.plan.source.id, run.plan.source.version)
    tasks = [dataset.task(name) for name in run.plan.tasks]
    backbone = get_card(run.plan.backbone.name)
    result = _result(run_folder(home, run.id))
    parts = [
        [f"# {escape_markdown(run.name)}", _what_it_is(tasks)],
        ["## Use it", _USE],
        ["## What it tells apart", *[_contents(task, dataset, several=len(tasks) > 1) for task in tasks]],
        ["## What it learned from", _photos(dataset)],
        ["## How it learned", _how(run.plan, backbone)],
        ["## How good it is", *_figures(result, run.test_opened)],
        ["## What to beware of", _limits(tasks)],
        ["## The files", _files(files)],
        ["## Licence and origin", _licence(run.plan, backbone)],
    ]
    return "\n\n".join(line for part in parts for line in part) + "\n"


def escape_markdown(text: str) -> str:
    """Text that Markdown, as GitHub extends it, shows letter by letter."""
    return re.sub(r"([\\`*_{}\[\]<>()#+\-.!|~&$@:/])", r"\\\1", " ".join(text.split()))


def _result(folder: Path) -> Result | None:
    try:
        return load_result(folder)
    except NotFound:
        return None  # taken home while it still learns: the best epoch so far is there, its results are not


def _what_it_is(tasks: list[Task]) -> str:
    kinds = [label_kind(task) for task in tasks]
    if len(tasks) == 1:
        questions = kinds[0].question(tasks[0])
    else:
        questions = ", and ".join(
            kind.question(task, escape_markdown(task.name)) for task, kind in zip(tasks, kinds, strict=True)
        )
    of_one_kind = len({task.kind for task in tasks}) == 1
    title, certainty = (kinds[0].model_title, kinds[0].certainty) if of_one_kind else ("An image model", "")
    return f"{title}: it looks at a photo and says {questions}{certainty}."


_USE = """```
pip install torch timm safetensors pillow numpy
python predict.py photo.jpg another.png
python predict.py --json photo.jpg
```"""


def _contents(task: Task, dataset: Dataset, several: bool) -> str:
    title = f"### {escape_markdown(task.name)}\n\n" if several else ""
    contents = label_kind(task).contents(task, dataset.labels(task)[dataset.indices("train")])
    return title + (contents if isinstance(contents, str) else _table(contents))


def _table(table: WordTable) -> str:
    """A table in Markdown: the first column to the left, the others, which are figures, to the right."""
    lines = [f"| {' | '.join(table.columns)} |", f"| --- |{' ---: |' * (len(table.columns) - 1)}"]
    return "\n".join([*lines, *(f"| {escape_markdown(row[0])} | {' | '.join(row[1:])} |" for row in table.rows)])


def _photos(dataset: Dataset) -> str:
    counts = {split: len(dataset.indices(split)) for split in ("train", "validation", "test")}
    origin = f" Origin: {escape_markdown(dataset.origin)}." if dataset.origin else ""
    return (
        f"The dataset “{escape_markdown(dataset.name)}”, version {dataset.version}: "
        f"{counts['train']:,} photos to learn from, {counts['validation']:,} to choose the best epoch by (validation), "
        f"{counts['test']:,} kept apart (test)."
        f"{origin}"
    )


def _how(plan: Plan, backbone: BackboneCard) -> str:
    recipe = next((f"By the recipe “{recipe.title}”. " for recipe in RECIPES if recipe.id == recipe_of(plan)), "")
    begins = {
        "pretrained": "with its pretrained weights",
        "random": "from random weights",
        "file": "with weights from a file of the user's own",
    }[plan.backbone.weights]
    steps = "\n".join(f"{number}. {_phase(plan, phase)}" for number, phase in enumerate(plan.phases, 1))
    changed = "unchanged" if plan.augmentation.off else "each a little changed every time (see `plan.json`)"
    return (
        f"{recipe}The network is {escape_markdown(backbone.title)} (`{plan.backbone.name}`), {begins}. "
        f"It saw photos of {plan.image_size} x {plan.image_size} pixels, {changed}, {plan.batch_size} at a time:\n\n"
        f"{steps}\n\n{_together(plan)}{_teacher(plan)}`plan.json` holds all that decided it; seed {plan.seed}."
    )


def _together(plan: Plan) -> str:
    """That several labels shared the network, with a line of its own behind it; nothing for one alone."""
    if len(plan.tasks) == 1:
        return ""
    names = ", ".join(escape_markdown(task) for task in plan.tasks)
    counted = escape_markdown(balance_in_words(plan))
    return (
        f"It learned several labels together, which share one network: {names}. How much each counted: {counted}.\n\n"
    )


def _teacher(plan: Plan) -> str:
    """Who taught beside the labels, with a line of its own behind it; nothing where nobody did."""
    if plan.teacher is None:
        return ""
    name = get_card(plan.teacher.backbone.name).title if plan.teacher.backbone else "a model that Graft trained before"
    return f"Beside the labels it learned from what a teacher says about the same photos: {escape_markdown(name)}.\n\n"


def _phase(plan: Plan, phase: Phase) -> str:
    learning = [rate for rate in phase.stage_rates if rate > 0]
    epochs = f"up to {phase.epochs} epochs" if phase.epochs > 1 else "1 epoch"
    name = escape_markdown(phase.name)
    if is_simple(plan.head.kind):
        title = SIMPLE_HEADS[plan.head.kind].title.lower()
        return f"{name}: {title}, computed from all training photos at once on what the network sees in them."
    if fits_heads(plan, phase):
        return f"{name}: {epochs} in which only the head learned, fitted to all training photos at once."
    if not learning:
        return f"{name}: {epochs} in which only the head learned, at a rate of {phase.head_rate:g}."
    rates = f"{min(learning):g}" if min(learning) == max(learning) else f"{min(learning):g} to {max(learning):g}"
    return (
        f"{name}: {epochs} in which {len(learning)} of the {len(phase.stage_rates)} stages learned, "
        f"at a rate of {rates}, and the head, at {phase.head_rate:g}."
    )


def _figures(result: Result | None, test_opened: int) -> list[str]:
    if result is None:
        return ["Not measured: it was taken home before its training ended."]
    lines = [f"The model of {result.kept_in_words} was kept. Behind each figure stands its 95 % margin."]
    for task in result.tasks:
        kind = KINDS[task.kind]
        shown = [of_split for split, of_split in task.splits.items() if split != "train"]
        rows = [f"| {_SPLIT[s.split]} | {s.images:,} | {s.figure.text if s.figure else 'unknown'} |" for s in shown]
        title = [f"### {escape_markdown(task.task)}"] if len(result.tasks) > 1 else []
        overview = "\n".join([f"| photos | how many | {kind.figure_title} |", "| --- | ---: | ---: |", *rows])
        final = task.test or task.validation
        summary = f"{escape_markdown(final.title)}. {escape_markdown(final.sentence)}"
        details = kind.result_table(final)
        lines += [*title, overview, summary, *([details.title, _table(details)] if details else [])]
    return [*lines, _about_the_test(test_opened)]


_SPLIT = {"validation": "validation (chose the epoch)", "test": "test (chose nothing)", "train": "training"}


def _about_the_test(opened: int) -> str:
    if not opened:
        return (
            "The test photos have not been looked at. Validation chose the epoch, so its figure flatters a little; "
            "open the test photos once, when nothing is to be chosen any more."
        )
    times = "once" if opened == 1 else f"{opened} times; each look makes it a little less of a test"
    return f"The test photos were opened {times}."


def _limits(tasks: list[Task]) -> str:
    of_kinds = dict.fromkeys(limit for task in tasks for limit in label_kind(task).limits)
    limits = [
        "It knows photos like those it learned from. Another camera, light, place or background can make it\n"
        "  much worse: try it on your own photos before you rely on it.",
        *of_kinds,
        "Do not let it decide alone where a mistake hurts somebody.",
    ]
    return "\n".join(f"- {limit}" for limit in limits)


def _files(files: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | {sentence} |" for name, sentence in files.items()]
    return "\n".join(["| file | what |", "| --- | --- |", *rows])


def _licence(plan: Plan, backbone: BackboneCard) -> str:
    packages = ", ".join(f"{name} {_version(name)}" for name in ("graft", "torch", "timm"))
    licence = f"licence: {escape_markdown(backbone.licence or 'unknown')}."
    origin = f" {escape_markdown(backbone.origin)}" if backbone.origin else ""
    weights = {
        "pretrained": f"It began from the weights of `{backbone.name}`, {licence}{origin}",
        "random": "It began from random weights, so no others' licence reaches it.",
        "file": "It began from weights of the user's own, whose licence is theirs to know.",
    }[plan.backbone.weights]
    return f"{weights} The photos keep the rights that they had.\n\nMade with {packages}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "(not installed)"
