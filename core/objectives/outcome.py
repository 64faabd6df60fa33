"""What a term of the loss may look at."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Outcome:
    """What one batch became on its way through the network.

    features: [images, channels], as the heads saw them. logits: by task, [images, classes].
    labels: by task, int64 [images], MISSING (-1) where a photo has none.
    """

    features: Tensor
    logits: dict[str, Tensor]
    labels: dict[str, Tensor]
