"""Cards of all backbones: the starters, the gallery, and every pretrained model of timm."""

from dataclasses import replace
from difflib import get_close_matches
from functools import cache

from timm.models import get_pretrained_cfg, is_model, list_pretrained, model_entrypoint

from core.backbones.backbone import BackboneCard
from core.backbones.curated import CURATED, CuratedBackbone
from core.backbones.facts import facts, facts_of, pretrained_cfg_of, three_channels
from core.backbones.family_names import family_of, licence_name, training_data_of
from core.backbones.packaged import PACKAGED, find_packaged, packaged_card, packaged_file
from core.backbones.starters import find_starter, list_starters
from core.backbones.weights import weights_present
from core.errors import NotFound
from core.home import Home
from core.names import shorten

_SIZES = (64, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512)


@cache
def list_gallery() -> tuple[BackboneCard, ...]:
    """What is always here, then the chosen ones that this timm has, from small to large."""
    chosen = [_chosen_card(c) for c in CURATED if c.name in _known()]
    return _always_here() + tuple(sorted(chosen, key=lambda c: c.parameters))


def _always_here() -> tuple[BackboneCard, ...]:
    packaged = [packaged_card(each) for each in PACKAGED if packaged_file(each)]
    return (*packaged, *(starter.card for starter in list_starters()))


@cache
def get_card(name: str) -> BackboneCard:
    """The card of that name; a timm name without a tag (`resnet18`) means its usual weights.

    Raises NotFound, naming what was probably meant.
    """
    starter = find_starter(name)
    if starter is not None:
        return starter.card
    packaged = find_packaged(name)
    if packaged is not None:
        return packaged_card(packaged)
    full = name if name in _known() else _usual_weights(name)
    chosen = next((c for c in CURATED if c.name == full), None)
    return _chosen_card(chosen) if chosen else plain_card(full)


@cache
def plain_card(name: str) -> BackboneCard:
    """A card made of what timm itself says of the model."""
    config, known = pretrained_cfg_of(name), facts_of(name)
    architecture = name.split(".")[0]
    family = family_of(model_entrypoint(name).__module__)
    shown = training_data_of(config.tag or "")
    return BackboneCard(
        name=name,
        title=architecture,
        sentence=f"{family}, trained on {shown}." if shown else f"{family}.",
        architecture=architecture,
        source="hub",
        family=family,
        parameters=known.parameters,
        input_size=config.input_size[-1],
        licence=licence_name(config.license),
        weights_bytes=4 * known.file_parameters,
        origin=f"https://huggingface.co/{config.hf_hub_id}" if config.hf_hub_id else "",
        gmacs=known.gmacs,
        accuracy=known.top1,
        mean=three_channels(config.mean),
        std=three_channels(config.std),
        interpolation=config.interpolation,
        fixed_size=not known.resizes,
        one_built_size=bool(config.fixed_input_size),
    )


def default_card(home: Home) -> BackboneCard:
    """What a new plan begins with: of the gallery's small and medium backbones that were downloaded the most accurate
    one on ImageNet, else the first that is always here."""
    here = [c for c in list_gallery() if c.source == "hub" and c.size != "large" and weights_present(home, c)]
    return max(here, key=lambda c: c.accuracy or 0.0, default=list_gallery()[0])


def smaller_available(home: Home, than: BackboneCard) -> BackboneCard | None:
    """What a network could be made smaller to: the first of the gallery that is here and at most half as large."""
    return next((c for c in list_gallery() if 2 * c.parameters <= than.parameters and weights_present(home, c)), None)


def image_sizes_for(card: BackboneCard) -> tuple[int, ...]:
    """Sensible photo sides in pixels for it, ascending; its input size is among them."""
    starter = find_starter(card.name)
    if starter is not None:
        return starter.sizes
    packaged = find_packaged(card.name)
    if packaged is not None:
        return packaged.sizes
    if card.fixed_size:
        return (card.input_size,)
    step = image_size_multiple(card)
    return tuple(sorted({card.input_size} | {max(1, round(side / step)) * step for side in _SIZES}))


def image_size_multiple(card: BackboneCard) -> int:
    """Photo sides are best multiples of this many pixels: a patch of a transformer, a cell of the last stage else."""
    return facts_of(card.name).step if card.source == "hub" else 32


@cache
def _known() -> frozenset[str]:
    return frozenset(list_pretrained())


@cache
def searchable() -> tuple[str, ...]:
    """Names of all models that both this timm and the table of facts know."""
    return tuple(name for name in list_pretrained() if name in facts())


def _chosen_card(chosen: CuratedBackbone) -> BackboneCard:
    plain = plain_card(chosen.name)
    return replace(
        plain,
        title=chosen.title,
        sentence=chosen.sentence,
        input_size=chosen.input_size or plain.input_size,
        gmacs=chosen.gmacs or plain.gmacs,
        gallery=True,
    )


def _usual_weights(name: str) -> str:
    if is_model(name) and "." not in name:
        full = f"{name}.{getattr(get_pretrained_cfg(name), 'tag', '')}"
        if full in _known():
            return full
    architectures = dict.fromkeys(known.split(".")[0] for known in list_pretrained())
    names = [*(card.name for card in _always_here()), *architectures]
    near = get_close_matches(name.lower(), names, n=3, cutoff=0.6)
    raise NotFound(
        f'There is no pretrained backbone "{shorten(name)}".',
        f"Did you mean {' or '.join(near)}?" if near else "`graft backbones` lists what there is.",
    )
