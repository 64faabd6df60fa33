"""Code speaks the field's words: names of Graft's first, private language do not come back (CONTRIBUTING.md)."""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("core", "cli", "dashboard", "graft", "benchmarks", "tools", "tests")

# Whole identifiers, or a part between underscores: `wish`, `_kept_views_of`. CHANGELOG and git say what replaced them.
STRUCK = """
    arithmetic autocast_to_look averaging awake bench calibrate carry_on carry_out carrying change_strongly complain
    crosses ends_at_heads fell first_learning folding foretell foretold free_for glance growing grown grows guide
    happening hear in_its_place judging kept_activations kept_bytes kept_views lesson look_seconds looking looks
    mine of_others optimiser parts_of photo_path photos_at_once preset resident_pixels right_when_this_sure risen rose
    see_through step_back strong_changes sure sureness taught teaching telling tells three_lines told tried_in
    unheard uniforms waking wish withdraw workbench yardstick
"""
WORDS = re.compile(rf"(?:^|_)(?:{'|'.join(STRUCK.split())})s?(?:_|$)")


def identifiers(file: Path) -> Iterator[tuple[int, str]]:
    """(line, identifier in snake_case) of a Python file, without its strings and comments."""
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.NAME:
                yield token.start[0], re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", token.string).lower()


def test_no_struck_word_is_a_name_again():
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file.parent.name != "migrations"  # they read what older versions wrote
        for line, name in identifiers(file)
        if WORDS.search(name) and not name.startswith("test_")  # sentences
    ]
    assert not found, "\n" + "\n".join(found)


def test_a_struck_word_is_found_alone_and_inside_a_longer_name():
    assert all(WORDS.search(name) for name in ("wish", "_kept_views_of", "look_seconds", "happenings"))
    assert not any(WORDS.search(name) for name in ("wishbone", "cached_views", "take", "learning_rate"))
