"""How many photos a second each network of the gallery computes on this machine.

    python benchmarks/gallery_speed.py                  all of them: some minutes
    python benchmarks/gallery_speed.py --only dinov2

Forward pass in fp32 at the photo size that its card suggests, with random weights, which are as quick as pretrained
ones. What the gallery shows (`core/backbones/photos_per_second.csv`) was measured so on two cores; `--write` measures
it anew.
"""

import csv
import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from benchmarks.experiment import argument_parser, time_alternately
from benchmarks.report import Table, save_report
from core.backbones import SPEED_TABLE, BackboneCard, Normalize, build_backbone, list_gallery
from core.home import Home, open_home, whole_file
from core.plans import BackboneChoice

BATCH, ROUNDS = 8, 3


def photos_per_second(home: Home, card: BackboneCard, size: int | None = None) -> float:
    """Of the forward pass in fp32, the median of some rounds after one that is not counted."""
    backbone = build_backbone(home, BackboneChoice(name=card.name, weights="random"), size or card.input_size)
    network = torch.nn.Sequential(Normalize(card), backbone).eval()
    photos = torch.randint(256, (BATCH, 3, size or card.input_size, size or card.input_size), dtype=torch.uint8)
    with torch.inference_mode():
        network(photos)
        return BATCH / median(time_alternately({"": lambda: network(photos)}, ROUNDS)[""])


def main() -> None:
    parser = argument_parser(__doc__, "gallery_speed")
    parser.add_argument("--only", default="", help="the networks whose names contain this")
    parser.add_argument("--write", action="store_true", help="write what the gallery shows")
    arguments = parser.parse_args()
    home, speeds = open_home(), {}
    for card in list_gallery():
        if arguments.only in card.name:
            speeds[card] = photos_per_second(home, card)
            print(f"{card.name}: {speeds[card]:.1f}", flush=True)
    if arguments.write:
        _write(speeds)
    rows = [[card.title, card.input_size, card.gmacs, round(speed, 1)] for card, speed in speeds.items()]
    print(save_report(arguments.name, Table("The gallery", ("network", "pixels", "GMACs", "photos/s"), rows)))


def _write(speeds: dict[BackboneCard, float]) -> None:
    with whole_file(SPEED_TABLE) as part, part.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(("name", "photos_per_second"))
        writer.writerows((card.name, f"{speed:.3g}") for card, speed in speeds.items())


if __name__ == "__main__":
    main()
