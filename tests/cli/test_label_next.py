"""`graft label-next`: photos without a label, with what a model takes them for."""

import json

from cli.app import run
from core.datasets import import_dataset, relabel
from core.home import Home
from tests.cli.test_cli import asked

NETWORK = "--backbone", "graft-resnet10t"


def test_it_lists_what_to_label_next(home: Home, draw_photos, tmp_path, capsys):
    photos = import_dataset(home, "few", draw_photos(tmp_path / "drawn", {"disc": 20, "box": 20}))
    few = relabel(home, photos, photos.table["image_id"][::2], "class", "")
    status, out, _ = asked(capsys, "label-next", "few", *NETWORK, "--count", "4", "--json")
    found = json.loads(out)
    assert (status, len(found["photos"])) == (0, 4)
    assert all(0.5 <= each["confidence"] <= 1 and each["suggestion"] in ("disc", "box") for each in found["photos"])
    assert found["judged_by"] == "cross-validation"
    status, out, err = asked(capsys, "label-next", "few", *NETWORK, "--count", "3")
    assert (status, len(out.splitlines())) == (0, 4)
    assert "right with" in err
    relabel(home, few, few.table["image_id"], "class", "disc")
    assert run(["label-next", "few", *NETWORK]) == 1
    assert "nothing to tell apart" in capsys.readouterr().err
