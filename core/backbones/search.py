"""Finding a backbone among all of timm's pretrained models by a few words, misspelt ones too."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from timm.models import model_entrypoint

from core.backbones.backbone import BackboneCard
from core.backbones.cards import get_card, list_gallery, searchable
from core.backbones.facts import facts
from core.backbones.family_names import family_of


@dataclass(frozen=True)
class _Entry:
    """One backbone as the search sees it.

    named: words of its name and title, whole and with letters and digits apart (`resnet50`, `resnet`, `50`).
    related: the same of its family. run_together: its name without separators; title: likewise.
    """

    name: str
    named: frozenset[str]
    related: frozenset[str]
    run_together: str
    title: str
    in_gallery: bool
    accuracy: float


def search_backbones(text: str, limit: int = 50) -> tuple[BackboneCard, ...]:
    """The backbones that fit, best first: by how well the words fit, then the gallery's, then the more accurate.

    Every word must fit: as a whole word of the name, title or family, as the beginning of one, anywhere in the
    name, or, when no backbone has it at all, as a close misspelling. No words give the gallery.
    """
    words = re.findall(r"[a-z0-9]+", text.lower())
    if not words:
        return list_gallery()[:limit]
    mended = [_mend(word) for word in words]
    scored = [(score, entry) for entry in _index() if (score := _fit(mended, entry)) > 0]
    scored.sort(key=lambda pair: (-pair[0], not pair[1].in_gallery, -pair[1].accuracy, len(pair[1].name)))
    return tuple(get_card(entry.name) for _, entry in scored[:limit])


def _fit(words: list[str], entry: _Entry) -> int:
    """The sum over the words, 0 as soon as one does not fit. What begins as was typed, and the gallery, count more."""
    begins = any(start.startswith("".join(words)) for start in (entry.run_together, entry.title))
    total = 2 * begins + entry.in_gallery
    for word in words:
        if word in entry.named:
            total += 4
        elif word in entry.related or any(known.startswith(word) for known in entry.named):
            total += 3
        elif word in entry.run_together:
            total += 1
        else:
            return 0
    return total


@cache
def _mend(word: str) -> str:
    """The word, or the nearest one that some backbone has."""
    if any(word in entry.run_together or word in entry.named or word in entry.related for entry in _index()):
        return word
    near = get_close_matches(word, _vocabulary(), n=1, cutoff=0.6)
    return near[0] if near else word


@cache
def _vocabulary() -> list[str]:
    return sorted({word for entry in _index() for word in entry.named | entry.related if len(word) > 2})


@cache
def _index() -> tuple[_Entry, ...]:
    shown = {c.name: c for c in list_gallery()}
    always_here = [c.name for c in list_gallery() if c.source != "hub"]
    return tuple(_entry(name, shown.get(name)) for name in [*always_here, *searchable()])


def _entry(name: str, shown: BackboneCard | None) -> _Entry:
    known = facts().get(name)
    return _Entry(
        name=name,
        named=_words_of(f"{name} {shown.title if shown else ''}"),
        related=_words_of(shown.family if shown else family_of(model_entrypoint(name).__module__)),
        run_together=_run_together(name),
        title=_run_together(shown.title if shown else name),
        in_gallery=shown is not None,
        accuracy=known.top1 if known and known.top1 else 0.0,
    )


def _run_together(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()) + re.findall(r"[a-z]+|\d+", text.lower()))
