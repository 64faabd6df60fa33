"""Domain-adversarial training: features in which a classifier cannot tell the two datasets apart.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016: equation 9 with the gradient reversal of
section 4.2, whose strength grows as in section 5.2.2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.mmd import FEATURE_DISTANCE
from core.objectives.objective import Need, Objective, ObjectiveContext, Report, Slider, Term

if TYPE_CHECKING:
    from torch import Tensor, nn


def domain_accuracy(output: BatchOutput) -> Tensor:
    """How many photos of the batch the domain classifier places right (0 to 1); a half is what guessing gives."""
    logits, domains = domain_logits(output)
    return ((logits > 0) == (domains > 0.5)).float().mean()


class Dann(Objective):
    """Deceive a domain classifier, which learns beside the model."""

    title: ClassVar[str] = "Domain-adversarial training"
    needs: ClassVar[frozenset[Need]] = frozenset({"features", "target_batch"})
    reports: ClassVar[tuple[Report, ...]] = (
        Report("accuracy", "Domain classifier: how often it tells the places apart", domain_accuracy),
        FEATURE_DISTANCE,
    )

    kind: Literal["dann"] = "dann"
    weight: Annotated[float, Slider(0.0, 4.0, 0.25)] = Field(
        default=1.0,
        ge=0,
        le=1_000,
        title="Hiding the place counts",
        description="How much it counts that nobody can tell from what the network sees where a photo comes from, "
        "beside the labels' 1. 0 is not at all.",
    )
    width: int = Field(default=256, ge=1, le=8_192)

    def make_term(self, context: ObjectiveContext) -> Term:
        return domain_adversarial

    def make_auxiliary(self, context: ObjectiveContext) -> nn.Module:
        """The domain classifier: two hidden layers of `width`, and one logit, above 0 for the target."""
        import torch
        from torch import nn

        layers = nn.Sequential(
            nn.Linear(context.feature_count, self.width),
            nn.ReLU(),
            nn.Linear(self.width, self.width),
            nn.ReLU(),
            nn.Linear(self.width, 1),
        )
        rng = torch.Generator().manual_seed(context.seed)
        for layer in (each for each in layers if isinstance(each, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=rng)
            nn.init.zeros_(layer.bias)
        return layers


def domain_adversarial(output: BatchOutput) -> Tensor:
    """Loss (scalar): the domain classifier's cross-entropy over both batches, in nats.

    The classifier makes it smaller; what lies before it gets the gradient reversed, `reversal_strength` times.
    """
    from torch.nn import functional

    return functional.binary_cross_entropy_with_logits(*domain_logits(output))


def domain_logits(output: BatchOutput) -> tuple[Tensor, Tensor]:
    """The domain classifier's logits for both batches, float32 [images], and their domains: 0 source, 1 target."""
    import torch

    source, target = output.features, output.in_target.features
    features = reverse_gradient(torch.cat([source, target]).float(), reversal_strength(output.progress))
    logits = output.auxiliary["dann"](features).squeeze(1).float()
    domains = torch.zeros_like(logits)
    domains[len(source) :] = 1
    return logits, domains


def reversal_strength(progress: float) -> float:
    """0 at the beginning of training, when the domain classifier knows nothing yet, and nearly 1 at its end."""
    return 2 / (1 + math.exp(-10 * progress)) - 1


def reverse_gradient(features: Tensor, strength: float) -> Tensor:
    """The features, and -strength times their gradient."""
    # Forwards the two add up to the features; backwards only the second one counts.
    return features.detach() * (1 + strength) - features * strength
