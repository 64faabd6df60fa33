"""Pretrained networks: the gallery, the starters, weights, stages of any timm model, and where to cut it."""

from core.backbones.backbone import BackboneCard, Stage
from core.backbones.build import build, build_whole, check_can_teach, feature_count
from core.backbones.cards import card, default_card, gallery, sizes_for, smaller_here, step_of
from core.backbones.search import search
from core.backbones.stages import describe_stages, stages
from core.backbones.weights import fetch, is_present

__all__ = [
    "BackboneCard",
    "Stage",
    "build",
    "build_whole",
    "card",
    "check_can_teach",
    "default_card",
    "describe_stages",
    "feature_count",
    "fetch",
    "gallery",
    "is_present",
    "search",
    "sizes_for",
    "smaller_here",
    "stages",
    "step_of",
]
