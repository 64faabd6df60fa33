"""A backbone cut in two before its first learning stage: what comes before the cut is computed once per photo.

    parts = cut(model, first_trainable_stage=3, image_size=224)
    kept = parts.prefix(images)          # once per photo, kept
    features = parts.suffix(*kept)       # every step; trains the model, whose modules it shares

Everything that depends on a learning stage is suffix; of the rest, what depends on the photo is prefix. What does
neither (a table of positions, say) is computed again in the suffix, so that it need not be kept for every photo.
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from core.backbones.backbone import Stage
from core.backbones.build import num_features
from core.backbones.stages import find_stages
from core.backbones.tracing import BATCHES, CannotTrace, Observed, Shape, observe, trace

_ASKS_SHAPE = {"size", "dim", "numel", "stride", "ndimension", "get_device"}  # methods of a tensor
_SHAPE_OF = {"shape", "ndim", "device", "dtype"}  # attributes of a tensor


class NoCut(Exception):
    """What would cross at this place is not one tensor, or a few, with a row per photo."""


@dataclass(frozen=True)
class BoundaryTensor:
    """A value that crosses the cut: its name in the graph, its shape for one photo, its type."""

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Cut:
    """prefix: images [batch, 3, side, side] -> a tuple of tensors [batch, ...], one for each of `values`.
    suffix: those tensors -> features [batch, features]. stage: the one before which it was really cut. 0 is nowhere:
    the suffix is the whole backbone, and photos cross. The number of stages is behind all of them: features cross.
    """

    prefix: nn.Module
    suffix: nn.Module
    stage: int
    values: tuple[BoundaryTensor, ...]

    @property
    def bytes_per_image(self) -> int:
        return sum(value.bytes for value in self.values)


def cut(model: nn.Module, first_trainable_stage: int, image_size: int) -> Cut:
    """Cut before that stage, or before the next earlier one that can be cut.

    Both parts are in the mode in which the model and its modules are; run the prefix in eval mode. A stage can't be
    cut before when the code between the stages can't be traced, or when what would cross has no row per photo.
    """
    if first_trainable_stage == len(find_stages(model)):
        return _only_the_head(model)
    if first_trainable_stage > 0:
        with suppress(CannotTrace):
            graph = _read_graph(model, image_size)
            for stage in range(first_trainable_stage, 0, -1):
                with suppress(NoCut):
                    return _cut_before(model, graph, stage)
    return _no_cut(model, image_size)


def _no_cut(model: nn.Module, image_size: int) -> Cut:
    dtype = next(model.parameters()).dtype
    return Cut(_Photos(), model, 0, (BoundaryTensor("images", (3, image_size, image_size), dtype),))


def _only_the_head(model: nn.Module) -> Cut:
    features = BoundaryTensor("features", (num_features(model),), next(model.parameters()).dtype)
    return Cut(_Features(model), nn.Identity(), len(find_stages(model)), (features,))


class _Features(nn.Module):
    """The prefix of a backbone that does not learn: all of it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (self.model(images),)


class _Photos(nn.Module):
    """The prefix of a backbone that learns from the stem on: photos cross as they are."""

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (images,)


class _Part(fx.GraphModule):
    """A part of a model's graph with the model's own modules, always in the mode in which the model is."""

    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        object.__setattr__(self, "_mode_of", (model,))  # in a tuple: registered, the whole model would be a child
        super().__init__(model, graph)

    @property  # type: ignore[override]
    def training(self) -> bool:
        return bool(self.__dict__["_mode_of"][0].training)

    @training.setter
    def training(self, mode: bool) -> None:
        """The model's to say."""


@dataclass(frozen=True)
class _Graph:
    """A traced backbone and what is known of each of its nodes.

    stage: the latest stage that it depends on, -1 for none. of_photo: whether its numbers depend on the photo's
    pixels, not only on how large and how many the photos are.
    """

    nodes: tuple[fx.Node, ...]
    stage: dict[fx.Node, int]
    of_photo: dict[fx.Node, bool]
    observed: Observed


def _read_graph(model: nn.Module, image_size: int) -> _Graph:
    parts = find_stages(model)
    graph = trace(model, [name for part in parts for name in part.modules])
    own = _own_stages(model, parts, graph)
    stage: dict[fx.Node, int] = {}
    of_photo: dict[fx.Node, bool] = {}
    images = next(iter(graph.nodes))
    for node in graph.nodes:
        if node.target is operator.setitem:
            raise CannotTrace(f"{node.name} writes into a tensor between the stages")
        inputs = node.all_input_nodes
        stage[node] = max([own[node], *(stage[i] for i in inputs)])
        of_photo[node] = node is images or (not _asks_shape(node) and any(of_photo[i] for i in inputs))
    return _Graph(tuple(graph.nodes), stage, of_photo, observe(model, graph, image_size))


def _own_stages(model: nn.Module, parts: tuple[Stage, ...], graph: fx.Graph) -> dict[fx.Node, int]:
    """The stage of what the node itself uses, -1 where it uses nothing that could learn or drop something."""
    member = {name: part.index for part in parts for name in part.members}
    module = {name: part.index for part in parts for name in part.modules}

    def own(node: fx.Node) -> int:
        name = str(node.target)
        if node.op == "get_attr":
            return member.get(name, -1)
        if node.op != "call_module":
            return -1
        used = model.get_submodule(name)
        entries = [member[f"{name}.{entry}"] for entry in used.state_dict()]
        if entries:
            return max(entries)
        drops = any(getattr(m, rate, 0) for m in used.modules() for rate in ("p", "drop_prob", "prob"))
        return module.get(name, len(parts) - 1) if drops else -1

    return {node: own(node) for node in graph.nodes}


def _asks_shape(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target in _ASKS_SHAPE
    return node.target is getattr and node.args[1] in _SHAPE_OF


def _cut_before(model: nn.Module, graph: _Graph, stage: int) -> Cut:
    """Raises NoCut."""
    early = {node for node in graph.nodes if graph.stage[node] < stage and node.op != "output"}
    crossing = _smallest_crossing(graph, early)
    for node in crossing:
        if graph.observed.overwriters.get(node, set()) & early:
            raise NoCut(f"{node.name} is overwritten before the cut")
    leaves = {node: _leaves(*graph.observed.values[node]) for node in crossing}
    values = tuple(BoundaryTensor(node.name, shape[1:], shape.dtype) for node in crossing for _, shape in leaves[node])
    prefix, suffix = _prefix(graph, leaves), _suffix(graph, early, leaves)
    return Cut(_Part(model, prefix), _Part(model, suffix), stage, values)


def _smallest_crossing(graph: _Graph, early: set[fx.Node]) -> list[fx.Node]:
    """The nodes whose values cross, in order: early, depending on the photo, and used behind the cut.

    What plain arithmetic makes of values that cross anyway (`x.flatten(1)` beside `x`) is left to the suffix.
    """
    crossing = {node for node in early if graph.of_photo[node]}
    crossing &= _used(graph.nodes[-1:], lambda node: node in crossing or _is_measured(graph, early, node))
    for node in reversed(graph.nodes):
        inputs = {i for i in node.all_input_nodes if graph.of_photo[i]}
        if node in crossing and node.op in ("call_function", "call_method") and inputs <= crossing:
            crossing.discard(node)
    return [node for node in graph.nodes if node in crossing]


def _used(ends: Iterable[fx.Node], stop: Callable[[fx.Node], bool]) -> set[fx.Node]:
    """These nodes and all that they need, up to and including those at which to stop."""
    used: set[fx.Node] = set()
    pending = list(ends)
    while pending:
        node = pending.pop()
        if node not in used:
            used.add(node)
            if not stop(node):
                pending.extend(node.all_input_nodes)
    return used


def _is_measured(graph: _Graph, early: set[fx.Node], node: fx.Node) -> bool:
    """Whether the suffix computes it from the number of photos alone: a shape, an argument left out."""
    if node not in early or graph.of_photo[node]:
        return False
    return node.op == "placeholder" or (_asks_shape(node) and any(graph.of_photo[i] for i in node.all_input_nodes))


Place = tuple[int, ...]  # where in a value a tensor lies: indices into nested tuples
Leaves = list[tuple[Place, Shape]]  # the tensors in a value, with their shapes for the first size of a batch


def _leaves(one: Any, other: Any, place: Place = ()) -> Leaves:
    """The tensors in a value that crosses, as seen for the two sizes of a batch. Raises NoCut: photos are no rows."""
    if isinstance(one, Shape):
        if (*one[:1], *other[:1]) != BATCHES or one[1:] != other[1:]:
            raise NoCut(f"{tuple(one)} has no row per photo")
        return [(place, one)]
    if isinstance(one, tuple | list):
        pairs = enumerate(zip(one, other, strict=True))
        return [leaf for i, (a, b) in pairs for leaf in _leaves(a, b, (*place, i))]
    return []


def _prefix(graph: _Graph, leaves: dict[fx.Node, Leaves]) -> fx.Graph:
    """images -> all tensors of the values that cross."""
    made = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    used = _used(leaves, lambda node: False)
    for node in graph.nodes:
        if node in used or node is graph.nodes[0]:
            copies[node] = made.node_copy(node, copies.__getitem__)
    made.output(tuple(_item(made, copies[node], place) for node in leaves for place, _ in leaves[node]))
    return made


def _item(graph: fx.Graph, value: fx.Node, place: Place) -> fx.Node:
    for index in place:
        value = graph.call_function(operator.getitem, (value, index))
    return value


def _suffix(graph: _Graph, early: set[fx.Node], leaves: dict[fx.Node, Leaves]) -> fx.Graph:
    """Those tensors -> features."""
    made = fx.Graph()
    given = {
        (node, place): made.placeholder("_".join([node.name, *map(str, place)]))
        for node in leaves
        for place, _ in leaves[node]
    }
    again = _Again(made, next(iter(given.values())))
    seen, overwriters = graph.observed.values, graph.observed.overwriters
    used = _used(graph.nodes[-1:], lambda node: node in leaves or _is_measured(graph, early, node))
    copies: dict[fx.Node, Any] = {}
    for node in graph.nodes:
        if node not in used:
            continue
        one, other = seen[node]
        if node in leaves:
            tensors = {place: given[node, place] for place, _ in leaves[node]}
            if overwriters.get(node):  # what is kept serves other epochs, too: it must stay as it is
                tensors = {place: made.call_method("clone", (tensor,)) for place, tensor in tensors.items()}
            copies[node] = again.make(one, other, tensors)
        elif _is_measured(graph, early, node):
            copies[node] = again.make(one, other, {})
        else:
            copies[node] = made.node_copy(node, copies.__getitem__)
    return made


class _Again:
    """Makes values again, for any number of photos, as they were seen for the two sizes of a batch."""

    def __init__(self, graph: fx.Graph, rows: fx.Node) -> None:
        """rows: a tensor with a row per photo."""
        self._graph, self._rows = graph, rows
        self._batch = graph.call_method("size", (rows, 0))

    def make(self, one: Any, other: Any, tensors: Mapping[Place, fx.Node], place: Place = ()) -> Any:
        """tensors: those in the value by their place in it; numbers lie on a line over the size of the batch."""
        if place in tensors:
            return tensors[place]
        if isinstance(one, tuple | list):
            pairs = enumerate(zip(one, other, strict=True))
            return type(one)(self.make(a, b, tensors, (*place, i)) for i, (a, b) in pairs)
        if isinstance(one, torch.device):  # the model may have moved since
            return self._graph.call_function(getattr, (self._rows, "device"))
        if one == other:
            return one
        if not isinstance(one, int):
            raise NoCut(f"{one} and {other} can't be computed from the number of photos")
        slope = (other - one) // (BATCHES[1] - BATCHES[0])
        scaled = self._graph.call_function(operator.mul, (self._batch, slope))
        return self._graph.call_function(operator.add, (scaled, one - slope * BATCHES[0]))
