"""`graft group`: groups in words and as JSON, and a dataset made of them."""

import json

from core.datasets import load_dataset
from core.home import Home
from tests.cli.test_cli import asked

STARTER = "graft-resnet10t"


def test_photos_are_sorted_listed_and_saved(home: Home, draw_photos, tmp_path, capsys):
    folder = draw_photos(tmp_path / "photos", {"disc": 12, "box": 8})
    assert asked(capsys, "import", "loose", str(folder), "--unlabelled")[0] == 0
    asking = "group", "loose", "--backbone", STARTER
    status, out, err = asked(capsys, *asking, "--count", "2", "--save", "sorted")
    assert status == 0
    assert out.splitlines()[1].split()[:3] == ["group", "1", "12"]
    assert 'graft train --dataset "sorted"' in err
    made = load_dataset(home, "sorted")
    assert made.counts(made.task()) == {"group 1": 12, "group 2": 8}
    status, out, _ = asked(capsys, *asking, "--count", "2", "--json")
    found = json.loads(out)
    assert (status, [len(each["photos"]) for each in found["groups"]], found["left_out"]) == (0, [12, 8], [])
    assert all("disc" in photo for photo in found["groups"][0]["photos"])
    assert asked(capsys, *asking, "--method", "hdbscan", "--json")[0] == 0


def test_what_does_not_go_together_is_refused(home: Home, draw_photos, tmp_path, capsys):
    folder = draw_photos(tmp_path / "photos", {"disc": 6})
    asked(capsys, "import", "loose", str(folder), "--unlabelled")
    asking = "group", "loose", "--backbone", STARTER
    assert "HDBSCAN finds out itself" in asked(capsys, *asking, "--count", "2", "--method", "hdbscan")[2]
    assert "9 groups cannot be made of 6 photos" in asked(capsys, *asking, "--count", "9")[2]
    assert asked(capsys, "group", "nothing")[0] != 0
