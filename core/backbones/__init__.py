"""Pretrained networks: the gallery, the starters, weights, stages of any timm model, and where to cut it."""

from core.backbones.backbone import BackboneCard, Stage
from core.backbones.build import build, build_whole, check_can_teach, feature_count
from core.backbones.cards import card, default_card, gallery, sizes_for, smaller_here, step_of
from core.backbones.conv_bn_fusion import FusedPrefix
from core.backbones.cut import cut
from core.backbones.facts import COLUMNS, TABLE, coarsest_step, config_of
from core.backbones.search import search
from core.backbones.stages import describe_stages, stages
from core.backbones.starters import find_starter, starters
from core.backbones.weights import fetch, is_present
from core.backbones.weights_check import classifiers_of, fingerprint

__all__ = [
    "COLUMNS",
    "TABLE",
    "BackboneCard",
    "FusedPrefix",
    "Stage",
    "build",
    "build_whole",
    "card",
    "check_can_teach",
    "classifiers_of",
    "coarsest_step",
    "config_of",
    "cut",
    "default_card",
    "describe_stages",
    "feature_count",
    "fetch",
    "find_starter",
    "fingerprint",
    "gallery",
    "is_present",
    "search",
    "sizes_for",
    "smaller_here",
    "stages",
    "starters",
    "step_of",
]
