"""Out-of-fold answers come back as they were kept, and a file that is not one is none."""

import pickle
from dataclasses import replace

import numpy as np

from core.evaluation import (
    HeadSubject,
    OutOfFold,
    compared_heads,
    list_out_of_fold,
    read_out_of_fold,
    save_out_of_fold,
)
from core.plans import BackboneChoice

SUBJECT = HeadSubject("d1", 2, "species", BackboneChoice(name="graft-resnet10t"), 64)


def answers(kind: str = "linear_svm", right: int = 3, subject: HeadSubject = SUBJECT) -> OutOfFold:
    labels = np.array([0, 1, 2, 0])
    said = np.where(np.arange(4) < right, labels, (labels + 1) % 3)
    probabilities = (0.7 * np.eye(3)[said] + 0.1).astype(np.float32)
    return OutOfFold(subject, kind, ("oak", "elm", "шапка"), np.array([*"abcd"]), labels, probabilities, 10.0, 1.5)


def test_they_come_back_as_they_were(home):
    kept = answers()
    assert read_out_of_fold(home, SUBJECT, "linear_svm") is None
    save_out_of_fold(home, kept)
    found = read_out_of_fold(home, SUBJECT, "linear_svm")
    assert (found.subject, found.kind, found.classes, found.setting, found.seconds) == (
        SUBJECT, "linear_svm", ("oak", "elm", "шапка"), 10.0, 1.5,
    )  # fmt: skip
    for name in ("image_ids", "labels", "probabilities"):
        np.testing.assert_array_equal(getattr(found, name), getattr(kept, name))
    assert found.probabilities.dtype == np.float32
    assert found.accuracy.value == 0.75


def test_they_are_listed_by_accuracy_and_domain_accuracy_by_what_they_are_of(home):
    other = replace(SUBJECT, backbone=BackboneChoice(name="resnet18.a1_in1k"))
    for each in (
        answers("linear_svm", 2),
        answers("nearest_centroid", 4),
        answers("linear_svm", 3, other),
        answers("linear_svm", 4, replace(SUBJECT, task="health")),
        answers("linear_svm", 4, replace(SUBJECT, version=3)),
    ):
        save_out_of_fold(home, each)
    assert [each.kind for each in compared_heads(home, SUBJECT)] == ["nearest_centroid", "linear_svm"]
    found = list_out_of_fold(home, "d1", 2, "species")
    assert [(each.subject, each.accuracy.value) for each in found] == [(SUBJECT, 1.0), (other, 0.75), (SUBJECT, 0.5)]
    assert list_out_of_fold(home, "d2", 2, "species") == []


def test_what_is_no_such_file_is_none_and_nothing_is_unpickled(home):
    save_out_of_fold(home, answers())
    (file,) = home.out_of_fold.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:100], pickle.dumps({"facts": "{}"})):
        file.write_bytes(damaged)
        assert read_out_of_fold(home, SUBJECT, "linear_svm") is None
    np.savez(file, facts=np.array([{"format": 1}], dtype=object), allow_pickle=True)
    assert read_out_of_fold(home, SUBJECT, "linear_svm") is None
