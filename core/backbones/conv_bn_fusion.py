"""Batch norms put into the convolutions before them, for what only looks: the same answers, less to compute."""

import copy
from collections import Counter
from contextlib import ExitStack

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

AGREE = 1e-3  # of the largest answer: so far may answers lie apart, by rounding


class FusedPrefix:
    """A prefix that folds itself when it looks for the first time: where all is kept already, it never does."""

    def __init__(self, prefix: nn.Module) -> None:
        self._prefix = prefix
        self._folded: nn.Module | None = None

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        if self._folded is None:
            self._folded = fuse_conv_bn(self._prefix, images[:2])
        return self._folded(images)


def fuse_conv_bn(prefix: nn.Module, images: Tensor) -> nn.Module:
    """A copy of a prefix in eval mode (`core.backbones.cut`) in which each batch norm behind a convolution is part of
    it. The prefix itself, where there is none, or where answers to `images` [batch, 3, side, side] would be others.
    """
    with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
        pairs = _pairs(prefix, images)
        if not pairs:
            return prefix
        copied = _copy(prefix)
        for convolution, norm in pairs.items():
            _fold(copied, convolution, norm)
        copied.eval()  # whatever becomes of the original
        same = all(map(_agree, prefix(images), copied(images)))
    return copied if same else prefix


def _pairs(prefix: nn.Module, images: Tensor) -> dict[str, str]:
    """Names of convolutions, and of the batch norms that take what they give; each runs once for a photo."""
    gives: dict[int, str] = {}
    takes: dict[str, str] = {}
    runs: Counter[str] = Counter()
    alive: list[Tensor] = []  # else another tensor could get the place of one that is gone, and be taken for it

    with ExitStack() as hooks:
        for name, module in prefix.named_modules():
            if not isinstance(module, nn.Conv2d) and not _is_batch_norm(module):
                continue

            def seen(module: nn.Module, given: tuple[Tensor, ...], given_back: Tensor, name: str = name) -> None:
                runs[name] += 1
                if isinstance(module, nn.Conv2d):
                    gives[id(given_back)] = name
                    alive.append(given_back)
                elif id(given[0]) in gives:
                    takes[gives[id(given[0])]] = name

            hooks.enter_context(module.register_forward_hook(seen))
        prefix(images)
    return {convolution: norm for convolution, norm in takes.items() if runs[convolution] == runs[norm] == 1}


def _is_batch_norm(module: nn.Module) -> bool:
    return type(module) is nn.BatchNorm2d or isinstance(module, BatchNormAct2d)


def _copy(prefix: nn.Module) -> nn.Module:
    if not isinstance(prefix, fx.GraphModule):
        return copy.deepcopy(prefix)
    # Not a deep copy of all of it: a part knows the model that it is of, and that would come along.
    root = nn.Module()
    seen: dict[int, object] = {}  # a module that stands in two places stays one
    for name, child in prefix.named_children():
        root.add_module(name, copy.deepcopy(child, seen))
    for name, value in (*prefix.named_parameters(recurse=False), *prefix.named_buffers(recurse=False)):
        setattr(root, name, value)
    return fx.GraphModule(root, copy.deepcopy(prefix.graph))


def _fold(copied: nn.Module, convolution: str, norm: str) -> None:
    conv, behind = copied.get_submodule(convolution), copied.get_submodule(norm)
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(behind, nn.BatchNorm2d)
    assert behind.running_mean is not None
    assert behind.running_var is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, behind.running_mean, behind.running_var, behind.eps, behind.weight, behind.bias
    )
    kept = [behind.drop, behind.act] if isinstance(behind, BatchNormAct2d) else []
    copied.set_submodule(norm, nn.Sequential(*kept))


def _agree(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= AGREE * one.abs().max())
