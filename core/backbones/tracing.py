"""What a backbone computes, as a graph whose leaves are whole modules of its stages.

Only the code between stages is traced (the root's forward, mostly), so that what is inside a stage goes on to obey
train and eval mode. Where the root's own code asks for the mode (`F.dropout(x, training=self.training)`) the graph goes
on to ask, too; a trace alone would bake the answer in.
"""

import inspect
import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from timm.layers import get_notrace_functions
from torch import Tensor, fx, nn

BATCHES = (2, 3)  # two sizes of a batch tell apart what grows with it from what stays


class CannotTrace(Exception):
    """The code between the stages decides something by the values it sees."""


class _Buffer(fx.Proxy):
    """A buffer whose shape is known, as fx knows a parameter's: code may decide by it."""

    def __init__(self, node: fx.Node, tracer: fx.Tracer, value: Tensor) -> None:
        super().__init__(node, tracer)
        self._value = value

    @property
    def shape(self) -> torch.Size:
        return self._value.shape

    @property
    def ndim(self) -> int:
        return self._value.ndim

    def size(self, dim: int | None = None) -> int | torch.Size:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return self.ndim

    def numel(self) -> int:
        return self._value.numel()


class _Tracer(fx.Tracer):
    """Modules in `whole`, and all below them, are called as they are."""

    def __init__(self, whole: Collection[str]) -> None:
        functions = tuple(f for f in get_notrace_functions() if callable(f))
        super().__init__(autowrap_modules=(math,), autowrap_functions=functions, param_shapes_constant=True)
        self._whole = frozenset(whole)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, fx.Proxy]) -> Any:
        # A buffer is looked up anew at each use, as a parameter is; fx would fold it into a constant.
        if isinstance(attr_val, Tensor) and not isinstance(attr_val, nn.Parameter):
            for name, buffer in self.root.named_buffers():
                if buffer is attr_val:
                    made = partial(_Buffer, tracer=self, value=attr_val)
                    return self.create_proxy("get_attr", name, (), {}, proxy_factory_fn=made)
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        parts = module_qualified_name.split(".")
        return any(".".join(parts[:i]) in self._whole for i in range(1, len(parts) + 1))


def trace(model: nn.Module, whole: Collection[str]) -> fx.Graph:
    """The graph of model(images), good in train and in eval mode. Raises CannotTrace.

    whole: names of the modules that are not looked into.
    """
    with _mode(model, True):
        training = _trace(model, whole)
    with _mode(model, False):
        evaluation = _trace(model, whole)
    _keep_mode_alive(training, evaluation)
    return evaluation


class Shape(tuple[int, ...]):
    """The shape of a tensor, told from a tuple of numbers by its type. dtype: of the tensor."""

    dtype: torch.dtype


@dataclass(frozen=True)
class Observed:
    """values: what each node gave for a batch of each size in BATCHES; numbers as they are, tensors as their Shape.
    overwriters: by node, those that change its tensor in place.
    """

    values: dict[fx.Node, tuple[Any, ...]]
    overwriters: dict[fx.Node, set[fx.Node]]


def observe(model: nn.Module, graph: fx.Graph, image_size: int) -> Observed:
    """Run the graph on black photos, in eval mode, once for each size in BATCHES. No random number is drawn."""
    observers = [_Observer(model, graph) for _ in BATCHES]
    like = next(model.parameters())
    with _mode(model, False), torch.no_grad():
        for observer, batch in zip(observers, BATCHES, strict=True):
            images = torch.zeros(batch, 3, image_size, image_size, dtype=like.dtype, device=like.device)
            observer.run(images, enable_io_processing=False)
    values = {node: tuple(observer.seen[node] for observer in observers) for node in graph.nodes}
    return Observed(values, observers[0].overwriters)


class _Observer(fx.Interpreter):
    """Runs a graph and keeps of every value what `_seen` leaves of it, and who wrote into it."""

    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        # Values stay alive to the end, so that writing into a view of one is noticed as writing into it.
        super().__init__(model, garbage_collect_values=False, graph=graph)
        self.seen: dict[fx.Node, Any] = {}
        self.overwriters: dict[fx.Node, set[fx.Node]] = {}

    def fetch_args_kwargs_from_env(self, n: fx.Node) -> tuple[Any, Any]:
        # A list literal of the traced code is a list again, which the module that gets it may change.
        return _plain(super().fetch_args_kwargs_from_env(n))

    def run_node(self, n: fx.Node) -> Any:
        before = [(node, v, v._version) for node, v in self.env.items() if isinstance(v, Tensor)]
        value = super().run_node(n)
        for node, tensor, version in before:
            if tensor._version != version:
                self.overwriters.setdefault(node, set()).add(n)
        self.seen[n] = _seen(value)
        return value


def _seen(value: Any) -> Any:
    if isinstance(value, Tensor):
        shape = Shape(value.shape)
        shape.dtype = value.dtype
        return shape
    if isinstance(value, tuple | list):
        kind = list if isinstance(value, list) else tuple
        return kind(_seen(v) for v in value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, tuple) and not isinstance(value, torch.Size):
        return tuple(_plain(v) for v in value)
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return value


def _trace(model: nn.Module, whole: Collection[str]) -> fx.Graph:
    _, *others = inspect.signature(model.forward).parameters.values()
    fixed = {p.name: p.default for p in others if p.default is not inspect.Parameter.empty}
    try:
        return _Tracer(whole).trace(model, concrete_args=fixed)
    except (fx.proxy.TraceError, TypeError, ValueError, RuntimeError, NameError, AssertionError) as error:
        raise CannotTrace(str(error)) from error


def _keep_mode_alive(training: fx.Graph, evaluation: fx.Graph) -> None:
    """Put `self.training` into `evaluation` wherever the two traces differ by True and False. Raises CannotTrace."""
    pairs = list(zip(training.nodes, evaluation.nodes, strict=False))
    if len(training.nodes) != len(evaluation.nodes) or any((a.op, a.target) != (b.op, b.target) for a, b in pairs):
        raise CannotTrace("the code between the stages takes another way in training")
    with evaluation.inserting_after(pairs[0][1]):
        mode = evaluation.create_node("get_attr", "training")
    for trained, judged in pairs:
        judged.args = _alive(trained.args, judged.args, mode)
        judged.kwargs = _alive(trained.kwargs, judged.kwargs, mode)
    if not mode.users:
        evaluation.erase_node(mode)


def _alive(trained: Any, judged: Any, mode: fx.Node) -> Any:
    """The argument `judged`, with `mode` in each place where training has True instead of its False."""
    if isinstance(judged, tuple | list):
        return type(judged)(_alive(a, b, mode) for a, b in zip(trained, judged, strict=True))
    if isinstance(judged, dict):
        return {key: _alive(trained[key], value, mode) for key, value in judged.items()}
    if isinstance(judged, slice):
        ends = [(getattr(trained, end), getattr(judged, end)) for end in ("start", "stop", "step")]
        return slice(*(_alive(a, b, mode) for a, b in ends))
    if isinstance(judged, fx.Node) or trained == judged:
        return judged
    if trained is True and judged is False:
        return mode
    raise CannotTrace("the code between the stages computes with other numbers in training")


@contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    """The whole model in one mode, afterwards each module in its own again."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before.items():
            module.training = mode
