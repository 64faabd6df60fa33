"""The README of a take-home zip: what the model knows, what from, how well, and what to beware of. In plain words."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.backbones import BackboneCard, get_card
from core.datasets import Dataset, Task, load_dataset
from core.errors import NotFound
from core.evaluation import Result, load_result
from core.home import Home
from core.plans import RECIPES, Phase, Plan, recipe_of
from core.runs import Run, run_folder
from core.tasks import Interval, SplitResult

LISTED = 50  # classes, beyond which the card names only how many there are; labels.json has them all


def model_card(home: Home, run: Run) -> str:
    """The card of a run's best model, as Markdown; what users typed is escaped. Raises NotFound."""
    dataset = load_dataset(home, run.plan.source.id, run.plan.source.version)
    tasks = [dataset.task(name) for name in run.plan.tasks]
    backbone = get_card(run.plan.backbone.name)
    result = _result(run_folder(home, run.id))
    parts = [
        [f"# {escaped(run.name)}", _what_it_is(tasks)],
        ["## Use it", _USE],
        ["## What it tells apart", *[_classes(task, dataset, several=len(tasks) > 1) for task in tasks]],
        ["## What it learned from", _photos(dataset)],
        ["## How it learned", _how(run.plan, backbone)],
        ["## How good it is", *_figures(result, run.test_opened)],
        ["## What to beware of", _LIMITS],
        ["## The files", _FILES],
        ["## Licence and origin", _licence(run.plan, backbone)],
    ]
    return "\n\n".join(line for part in parts for line in part) + "\n"


def escaped(text: str) -> str:
    """A name as Markdown shows it, whatever it contains."""
    return re.sub(r"([\\`*_{}\[\]<>()#+\-.!|~&$@:/])", r"\\\1", " ".join(text.split()))


def _result(folder: Path) -> Result | None:
    try:
        return load_result(folder)
    except NotFound:
        return None  # taken home while it still learns: the best epoch so far is there, its results are not


def _what_it_is(tasks: list[Task]) -> str:
    if len(tasks) == 1:
        asked = f"which of {len(tasks[0].classes)} classes it shows"
    else:
        asked = "and ".join(f"which {escaped(task.name)} it shows ({len(task.classes)} classes), " for task in tasks)
    return f"An image classifier: it looks at a photo and says {asked.rstrip(', ')}, with a probability for each."


_USE = """```
pip install torch timm safetensors pillow numpy
python predict.py photo.jpg another.png
python predict.py --json photo.jpg
```"""


def _classes(task: Task, dataset: Dataset, several: bool) -> str:
    counts = dataset.counts(task, "train")
    title = f"### {escaped(task.name)}\n\n" if several else ""
    if len(task.classes) > LISTED:
        return f"{title}{len(task.classes)} classes; `labels.json` lists them."
    rows = [f"| {escaped(name)} | {counts[name]:,} |" for name in task.classes]
    return title + "\n".join(["| class | photos it learned from |", "| --- | ---: |", *rows])


def _photos(dataset: Dataset) -> str:
    counts = {split: len(dataset.indices(split)) for split in ("train", "validation", "test")}
    origin = f" Origin: {escaped(dataset.origin)}." if dataset.origin else ""
    return (
        f"The dataset “{escaped(dataset.name)}”, version {dataset.version}: {counts['train']:,} photos to learn from, "
        f"{counts['validation']:,} to choose the best epoch by (validation), {counts['test']:,} kept apart (test)."
        f"{origin}"
    )


def _how(plan: Plan, backbone: BackboneCard) -> str:
    recipe = next((f"By the recipe “{recipe.title}”. " for recipe in RECIPES if recipe.id == recipe_of(plan)), "")
    begins = {
        "pretrained": "with its pretrained weights",
        "random": "from random weights",
        "file": "with weights from a file of the user's own",
    }[plan.backbone.weights]
    steps = "\n".join(f"{number}. {_phase(phase)}" for number, phase in enumerate(plan.phases, 1))
    changed = "unchanged" if plan.augmentation.off else "each a little changed every time (see `plan.json`)"
    return (
        f"{recipe}The network is {escaped(backbone.title)} (`{plan.backbone.name}`), {begins}. "
        f"It saw photos of {plan.image_size} x {plan.image_size} pixels, {changed}, {plan.batch_size} at a time:\n\n"
        f"{steps}\n\n{_teacher(plan)}`plan.json` holds all that decided it; seed {plan.seed}."
    )


def _teacher(plan: Plan) -> str:
    """Who taught beside the labels, with a line of its own behind it; nothing where nobody did."""
    if plan.teacher is None:
        return ""
    name = get_card(plan.teacher.backbone.name).title if plan.teacher.backbone else "a model that Graft trained before"
    return f"Beside the labels it learned from what a teacher says about the same photos: {escaped(name)}.\n\n"


def _phase(phase: Phase) -> str:
    learning = [rate for rate in phase.stage_rates if rate > 0]
    epochs = f"up to {phase.epochs} epochs" if phase.epochs > 1 else "1 epoch"
    if not learning:
        return f"{escaped(phase.name)}: {epochs} in which only the head learned, at a rate of {phase.head_rate:g}."
    rates = f"{min(learning):g}" if min(learning) == max(learning) else f"{min(learning):g} to {max(learning):g}"
    return (
        f"{escaped(phase.name)}: {epochs} in which {len(learning)} of the {len(phase.stage_rates)} stages learned, "
        f"at a rate of {rates}, and the head, at {phase.head_rate:g}."
    )


def _figures(result: Result | None, test_opened: int) -> list[str]:
    if result is None:
        return ["Not measured: it was taken home before its training ended."]
    lines = [f"The model of epoch {result.epoch} was kept. Behind each figure stands its 95 % margin."]
    for task in result.tasks:
        shown = [of_split for split, of_split in task.splits.items() if split != "train"]
        rows = [f"| {_SPLIT[s.split]} | {s.images:,} | {_text(s.accuracy)} |" for s in shown]
        title = [f"### {escaped(task.task)}"] if len(result.tasks) > 1 else []
        table = "\n".join(["| photos | how many | right |", "| --- | ---: | ---: |", *rows])
        judged = task.test or task.validation
        summary = f"{escaped(judged.title)}. {escaped(judged.sentence)}"
        lines += [*title, table, summary, *_per_class(judged)]
    return [*lines, _about_the_test(test_opened)]


_SPLIT = {"validation": "validation (chose the epoch)", "test": "test (chose nothing)", "train": "training"}


def _per_class(result: SplitResult) -> list[str]:
    if len(result.classes) > LISTED:
        return []
    rows = [f"| {escaped(c.name)} | {c.images:,} | {_text(c.recall)} | {_text(c.precision)} |" for c in result.classes]
    head = ["| class | photos | of its photos, found | of its answers, right |", "| --- | ---: | ---: | ---: |"]
    return [f"By class, on the {result.split} photos:", "\n".join([*head, *rows])]


def _text(interval: Interval | None) -> str:
    return "unknown" if interval is None else interval.text


def _about_the_test(opened: int) -> str:
    if not opened:
        return (
            "The test photos have not been looked at. Validation chose the epoch, so its figure flatters a little; "
            "open the test photos once, when nothing is to be chosen any more."
        )
    times = "once" if opened == 1 else f"{opened} times; each look makes it a little less of a test"
    return f"The test photos were opened {times}."


_LIMITS = """- It knows photos like those it learned from. Another camera, light, place or background can make it
  much worse: try it on your own photos before you rely on it.
- It always answers with one of its classes, also for a photo of something else entirely.
- A probability says how sure it is, which is not how often it is right.
- Do not let it decide alone where a mistake hurts somebody."""

_FILES = """| file | what |
| --- | --- |
| `model.safetensors` | all weights: the backbone by timm's names, then `heads.0.weight`, `heads.0.bias`, ... |
| `model.json` | what `timm.create_model` has to be told; it gives the features that each linear head reads |
| `labels.json` | for each head its task and classes, in order |
| `preprocessing.json` | how a photo becomes numbers, step by step |
| `plan.json` | how it was trained, for Graft |
| `predict.py` | all of the above, put together: short, and free to copy from |"""


def _licence(plan: Plan, backbone: BackboneCard) -> str:
    packages = ", ".join(f"{name} {_version(name)}" for name in ("graft", "torch", "timm"))
    licence = f"licence: {escaped(backbone.licence or 'unknown')}."
    origin = f" {escaped(backbone.origin)}" if backbone.origin else ""
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
