"""The pass-phrase of a shared Graft: a few easy words, made up where none is given."""

import hashlib
import hmac
import re
import secrets
import unicodedata

from core.errors import BadInput

# 256 words that are easily read aloud, spelled and typed on a phone.
WORDS = """
    acorn actor album amber anchor angel ankle apple apron arrow artist autumn badge bagel baker bamboo banana barrel
    basket beach beaver beetle bench bicycle birch bishop blanket blossom bottle branch bread breeze brick bridge bronze
    brush bubble bucket butter button cabin cactus camel camera candle canoe canvas carpet carrot castle cedar cellar
    cello cherry chess chicken circle circus citrus clay cliff clock cloud clover coast cobalt coconut coffee comet
    compass copper coral corner cotton cousin coyote cradle crane crater cricket crown crystal curtain daisy dancer
    desert diamond dinner doctor dolphin donkey dragon dream drum eagle earth easel eleven ember emerald engine fabric
    falcon farmer feather fern ferry fiddle finger flame flute forest fossil fountain fox frost galaxy garden garlic
    ginger giraffe glacier globe glove goblin granite grape guitar hammer harbor harvest hazel hedge helmet heron hill
    honey horse hotel island ivory jacket jaguar jasmine jelly jungle kettle kitchen kite koala ladder lagoon lantern
    laurel lemon leopard lily lion lizard lobster lotus magnet mango maple marble meadow melon mirror mitten monkey moon
    morning mountain museum napkin needle nest noodle oasis ocean olive onion orange orchid otter owl oyster paddle
    palace panda paper parrot peach peanut pebble pelican pencil penguin pepper piano pigeon pillow pilot planet pocket
    pony poppy potato prairie puppet puzzle quartz rabbit radio raven ribbon river robin rocket sailor salad salmon
    sandal saddle school shadow shovel silver singer spider spoon spring spruce squirrel stone summer sunset swan
    table teapot temple thistle thunder ticket tiger tomato trumpet tulip tunnel turtle umbrella valley velvet village
    violin walnut
"""
WORDS_IN_ONE = 4  # 32 bits: at the 60 tries a minute that sign_in.py allows, seventy years on average
FEWEST_LETTERS, MOST_LETTERS = 8, 200


def choose_pass_phrase(share: bool, given: str | None) -> str | None:
    """The pass-phrase of a Graft that is shared, the given one or a new one; None where it is not shared.

    Raises BadInput where the given one is none.
    """
    if not share:
        return None
    return checked_pass_phrase(given) if given else make_pass_phrase()


def make_pass_phrase() -> str:
    """A few words at random, with spaces between them."""
    words = WORDS.split()
    return " ".join(secrets.choice(words) for _ in range(WORDS_IN_ONE))


def checked_pass_phrase(text: str) -> str:
    """One that somebody chose, as it will be shown. Raises BadInput where it is easily guessed, or endless."""
    phrase = " ".join(text.split())
    if not (phrase.isprintable() and FEWEST_LETTERS <= len(_comparable(phrase)) <= MOST_LETTERS):
        raise BadInput(
            f"A pass-phrase has {FEWEST_LETTERS} to {MOST_LETTERS} letters.",
            "Choose another one, or leave it out: Graft then makes one up.",
        )
    return phrase


def is_same_phrase(one: str, other: str) -> bool:
    """In constant time. Capitals, hyphens and spaces make no difference: phones add them."""
    digests = (hashlib.sha256(_comparable(text).encode("utf-8", "replace")).digest() for text in (one, other))
    return hmac.compare_digest(*digests)


def _comparable(text: str) -> str:
    return re.sub(r"[\s\-]+", "", unicodedata.normalize("NFKC", text).casefold())
