"""One piece of work, the same for everybody, and what comes back."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

Labelled = list[tuple[str, int]]  # file name, class


@dataclass(frozen=True)
class Work:
    """photos: a JSON file with the lists `training` and `validation` of file names and classes. frozen: the names of
    the backbone's parameters that stay as they are. first_trainable_stage: the same as the number of Graft's
    stage. weights: a safetensors file without a classifier. crop_and_flip: photos change each time they are
    learned from. cached_views: of Graft's plan; None where the plan says nothing. home: Graft's, with the
    dataset in it.
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

    def labelled(self, part: str) -> Labelled:
        return [(name, kind) for name, kind in json.loads(Path(self.photos).read_text())[part]]


@dataclass
class Times:
    """Seconds. begin: from loaded libraries to the first step. epochs: each whole, with its validation and whatever
    else happens between. learning: of them, the steps alone, with waiting for their photos. parts: for what, where it
    is known. cache_bytes: on the disk, of what can be made again.
    """

    begin: float = 0.0
    epochs: list[float] = field(default_factory=list)
    learning: list[float] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=dict)
    cache_bytes: dict[str, int] = field(default_factory=dict)


class Stopwatch:
    """For contenders whose epochs are: begin to learn, have learned, have validated."""

    def __init__(self) -> None:
        self.times = Times()
        self._began = self._epoch = time.perf_counter()

    def learning_begins(self) -> None:
        self._epoch = time.perf_counter()
        if not self.times.epochs:
            self.times.begin = self._epoch - self._began

    def learning_ended(self) -> None:
        self.times.learning.append(time.perf_counter() - self._epoch)

    def epoch_ended(self) -> None:
        self.times.epochs.append(time.perf_counter() - self._epoch)


def execute_run(contender: Callable[[Work], Times]) -> None:
    """What a contender's `__main__` calls."""
    given = json.loads(sys.argv[1])
    times = contender(Work(**{**given, "frozen": tuple(given["frozen"])}))
    print(json.dumps(asdict(times)))
