"""How well near copies are found, how often different photos are taken for copies, and what an import pays for it.

    python benchmarks/near_copies.py                 with the photos in ../shared/data, beside the checkout

The limits in `core.datasets.copies` were chosen on the training photos of clothing-small. The other sets check them.
"""

import argparse
import io
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image

from benchmarks.experiment import argument_parser
from benchmarks.report import Table, save_report
from core.datasets import copies, decoding, import_dataset, originals
from core.errors import BadDataset
from core.home import open_home

CHOSEN_ON = "clothing, training photos"
LIMITS = (8, 12, 16, 20, 24, 28, 32, 40)  # bits of 256
COPIED = 300  # photos of each set that are copied in every way
DATA = Path(__file__).parents[2] / "shared" / "data"


def sets(data: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(title, photos by name) of each set."""
    clothing = read_zip(data / "clothing-small.zip")
    yield CHOSEN_ON, {name: photo for name, photo in clothing.items() if "train/" in name}
    yield "office-caltech", read_zip(data / "office-caltech10.zip")
    yield "ants and bees", read_zip(data / "extra-ants-bees.zip")
    yield "Tiny-ImageNet, 64 pixels", read_zip(data / "tiny-imagenet-200" / "val.zip")


def read_zip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if Path(name).suffix in (".jpg", ".webp")]
        return {name: archive.read(name) for name in names}


def encoded(image: Image.Image, kind: str, **how: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def saved_again(photo: bytes) -> dict[str, bytes]:
    """The photo as people save it again."""
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    half, quarter = (image.resize((image.width // n, image.height // n), Image.Resampling.BICUBIC) for n in (2, 4))
    return {
        "JPEG, quality 50": encoded(image, "JPEG", quality=50),
        "JPEG, quality 20": encoded(image, "JPEG", quality=20),
        "PNG": encoded(image, "PNG"),
        "WebP, quality 60": encoded(image, "WEBP", quality=60),
        "half as wide, quality 80": encoded(half, "JPEG", quality=80),
        "half as wide, quality 40": encoded(half, "JPEG", quality=40),
        "a quarter as wide, quality 80": encoded(quarter, "JPEG", quality=80),
    }


def code(photo: bytes) -> bytes | None:
    try:
        return copies.fingerprint(decoding.inspect(photo).miniature)
    except BadDataset:
        return None


def found_share(photos: dict[str, bytes]) -> dict[str, float]:
    """Percent of copies that are numbered like the photo, by how it was saved again."""
    some = random.Random(0).sample(sorted(photos), min(COPIED, len(photos)))
    hits: dict[str, list[bool]] = {}
    for name in some:
        original = code(photos[name])
        for way, copy in saved_again(photos[name]).items():
            numbers = copies.number_pictures(["original", "copy"], [original, code(copy)])
            hits.setdefault(way, []).append(bool(numbers[0] == numbers[1]))
    return {way: 100 * sum(each) / len(each) for way, each in hits.items()}


def close_pairs(photos: dict[str, bytes]) -> dict[int, int]:
    """How many pairs of files of different content differ by so many bits at most, with mean colours alike."""
    codes = [each for each in map(code, dict.fromkeys(photos.values())) if each]
    table = np.frombuffer(b"".join(codes), dtype=np.uint8).reshape(len(codes), -1)
    bits = np.ascontiguousarray(table[:, : copies.BITS_BYTES]).view(np.uint64)
    colour = table[:, copies.BITS_BYTES :].astype(np.int16)
    counts = dict.fromkeys(LIMITS, 0)
    for row in range(len(table)):
        apart = np.bitwise_count(bits[row + 1 :] ^ bits[row]).sum(axis=1)
        alike = np.abs(colour[row + 1 :] - colour[row]).max(axis=1, initial=0) <= copies.MAX_COLOUR
        for limit in LIMITS:
            counts[limit] += int(((apart <= limit) & alike).sum())
    return counts


def import_costs(source: Path, rounds: int) -> tuple[int, list[tuple[str, float, float]]]:
    """Photos, and (with or without fingerprints, seconds, seconds of processor): the least of rounds that alternate."""
    took: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
    photos = 0
    for _ in range(rounds):
        for way, make in (("without", lambda image: None), ("with", copies.fingerprint)):
            originals.fingerprint = make
            with tempfile.TemporaryDirectory() as folder:
                home = open_home(folder)
                wall, processor = time.perf_counter(), time.process_time()
                photos = len(import_dataset(home, "photos", source))
                took[way].append((time.perf_counter() - wall, time.process_time() - processor))
    return photos, [(way, min(t[0] for t in each), min(t[1] for t in each)) for way, each in took.items()]


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, "near_copies")
    parser.add_argument("--data", type=Path, default=DATA, help="laid out as CONTRIBUTING.md says")
    parser.add_argument("--rounds", type=int, default=5, help="imports of each set, with and without fingerprints")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f'There is no folder "{arguments.data}". Name the one with the photos: --data FOLDER.')
    return arguments


def main() -> None:
    arguments = _arguments()
    data = arguments.data
    found, close, sizes = {}, {}, {}
    for title, photos in sets(data):
        found[title], close[title], sizes[title] = found_share(photos), close_pairs(photos), len(photos)
    costs = []
    for source in (data / "tiny-imagenet-200" / "val.zip", data / "clothing-small.zip"):
        count, ways = import_costs(source, arguments.rounds)
        costs += [(source.stem, count, *way) for way in ways]
    ways = next(iter(found.values()))
    print(
        save_report(
            arguments.name,
            Table(
                "Copies that are found, %",
                ("saved again as", *found),
                [(way, *(each[way] for each in found.values())) for way in ways],
            ),
            Table(
                "Pairs of other photos that so few bits of 256 tell apart",
                ("set", "photos", *(f"at most {limit}" for limit in LIMITS)),
                [(title, sizes[title], *counts.values()) for title, counts in close.items()],
                f"Pairs within {copies.MAX_BITS} bits are taken for copies.",
            ),
            Table(
                "What an import pays",
                ("set", "photos", "fingerprints", "seconds", "seconds of processor"),
                costs,
            ),
        )
    )


if __name__ == "__main__":
    main()
