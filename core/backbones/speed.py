"""How many photos a second a network of the gallery computes on two cores of a processor.

`photos_per_second.csv` beside this file has a row per network; `benchmarks/gallery_speed.py --write` writes it. Another
computer is faster or slower; the order stays.
"""

import csv
from functools import cache
from pathlib import Path

SPEED_TABLE = Path(__file__).with_name("photos_per_second.csv")


@cache
def photos_per_second() -> dict[str, float]:
    """By name of the backbone, at its suggested photo size, forward pass in fp32."""
    with SPEED_TABLE.open(encoding="utf-8", newline="") as file:
        return {row["name"]: float(row["photos_per_second"]) for row in csv.DictReader(file)}
