"""`graft heads`: simple heads side by side, in words and as JSON, and one of them trained as a run."""

import json
from pathlib import Path

from cli.app import run
from core.home import Home
from tests.cli.test_cli import asked

STARTER = "graft-resnet10t"


def test_simple_heads_are_compared_and_one_is_trained(home: Home, draw_photos, tmp_path: Path, capsys):
    photos = draw_photos(tmp_path / "photos", {"disc": 14, "box": 14})
    assert run(["import", "shapes", str(photos), "--validation", "0.3", "--json"]) == 0
    asking = "heads", "--dataset", "shapes", "--backbone", STARTER
    status, out, _ = asked(capsys, *asking, "--json")
    found = json.loads(out)
    assert status == 0
    assert {each["head"] for each in found} == {
        "logistic_regression", "linear_svm", "nearest_neighbors", "nearest_centroid",
    }  # fmt: skip
    assert all(each["low"] <= each["accuracy"] <= each["high"] and each["photos"] >= 24 for each in found)
    status, out, err = asked(capsys, *asking)
    assert (status, len(out.splitlines())) == (0, 5)
    assert "k = " in out
    assert 'graft train --dataset "shapes" --set head.kind=' in err
    assert asked(capsys, *asking, "--task", "colour")[2].startswith('"shapes" has no label column "colour". It has')
    status, out, _ = asked(
        capsys, "train", "--dataset", "shapes", "--backbone", STARTER, "--set", "head.kind=nearest_neighbors", "--json"
    )
    trained = json.loads(out.splitlines()[-1])
    assert (status, trained["state"], trained["epochs_planned"]) == (0, "finished", 1)
    status, out, _ = asked(capsys, "predict", trained["run"], str(next(photos.rglob("*.png"))), "--json")
    assert status == 0
    assert "disc" in out
