"""The work that each contender does, and the times it returns."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

Examples = list[tuple[str, int]]  # file name, class


@dataclass(frozen=True)
class Work:
    """photos: a JSON file with the lists `training` and `validation` of file names and classes. frozen: names of the
    backbone's parameters that are not trained. first_trainable_stage: its number in Graft. weights: a safetensors file
    without a classifier. crop_and_flip: photos are augmented. cached_views: of Graft's plan; None for its default.
    home: Graft's, with the dataset in it. head_epochs: of the epochs, so many first ones teach the head alone.
    """

    model: str
    weights: str
    image_size: int
    batch_size: int
    classes: int
    epochs: int
    photos: str
    first_trainable_stage: int
    frozen: tuple[str, ...]
    crop_and_flip: bool = False
    cached_views: int | None = None
    home: str = ""
    rate: float = 1e-3
    head_epochs: int = 0

    def examples(self, part: str) -> Examples:
        return [(name, kind) for name, kind in json.loads(Path(self.photos).read_text())[part]]


@dataclass
class Times:
    """Seconds. setup: from loaded libraries to the first step. epochs: each whole, with its validation and whatever
    else happens between. training: of them, the steps alone, with waiting for their photos. parts: for what, where it
    is known. cache_bytes: on the disk, of what can be made again.
    """

    setup: float = 0.0
    epochs: list[float] = field(default_factory=list)
    training: list[float] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=dict)
    cache_bytes: dict[str, int] = field(default_factory=dict)


class Stopwatch:
    """Times epochs that train first and validate then."""

    def __init__(self) -> None:
        self.times = Times()
        self._began = self._epoch = time.perf_counter()

    def training_started(self) -> None:
        self._epoch = time.perf_counter()
        if not self.times.epochs:
            self.times.setup = self._epoch - self._began

    def training_ended(self) -> None:
        self.times.training.append(time.perf_counter() - self._epoch)

    def epoch_ended(self) -> None:
        self.times.epochs.append(time.perf_counter() - self._epoch)


def run_contender(contender: Callable[[Work], Times]) -> None:
    """Run a contender as `__main__`: the work as JSON in the first argument, the times as JSON on the last line."""
    arguments = json.loads(sys.argv[1])
    times = contender(Work(**{**arguments, "frozen": tuple(arguments["frozen"])}))
    print(json.dumps(asdict(times)))
