"""The weights of a network before the first step of a run, for objectives that hold it to them."""

from core.models.model import TrainedModel
from core.objectives import LearnedWeights


class InitialWeights:
    """A copy of all weights of the stages that learn in at least one phase; the model's own go on to change.

    It is made before a checkpoint is loaded: a model is built from the plan alone, so a resumed run has the same start.
    """

    def __init__(self, model: TrainedModel, names: list[str]) -> None:
        """names: of the tensors that change, in the model's state dict."""
        own = dict(model.named_parameters())
        stages = [own[name] for name in names if name in own and name.startswith("backbone.")]
        self._stages = [(parameter, parameter.detach().clone()) for parameter in stages]
        self._heads = tuple(model.heads.parameters())

    def learned_weights(self) -> LearnedWeights:
        """The weights that learn now, beside their start; frozen ones do not move, so they would only cost time."""
        learning = [(now, start) for now, start in self._stages if now.requires_grad]
        return LearnedWeights(tuple(now for now, _ in learning), tuple(start for _, start in learning), self._heads)
