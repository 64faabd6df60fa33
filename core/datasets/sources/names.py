"""Names of files as people and programs write them: which are photos, which are noise, which say a split."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from core.datasets.limits import FOLDERS_DEEP, PATH_LETTERS
from core.names import visible
from core.tasks import Split

_READABLE = {"jpg", "jpeg", "jpe", "jfif", "jp2", "png", "apng", "gif", "bmp", "dib", "webp", "tif", "tiff", "avif"}
_READABLE |= {"ppm", "pgm", "pbm", "pnm", "ico"}
# These cannot be read; they are taken along to be listed with a reason instead of overlooked.
_OTHERS = {"heic", "heif", "svg", "psd", "tga", "dng", "cr2", "cr3", "nef", "arw", "orf", "raf", "rw2"}
PICTURES = frozenset(_READABLE | _OTHERS)
TABLES = frozenset({"csv", "tsv", "json", "jsonl"})
ARCHIVES = frozenset(["zip", "rar", "7z", "tar", "gz", "tgz", "bz2", "xz"])
TOO_DEEP = f"Its name is longer than {PATH_LETTERS:,} letters, or it lies in more than {FOLDERS_DEEP} folders."
_NOISE = frozenset(
    {"__macosx", "@eadir", "$recycle.bin", "system volume information", "thumbs.db", "desktop.ini", "icon\r"}
)
LONGEST_SPLIT = 24  # letters of a word that may name a split


def words(text: str) -> frozenset[str]:
    """The words of a text that lists some."""
    return frozenset(text.split())


# English, German, French, Spanish, Italian, Portuguese; without accents, as `plain_letters` leaves them.
_TRAIN = words(
    """
    train training learn learning trainieren lernen trainings entrainement apprentissage entrenamiento entreno
    addestramento allenamento treino treinamento treinar
    """
)
_VALIDATION = words(
    """
    val valid validation validate validating dev devel development validierung validieren validacion validazione
    convalida validacao valida
    """
)
_TEST = words(
    """
    test testing tests holdout heldout eval evaluation evaluate pruefung prufung testen essai prueba pruebas
    evaluacion prova verifica valutazione teste testes avaliacao
    """
)
_SPLITS: dict[str, Split] = {
    **dict.fromkeys(_TRAIN, "train"),
    **dict.fromkeys(_VALIDATION, "validation"),
    **dict.fromkeys(_TEST, "test"),
}
# What is written before or after such a word: train_images, testset, Trainingsdaten.
_BESIDE_SPLITS = words("set sets data daten split images image imgs img photos photo bilder fotos folder menge dataset")


def ending(name: str) -> str:
    """`jpg` for `a/B.JPG`; empty when there is none."""
    stem, _, kind = name.rstrip("/").rpartition("/")[2].rpartition(".")  # pathlib takes ten times as long
    return kind.lower() if stem else ""


def is_noise(name: str) -> bool:
    """Hidden files and what operating systems strew about; nobody means those."""
    return any(part.startswith(".") or part.lower() in _NOISE for part in name.split("/"))


@lru_cache(maxsize=4_096)  # asked for each folder of each photo
def split_named(word: str) -> Split | None:
    """The split a folder or a cell of a table names: "Train", "val", "test_set", "Validierung"."""
    if len(word) > LONGEST_SPLIT:
        return None
    letters = re.sub(r"[^a-z]", "", plain_letters(word))
    if letters in _SPLITS:
        return _SPLITS[letters]
    for beside in _BESIDE_SPLITS:
        inner = letters.removesuffix(beside) if letters.endswith(beside) else letters.removeprefix(beside)
        if inner != letters and inner in _SPLITS:
            return _SPLITS[inner]
    return None


def split_in(name: str) -> Split | None:
    """The split that one word of a longer name says: "labels-train", "my_test_v2"; None where several do."""
    found = {split for word in re.split(r"[^a-z]+", plain_letters(name)) if word and (split := split_named(word))}
    return found.pop() if len(found) == 1 else None


def plain_letters(text: str) -> str:
    """Lower case without accents: "Gr\u00fc\u00dfe" is "grusse"."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isascii())


def is_too_deep(name: str) -> bool:
    """Whether a name inside a source is longer, or lies in more folders, than anybody's files do."""
    return len(name) > PATH_LETTERS or name.count("/") + name.count("\\") > FOLDERS_DEEP


def tidy(text: str) -> str:
    """Text as it is shown and compared: composed letters (macOS stores "e" + accent), no control characters."""
    if text.isascii() and text.isprintable():  # nearly all names; a table may have millions of cells
        return " ".join(text.split())
    return " ".join(unicodedata.normalize("NFC", visible(text)).split())


def tidy_path(name: str) -> str | None:
    """A name inside a source with forward slashes; None when it climbs out or starts at a root."""
    name = name.replace("\\", "/")
    parts = [tidy(part) for part in name.split("/")]
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts:
        return None
    return "/".join(part for part in parts if part not in ("", ".")) or None


def legacy_encoding(names: Iterable[bytes]) -> str:
    """The encoding of a zip's names that are not marked as UTF-8: the first that makes sense of all of them.

    The format says code page 437; programs write what their Windows uses. Each guess must explain every letter, so
    that German or Spanish names in 437 are not taken for Cyrillic or Chinese ones. Korean bytes cannot be told from
    Chinese ones, which are the commoner.
    """
    joined = b"\n".join(names)
    for encoding, makes_sense in _GUESSES:
        try:
            if makes_sense(joined.decode(encoding)):
                return encoding
        except UnicodeDecodeError:
            continue
    return "cp437"


def _letters(text: str, *scripts: str) -> bool:
    foreign = [letter for letter in text if ord(letter) > 127]
    return all(unicodedata.name(letter, "").startswith(scripts) for letter in foreign)


def _is_japanese(text: str) -> bool:
    kana = any(unicodedata.name(letter, "").startswith(("HIRAGANA", "KATAKANA")) for letter in text)
    return kana and _letters(text, "HIRAGANA", "KATAKANA", "CJK", "IDEOGRAPHIC")


def _is_russian(text: str) -> bool:
    mixed = re.search(r"[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]", text)
    return not mixed and _letters(text, "CYRILLIC", "NUMERO")


_GUESSES = (
    ("utf-8", lambda text: True),
    ("shift_jis", _is_japanese),
    ("gb2312", lambda text: _letters(text, "CJK")),
    ("cp866", _is_russian),
)
