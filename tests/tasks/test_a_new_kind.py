"""A kind of label that no room knows: numbers, such as an age, learned by their absolute error.

It is registered here alone, and goes from the words of an import to a trained model's predictions and its figures.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest

import dashboard
from core.backbones import describe_stages, get_card
from core.datasets import Dataset, SplitPlan, check, import_dataset, load_dataset, relabel, split_again
from core.datasets.editing import set_kind
from core.errors import BadDataset, BadInput, Check
from core.evaluation import compare, load_result, read_predictions
from core.execution import final_evaluation
from core.execution.run_loop import execute_run
from core.execution.submit import submit
from core.exports import PhotoPrediction, export_zip, load_predictor, predictions_csv
from core.exports.model_card import model_card
from core.home import Home
from core.monitoring import live
from core.objectives import OBJECTIVES, Objective, ObjectiveContext, Term
from core.plans import BackboneChoice, check_plan, make_plan
from core.runs import Run, get_run, run_folder
from core.tasks import KINDS, NO_STRATUM, Metric, ScoreLevels, SplitResult, Task, WordTable, lines_by_split
from dashboard.use.viewers import viewer_of


class MeanError:
    """The mean absolute error with about twice its standard error to either side."""

    def __init__(self, errors: np.ndarray) -> None:
        self.value, half = float(errors.mean()), 2 * float(errors.std()) / len(errors) ** 0.5
        self.low, self.high, self.amount = self.value - half, self.value + half, f"{self.value:.1f}"
        self.plus_minus = f"± {half:.1f}"
        self.text = f"{self.amount} {self.plus_minus}"


class NumberResult(SplitResult):
    errors: tuple[float, ...]

    @property
    def figure(self) -> MeanError | None:
        return MeanError(np.array(self.errors)) if self.errors else None


@dataclass(frozen=True)
class PairedError:
    images: int
    difference: float
    surely_better: int = 0

    @property
    def difference_text(self) -> str:
        return f"{self.difference:+.1f} years"

    def in_words(self, first: str, second: str) -> str:
        return f"On {self.images} photos {first} is off by {self.difference:+.1f} more than {second}."


class Number:
    """Stored as float32, nan where there is none."""

    name = "number"
    result: type[SplitResult] = NumberResult
    prediction_columns: tuple[str, ...] = ("label", "predicted", "loss")
    metric = Metric(
        "closeness",
        "Closeness",
        "How near it is.",
        "higher",
        "share",
        "",
        lines_by_split("closeness", "It", "accuracy"),
    )
    figure_title = "off by"
    model_title = "An image model"
    certainty = ""
    limits = ("It knows no number beyond those it has seen.",)

    def refuse_words(self, name: str, words: set[str | None]) -> None: ...

    def encode(self, name: str, words: "pd.Series[Any]") -> tuple[Task, np.ndarray]:
        try:
            return Task(name, (), self.name), words.astype("float32").to_numpy()
        except ValueError as error:
            raise BadDataset(f'"{name}" has labels that are no numbers: {error}.', "Choose another column.") from error

    def in_words(self, task: Task, labels: np.ndarray) -> list[str | None]:
        return [None if np.isnan(value) else f"{value:g}" for value in labels]

    def labels(self, column: "pd.Series[Any]") -> np.ndarray:
        return column.to_numpy(dtype=np.float32)

    def is_labelled(self, labels: Any) -> Any:
        return labels == labels

    def counts(self, task: Task, labels: np.ndarray) -> dict[str, int]:
        return {}

    def strata(self, task: Task, labels: np.ndarray) -> np.ndarray:
        thirds = np.digitize(labels, np.nanquantile(labels, [1 / 3, 2 / 3]))
        return np.where(np.isnan(labels), NO_STRATUM, thirds)

    def checks(self, task: Task, table: pd.DataFrame) -> Iterator[Check]:
        yield Check("ok", f"Numbers from {table[task.column].min():g} to {table[task.column].max():g}")

    def advice(self, task: Task, training: np.ndarray) -> Iterator[Check]:
        yield from ()

    def head_width(self, task: Task) -> int:
        return 1

    def losses(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return (logits[:, 0] - labels).abs()

    def scores(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return -(logits[:, 0] - labels).abs().nan_to_num(0.0)

    def score_levels(self, head_width: int) -> ScoreLevels:
        return ScoreLevels()

    def score_in_words(self, score: float) -> str:
        return f"{-score:.1f}"

    def training_fit_in_words(self, score: float) -> str:
        return f"on the photos it learned from it is off by {-score:.1f}"

    def predictions(self, task: Task, labels: np.ndarray, logits: np.ndarray) -> dict[str, Any]:
        return {"label": labels, "predicted": logits[:, 0], "loss": np.abs(logits[:, 0] - labels)}

    def evaluate(self, task: Task, split: Any, rows: pd.DataFrame) -> NumberResult:
        errors = tuple(rows["loss"].astype(float))
        loss = float(np.mean(errors)) if errors else None
        return NumberResult(split=split, images=len(rows), loss=loss, title="Near", sentence="Not far.", errors=errors)

    def compare(self, first: pd.DataFrame, second: pd.DataFrame) -> PairedError:
        one, other = (rows.set_index("image_id")["loss"] for rows in (first, second))
        return PairedError(len(one), float((one - other).mean()))

    def decode(self, task: Task, logits: torch.Tensor) -> list[dict[str, Any]]:
        return [{"number": value} for value in logits[:, 0].tolist()]

    def prediction_in_words(self, prediction: dict[str, Any]) -> tuple[str, str]:
        return f"{prediction['number']:.1f}", ""

    def csv_columns(self, task: Task) -> tuple[str, ...]:
        return ("number",)

    def csv_cells(self, task: Task, prediction: dict[str, Any]) -> tuple[str, ...]:
        return (f"{prediction['number']:.3f}",)

    def question(self, task: Task, named: str = "") -> str:
        return f"which {named or task.name} it shows"

    def contents(self, task: Task, training: np.ndarray) -> WordTable | str:
        return f"{len(training)} photos with a number."

    def result_table(self, result: SplitResult) -> WordTable | None:
        return None


class AbsoluteError(Objective):
    title: ClassVar[str] = "Absolute error"
    needs: ClassVar[frozenset] = frozenset({"labels"})
    kind: Literal["absolute_error"] = "absolute_error"

    def make_term(self, context: ObjectiveContext) -> Term:
        def term(output):
            errors = [(logits[:, 0].float() - output.labels[task]).abs() for task, logits in output.logits.items()]
            return torch.stack([each.nanmean() for each in errors]).sum()

        return term


@pytest.fixture
def number(monkeypatch: pytest.MonkeyPatch) -> Number:
    kind = Number()
    monkeypatch.setitem(KINDS, "number", kind)
    monkeypatch.setitem(OBJECTIVES, "absolute_error", AbsoluteError)
    return kind


@pytest.fixture
def ages(home: Home, number: Number, draw_photos: Callable[..., Path], tmp_path: Path) -> Dataset:
    """24 photos in folders named 1.5, 2 and 30, read as numbers; one has no label."""
    folder = draw_photos(tmp_path / "photos", {"1.5": 8, "2": 8, "30": 8})
    dataset = import_dataset(home, "ages", folder, split=SplitPlan(0.5, 0.25, 0.25))
    dataset = relabel(home, dataset, [dataset.table["image_id"].iat[0]], dataset.task().name, "")
    return set_kind(home, dataset, dataset.task().name, "number")


@pytest.fixture
def trained(home: Home, ages: Dataset) -> Run:
    torch.set_num_threads(1)
    card = get_card("graft-resnet10t")
    stages = describe_stages(card)
    plan = make_plan(ages, card, stages, "feature-extraction")
    changes = {
        "phases": (plan.phases[0].model_copy(update={"epochs": 2}),),
        "objectives": (AbsoluteError(),),
        "backbone": BackboneChoice(name=card.name, weights="random"),
        "image_size": 32,
        "device": "cpu",
        "precision": "fp32",
    }
    plan = plan.model_copy(update=changes)
    assert not [each for each in check_plan(plan, ages, card, stages) if each.level == "stop"]
    return execute_run(home, submit(home, plan).id)


def test_words_become_numbers_and_stay_so_in_every_version(home: Home, ages: Dataset):
    task = ages.task()
    assert (task.kind, task.classes) == ("number", ())
    assert ages.labels(task).dtype == np.float32
    assert set(ages.labels(task)[ages.is_labelled(task)].tolist()) == {1.5, 2.0, 30.0}
    assert ages.is_labelled(task).sum() == 23
    again = split_again(home, ages, SplitPlan(0.4, 0.3, 0.3))
    assert load_dataset(home, ages.id).task() == again.task() == task
    for split in ("train", "validation", "test"):
        assert {1.5, 30.0} <= set(again.labels(task)[again.indices(split)].tolist()), "each third in each split"
    assert "Numbers from 1.5 to 30" in [each.sentence for each in check(ages)]


def test_words_that_are_no_numbers_are_refused_in_words(home: Home, ages: Dataset):
    with pytest.raises(BadDataset, match="no numbers"):
        relabel(home, ages, [ages.table["image_id"].iat[1]], ages.task().name, "old")


def test_a_kind_that_is_not_registered_is_refused_in_words(home: Home, ages: Dataset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(KINDS, "number")
    with pytest.raises(BadDataset, match='of the kind "number"'):
        ages.labels(ages.task())


def test_numbers_are_trained_scored_and_worded_without_a_change_elsewhere(home: Home, ages: Dataset, trained: Run):
    assert trained.state == "finished", trained.error
    name = ages.task().name
    reported = live.curves(home, trained.id)
    assert [panel["id"] for panel in reported["panels"]][:2] == ["loss", "closeness"]
    assert len(reported["curves"]["closeness/validation"]["mean"]) == 2
    best = get_run(home, trained.id).progress.best
    losses = [scores.validation_loss for scores in live.read_history(home, trained.id)]
    assert min(losses) == pytest.approx(losses[best.epoch - 1])
    assert live.read_verdict(home, trained.id).kind == "too early"  # 6 validation photos

    result = load_result(run_folder(home, trained.id)).task(name)
    assert isinstance(result.validation, NumberResult)
    assert result.validation.loss == pytest.approx(losses[best.epoch - 1], rel=1e-3)
    tested = final_evaluation.open_test(home, trained.id).task(name).test
    assert tested is not None
    assert tested.images == len(ages.labelled_rows([ages.task()], "test"))
    table = read_predictions(run_folder(home, trained.id))
    assert compare(table, table, ages.task()).in_words("it", "itself").endswith("+0.0 more than itself.")


def test_new_photos_get_a_number_in_every_form(home: Home, ages: Dataset, trained: Run):
    predictor = load_predictor(home, trained.id)
    photo = ages.path(ages.table["image_id"].iat[0])
    [prediction] = predictor.predict([photo])
    value = prediction[ages.task().name]["number"]
    assert np.isfinite(value)
    text = predictions_csv([PhotoPrediction("a.png", prediction)], predictor.tasks).removeprefix("\ufeff")
    assert next(csv.reader(io.StringIO(text))) == ["photo", "number"]
    card = model_card(home, trained, {})
    assert "An image model: it looks at a photo and says which class it shows." in card
    assert "| photos | how many | off by |" in card
    assert "It knows no number beyond those it has seen." in card


def test_the_script_to_take_home_is_refused_until_one_is_written(home: Home, trained: Run, tmp_path: Path):
    with pytest.raises(BadInput, match="No predict.py is written yet"):
        export_zip(home, trained.id, tmp_path / "model.zip")


def test_pages_show_it_in_its_own_words(home: Home, trained: Run):
    app = AppTest.from_file(Path(dashboard.__file__).parent / "app.py", default_timeout=60)
    app.query_params["dataset"], app.query_params["run"] = trained.dataset_id, trained.id
    app.run()
    for page, text in (("results", "Not far."), ("use", "It says which class it shows")):
        app.switch_page(f"{page}/page.py").run()
        assert not app.exception
        assert text in " ".join([*(each.value for each in app.caption), *(e.proto.body for e in app.get("html"))])


def test_a_prediction_is_shown_in_its_own_words(number: Number):
    viewer = viewer_of("number")
    assert viewer.table_cells({"number": 2.04}) == {"answer": "2.0", "sure": ""}
    assert viewer.empty_cells("damaged") == {"answer": "damaged", "sure": ""}
