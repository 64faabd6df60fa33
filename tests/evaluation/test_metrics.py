"""Metrics that describe their own panels."""

from dataclasses import fields, replace

from core.evaluation import EpochScores, epoch_curves, metrics_of, step_curves
from core.evaluation.metrics import LOSS
from core.job import Stepped
from core.tasks import KINDS

CLASSES = KINDS["classes"]

SCORES = EpochScores(0.412, 0.01, 0.86, 100, 0.3, 0.01, 0.9, 100, 0.1, 0.02, 0.0, 0.0)


def test_every_curve_takes_a_value_that_exists():
    assert {field for _, field in step_curves([CLASSES])} <= {field.name for field in fields(Stepped)}
    assert {field for _, field in epoch_curves(CLASSES)} <= {field.name for field in fields(EpochScores)}


def test_no_two_lines_share_a_curve():
    curves = [line.curve for metric in metrics_of(CLASSES) for line in metric.lines]
    assert len(set(curves)) == len(curves)


def test_a_metric_with_standard_errors_stores_them_beside_its_values():
    names = [curve for curve, _ in epoch_curves(CLASSES)]
    assert {"gap", "gap_error", "rise", "rise_error"} <= set(names)
    assert "loss/validation_error" not in names


def test_a_share_is_worded_with_its_margin_and_a_loss_without():
    assert CLASSES.metric.validation_in_words(SCORES) == "86.0 % ± 6.8"
    assert LOSS.validation_in_words(SCORES) == "0.41"
    assert CLASSES.metric.validation_in_words(replace(SCORES, validation_images=0)) == "unknown"
