"""Pretrained networks: the gallery, the starters, weights, stages of any timm model, and where to cut it."""

from core.backbones.backbone import BackboneCard, Stage
from core.backbones.build import (
    Normalize,
    architecture_features,
    build_backbone,
    build_with_classifier,
    check_has_classifier,
    num_features,
)
from core.backbones.cards import (
    default_card,
    get_card,
    image_size_multiple,
    image_sizes_for,
    list_gallery,
    smaller_available,
)
from core.backbones.conv_bn_fusion import FusedPrefix
from core.backbones.cut import cut
from core.backbones.drop_path import has_drop_path, seed_drop_path
from core.backbones.facts import FACTS_COLUMNS, FACTS_TABLE, coarsest_stride, pretrained_cfg_of
from core.backbones.packaged import find_packaged
from core.backbones.search import search_backbones
from core.backbones.speed import SPEED_TABLE, photos_per_second
from core.backbones.stages import describe_stages, find_stages
from core.backbones.starters import find_starter, list_starters
from core.backbones.weights import download_weights, weights_present
from core.backbones.weights_check import classifier_names, fingerprint

__all__ = [
    "FACTS_COLUMNS",
    "FACTS_TABLE",
    "SPEED_TABLE",
    "BackboneCard",
    "FusedPrefix",
    "Normalize",
    "Stage",
    "architecture_features",
    "build_backbone",
    "build_with_classifier",
    "check_has_classifier",
    "classifier_names",
    "coarsest_stride",
    "cut",
    "default_card",
    "describe_stages",
    "download_weights",
    "find_packaged",
    "find_stages",
    "find_starter",
    "fingerprint",
    "get_card",
    "has_drop_path",
    "image_size_multiple",
    "image_sizes_for",
    "list_gallery",
    "list_starters",
    "num_features",
    "photos_per_second",
    "pretrained_cfg_of",
    "search_backbones",
    "seed_drop_path",
    "smaller_available",
    "weights_present",
]
