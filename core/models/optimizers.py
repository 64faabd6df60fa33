"""The optimizer: torch's own, with one group of parameters per stage and kind of parameter."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from core.job import HEAD
from core.models.model import TrainedModel
from core.objectives import LOG_VARIANCES
from core.plans import Optimizer

STAGE = "stage"  # key of a parameter group: the name of its stage, or HEAD
FACTOR = "factor"  # key of a parameter group: of its stage's rate
# Learned weights of tasks. A step of Adam is as long as its rate, and so small for a number that goes from 0 to -2 or
# so: in the some hundred steps of a run it would not move. SGD, whose rates are as much higher, needs no factor.
FACTOR_OF_TASK_WEIGHTS = {"adamw": 30.0, "sgd": 1.0}


def create_optimizer(
    model: TrainedModel, settings: Optimizer, device: torch.device, auxiliary: nn.Module | None = None
) -> torch.optim.Optimizer:
    """AdamW or SGD over all stages; rates are 0 until `set_learning_rates`.

    Frozen stages are in it, too: without gradients torch skips them (no decay, no state), and when a later phase
    unfreezes them, those trained before keep their moments. auxiliary: modules beside the model, trained at the rate
    of the heads.
    """
    groups = list(_param_groups(model, settings.weight_decay))
    if auxiliary is not None:
        groups += _auxiliary_groups(auxiliary, settings)
    fused = device.type in ("cpu", "cuda") or None  # one pass over memory in place of several
    if settings.kind == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=settings.momentum, fused=fused)
    return torch.optim.AdamW(groups, lr=0.0, betas=(settings.momentum, 0.999), fused=fused)


def _auxiliary_groups(auxiliary: nn.Module, settings: Optimizer) -> Iterable[dict]:
    parameters = dict(auxiliary.named_parameters())
    task_weights = [parameters.pop(name) for name in list(parameters) if name.endswith(LOG_VARIANCES)]
    yield from _split_by_decay(parameters, set(), settings.weight_decay, HEAD)
    if task_weights:
        factor = FACTOR_OF_TASK_WEIGHTS[settings.kind]
        yield {"params": task_weights, "weight_decay": 0.0, STAGE: HEAD, FACTOR: factor}


def _param_groups(model: TrainedModel, weight_decay: float) -> Iterable[dict]:
    parameters = dict(model.backbone.named_parameters())
    no_weight_decay: set[str] = set(getattr(model.backbone, "no_weight_decay", set)())
    for stage in model.stages:
        yield from _split_by_decay(
            {n: parameters[n] for n in stage.members if n in parameters}, no_weight_decay, weight_decay, stage.name
        )
    yield from _split_by_decay(dict(model.heads.named_parameters()), set(), weight_decay, HEAD)


def _split_by_decay(
    parameters: Mapping[str, nn.Parameter], no_weight_decay: set[str], weight_decay: float, stage: str
) -> Iterable[dict]:
    """One group with weight decay and one without, as in timm's `param_groups_weight_decay`: norms, biases and what the
    architecture names are not decayed.
    """
    decayed = {
        n: p for n, p in parameters.items() if p.ndim > 1 and not n.endswith(".bias") and n not in no_weight_decay
    }
    undecayed = [p for n, p in parameters.items() if n not in decayed]
    if decayed:
        yield {"params": list(decayed.values()), "weight_decay": weight_decay, STAGE: stage}
    if undecayed:
        yield {"params": undecayed, "weight_decay": 0.0, STAGE: stage}


def set_learning_rates(optimizer: torch.optim.Optimizer, rates: Mapping[str, float]) -> None:
    """rates: by the name of the stage, of the heads by HEAD."""
    for group in optimizer.param_groups:
        group["lr"] = rates[group[STAGE]] * group.get(FACTOR, 1.0)


def clip_gradients(optimizer: torch.optim.Optimizer, norm: float) -> None:
    """Scale the gradients of all parameters so that their common norm is at most `norm`."""
    nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], norm)


def flat_optimizer_state(optimizer: torch.optim.Optimizer, names: Mapping[Tensor, str]) -> dict[str, Tensor]:
    """The optimizer's moments and step counts as tensors by "<parameter>/<key of torch's state>".

    names: of the parameters.
    """
    return {
        f"{names[parameter]}/{key}": value
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
        if isinstance(value, Tensor)
    }


def load_flat_optimizer_state(
    optimizer: torch.optim.Optimizer, saved: Mapping[str, Tensor], names: Mapping[Tensor, str]
) -> None:
    """The inverse of `flat_optimizer_state`, for an optimizer over parameters of the same names."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    index = {names[parameter]: number for number, parameter in enumerate(parameters)}
    state: dict[int, dict[str, Tensor]] = {}
    for path, value in saved.items():
        name, key = path.rsplit("/", 1)
        state.setdefault(index[name], {})[key] = _in_memory_format_of(parameters[index[name]], value)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _in_memory_format_of(parameter: nn.Parameter, value: Tensor) -> Tensor:
    # Fused optimizers walk a parameter and its moments side by side in memory: both are channels_last, or neither is.
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
