"""Every error that a user can cause or mend, each with one sentence that says what to do; and checks made beforehand.

GraftError
|-- BadInput        what was given cannot be used: a file, a name, a value
|   |-- BadDataset  photos or labels
|   |-- BadPlan     a plan file, a recipe, a setting
|   `-- BadWeights  a weights file, or weights of another model
|-- NotFound        no dataset, run, backbone or file of that name
|-- Refused         it would lose something that is still in use
|-- NotReachable    the network, or a server on it, did not answer
|-- Damaged         what Graft keeps cannot be read any more: its database, a dataset, a run
|-- Busy            another program holds what is needed, and does not let go of it
|-- DiskFull        no room left where Graft keeps its things
`-- TooLittleMemory what was asked for does not fit into what is free
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """What was found before anything is started.

    level: "ok" (all is well), "warning" (worth knowing) or "stop" (it cannot be started until that is mended).
    mend: what the photos page offers to do about it, by the name it has in `dashboard.photos.mends`; "" for nothing.
    """

    level: Literal["ok", "warning", "stop"]
    sentence: str
    mend: str = ""


class GraftError(Exception):
    """What is wrong with which thing (`sentence`), and what to do about it (`remedy`), in the user's words."""

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(f"{sentence} {remedy}".strip())
        self.sentence = sentence
        self.remedy = remedy


class BadInput(GraftError):
    pass


class BadDataset(BadInput):
    pass


class BadPlan(BadInput):
    pass


class BadWeights(BadInput):
    pass


class NotFound(GraftError):
    pass


class Refused(GraftError):
    pass


class NotReachable(GraftError):
    pass


class Damaged(GraftError):
    pass


class Busy(GraftError):
    pass


class DiskFull(GraftError):
    pass


class TooLittleMemory(GraftError):
    pass
