import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from core.errors import NotFound
from core.evaluation import (
    evaluate,
    kept_in_words,
    load_result,
    make_result,
    predictions_table,
    read_predictions,
    save_result,
    write_predictions,
)
from core.tasks import MISSING, Task, accuracy_at_confidence, cell, most_wrong


@pytest.fixture
def many(answers) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 120)
    said = np.where(draw.random(120) < 0.7, labels, draw.integers(0, 3, 120))
    return answers(labels.tolist(), said.tolist(), draw.uniform(0.5, 5, 120).tolist())


def test_per_class_figures_agree_with_scikit_learn(many, clothes):
    found = evaluate(many, clothes, "validation")
    precision, recall, f1, images = precision_recall_fscore_support(many["label"], many["predicted"])
    for at, of_class in enumerate(found.classes):
        assert of_class.name == clothes.classes[at]
        assert of_class.precision.value == pytest.approx(precision[at])
        assert of_class.recall.value == pytest.approx(recall[at])
        assert of_class.f1.value == pytest.approx(f1[at])
        assert of_class.images == images[at]


def test_the_confusion_has_the_truth_in_its_rows(many, clothes):
    found = evaluate(many, clothes, "validation")
    np.testing.assert_array_equal(found.confusion, confusion_matrix(many["label"], many["predicted"]))
    assert found.right == found.confusion.trace()


def test_probabilities_confidence_and_loss_are_the_softmax_of_the_logits(clothes):
    logits = np.array([[2.0, 0.0, -1.0], [1000.0, 0.0, 0.0]])
    table = predictions_table(["a", "b"], "validation", clothes, np.array([1, 0]), logits)
    expected = np.exp(logits[0]) / np.exp(logits[0]).sum()
    np.testing.assert_allclose(table["probabilities"][0], expected, rtol=1e-6)
    assert table["confidence"][0] == pytest.approx(expected[0])
    assert table["loss"].tolist() == pytest.approx([-np.log(expected[1]), 0.0])
    assert table["predicted"].tolist() == [0, 0]


def test_images_without_a_label_are_left_out(answers, clothes):
    found = evaluate(answers([0, MISSING, 1], [0, 0, 0]), clothes, "validation")
    assert (found.images, found.right) == (2, 1)
    assert np.isfinite(found.loss)


def test_a_class_that_nobody_saw_has_no_figures(answers, clothes):
    last = evaluate(answers([0, 1], [0, 1]), clothes, "validation").classes[2]
    assert (last.images, last.precision, last.recall, last.f1) == (0, None, None, None)


def test_an_empty_split_has_no_accuracy_rather_than_a_wrong_one(answers, clothes):
    found = evaluate(answers([], []), clothes, "validation")
    assert (found.images, found.accuracy, found.loss) == (0, None, None)
    assert found.title == "Nothing to judge by"


def test_the_most_confidently_wrong_come_first(answers, clothes):
    table = answers([0, 0, 0, 0], [0, 1, 2, 1], [9.0, 2.0, 4.0, 3.0])
    assert most_wrong(table, clothes, 2)["image_id"].tolist() == ["2", "3"]


def test_a_cell_of_the_confusion_gives_its_photos(answers, clothes):
    table = answers([0, 0, 0, 1], [1, 1, 0, 1], [1.0, 2.0, 9.0, 1.0])
    assert cell(table, clothes, true=0, predicted=1) == ("1", "0")
    assert cell(table, clothes, true=2, predicted=0) == ()


def test_every_task_is_judged_on_its_own_labels(answers, clothes, tmp_path):
    healthy = Task("healthy", ("no", "yes"))
    table = pd.concat([answers([0, 1], [0, 0]), answers([1, MISSING], [1, 0], task=healthy)])
    result = make_result(table, [clothes, healthy], epoch=3)
    assert result.task("clothes").validation.accuracy.value == 0.5
    assert result.task("healthy").validation.images == 1
    assert result.task() is result.tasks[0]


def test_results_are_the_same_after_saving_and_loading(many, clothes, tmp_path):
    result = make_result(many, [clothes], epoch=7)
    save_result(tmp_path, result)
    assert load_result(tmp_path) == result
    assert "短袖" in (tmp_path / "results.json").read_text(encoding="utf-8")


def test_the_test_split_is_there_only_once_it_was_predicted(answers, clothes):
    validation = answers([0], [0])
    assert make_result(validation, [clothes], 1).tasks[0].test is None
    both = pd.concat([validation, answers([0, 1], [0, 0], split="test")])
    assert make_result(both, [clothes], 1).tasks[0].test.images == 2


def test_missing_results_are_a_sentence(tmp_path):
    with pytest.raises(NotFound, match="no results yet"):
        load_result(tmp_path)


def test_results_of_another_shape_are_a_sentence(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps({"epoch": 1, "surprise": 2}))
    with pytest.raises(NotFound, match="as this Graft writes them"):
        load_result(tmp_path)


def test_predictions_are_the_same_after_saving_and_loading(many, clothes, tmp_path):
    write_predictions(tmp_path, many)
    loaded = read_predictions(tmp_path)
    assert evaluate(loaded, clothes, "validation") == evaluate(many, clothes, "validation")
    np.testing.assert_array_equal(loaded["probabilities"][5], many["probabilities"][5])


def test_a_run_without_predictions_has_an_empty_table(tmp_path, clothes):
    assert evaluate(read_predictions(tmp_path), clothes, "validation").images == 0


def test_accuracy_at_this_confidence(answers, clothes):
    table = answers([0] * 40, [0] * 30 + [1] * 10, [3.0] * 40)
    confidence = float(table["confidence"][0])
    assert accuracy_at_confidence(table, clothes, confidence).value == 0.75
    assert accuracy_at_confidence(table, clothes, 0.1) is None


def test_what_was_kept_is_an_epoch_or_the_mean_of_several():
    assert kept_in_words(5, ()) == "epoch 5"
    assert kept_in_words(5, (3, 5, 6)) == "the mean of epochs 3, 5 and 6"
