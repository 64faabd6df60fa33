"""The one bound: no input of a few hundred kilobytes takes more than 500 MB above what an ordinary import takes."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.datasets.conftest import photo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory as Linux tells it"),
]

ABOVE_BYTES = 500_000_000
INPUT_BYTES = 4_500_000  # generous: most of what is tried here has a few kilobytes
GIANT_SIDE = 10_480  # 110 megapixels, all that is allowed

# For each line that it is sent, a home and a source, it forks: importing pandas takes a second. The fork imports the
# source, looks at all of its photos as pages do, and says the outcome and the peak of its memory.
CHILD = """
import json, os, re, sys
from pathlib import Path
from core.datasets import import_dataset, thumbnail
from core.errors import GraftError
from core.home import open_home
from core.plans import read_plan

def say_outcome_and_peak(home, source):
    home, source = open_home(home), Path(source)
    try:
        if source.suffix == ".json":
            read_plan(source)
        dataset = import_dataset(home, "photos", source)
        for image_id in dataset.table["image_id"]:
            thumbnail(home, dataset, image_id)
        outcome = [f"{len(dataset)} photos", *(each.reason for each in dataset.rejected)]
    except GraftError as error:
        outcome = [error.sentence]
    peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    print(json.dumps({"outcome": outcome, "peak": 1024 * int(peak)}), flush=True)

for line in sys.stdin:
    child = os.fork()
    if not child:
        say_outcome_and_peak(*json.loads(line))
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        print(json.dumps({"outcome": [f"It ended with {status}."], "peak": 2**62}), flush=True)
"""
PeakOf = Callable[[Path], tuple[list[str], int]]


@pytest.fixture(scope="module")
def peak_of() -> Iterator[PeakOf]:
    """peak_of(source): what became of it, and the most memory that a process of its own ever held."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
    ) as process:
        assert process.stdin
        assert process.stdout
        asked, answers = process.stdin, process.stdout

        def peak_of(source: Path) -> tuple[list[str], int]:
            asked.write(json.dumps([str(source.parent / "home"), str(source)]) + "\n")
            said = json.loads(answers.readline())
            return said["outcome"], said["peak"]

        yield peak_of
        asked.close()


@pytest.fixture(scope="module")
def ordinary_peak(peak_of: PeakOf, tmp_path_factory: pytest.TempPathFactory) -> int:
    source = tmp_path_factory.mktemp("ordinary") / "photos.zip"
    write_zip(source, {f"{label}/{n}.png": photo(10 * i + n) for i, label in enumerate("ab") for n in range(4)})
    outcome, peak = peak_of(source)
    assert outcome == ["8 photos"]
    return peak


def write_zip(target: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def two_classes(content: bytes, kind: str) -> dict[str, bytes]:
    """Two photos that differ in a byte after their end."""
    return {f"a/1.{kind}": content, f"b/2.{kind}": content + b"\0"}


def png(mode: str, side: int = GIANT_SIDE) -> bytes:
    """One of a single colour, packed row by row."""
    bits, kind, row_bytes = {"RGBA": (8, 6, 4 * side), "I;16": (16, 0, 2 * side), "P": (8, 0, side)}[mode]
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(1 + row_bytes)) for _ in range(side)) + packer.flush()

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">L", len(content)) + name + content + struct.pack(">L", zlib.crc32(name + content))

    head = struct.pack(">LLBBBBB", side, side, bits, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def float_tiff(rows: int, side: int = GIANT_SIDE) -> bytes:
    """Numbers of 32 bits; every strip of so many rows is the same place in the file."""
    strip = zlib.compress(bytes(4 * side * rows), 9)
    strips = -(-side // rows)
    tags = {256: (4, side), 257: (4, side), 258: (3, 32), 259: (3, 8), 262: (3, 1), 277: (3, 1), 278: (4, rows),
            339: (3, 3)}  # fmt: skip
    lists = 8 + 2 + 12 * (len(tags) + 2) + 4
    start = lists + (8 * strips if strips > 1 else 0)
    tags[273] = (4, start if strips == 1 else lists)
    tags[279] = (4, len(strip) if strips == 1 else lists + 4 * strips)
    counts = {273: strips, 279: strips}
    entries = b"".join(
        struct.pack("<HHLL", tag, kind, counts.get(tag, 1), value) for tag, (kind, value) in sorted(tags.items())
    )
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    offsets = struct.pack(f"<{strips}L", *[start] * strips) if strips > 1 else b""
    sizes = struct.pack(f"<{strips}L", *[len(strip)] * strips) if strips > 1 else b""
    return b"II*\0" + struct.pack("<L", 8) + directory + offsets + sizes + strip


def icon(content: bytes) -> bytes:
    return struct.pack("<HHHBBBBHHLL", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(content), 22) + content


def packed_by(method: int) -> Callable[[Path], None]:
    def write(target: Path) -> None:
        with zipfile.ZipFile(target, "w", method) as archive, archive.open("a/1.png", "w", force_zip64=True) as file:
            for _ in range(600):
                file.write(bytes(2**20))

    return write


def deep_names(target: Path) -> None:
    write_zip(target, {f"{'a/' * 32_000}{number}.png": b"" for number in range(3)} | {"a/1.png": photo(1)})


def table(lines: Callable[[], Iterator[str]], count: int = 1) -> Callable[[Path], None]:
    """A zip of photos and of so many tables, which are as long as they like."""

    def write(target: Path) -> None:
        write_zip(target, {f"{label}/{n}.png": photo(n + i) for i, label in enumerate("ab") for n in range(2)})
        with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for number in range(count):
                with archive.open(f"labels{number}.csv", "w", force_zip64=True) as file:
                    file.writelines(line.encode() for line in lines())

    return write


def one_wide_row() -> Iterator[str]:
    yield "x," * 20_000 + "\n"
    yield from ["a/1.png,a\n" * 1_000] * 40


def as_wide_as_allowed() -> Iterator[str]:
    yield ",".join(f"column{number}" for number in range(4_000)) + "\n"
    yield from ["a/1.png,a\n" * 1_000] * 40


def a_million_rows() -> Iterator[str]:
    yield "file,label\n"
    yield from ["a/1.png,a\n" * 10_000] * 110


def a_third_of_a_million_rows() -> Iterator[str]:
    yield "file,label\n"
    yield from ["a/1.png,a\n" * 10_000] * 70


def one_endless_line() -> Iterator[str]:
    yield from ["🦋" * 10_000] * 4_000


def progressive_jpeg() -> bytes:
    return saved(Image.new("RGB", (9_000, 9_000), "#456"), "JPEG", progressive=True, optimize=True, subsampling=0)


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "bzip2": (packed_by(zipfile.ZIP_BZIP2), "only some programs can read (method 12)"),
    "LZMA": (packed_by(zipfile.ZIP_LZMA), "only some programs can read (method 14)"),
    "names of 32,000 folders": (deep_names, "No photo could be read|1 photos|Its name is longer"),
    "a table with one wide row": (table(one_wide_row), "is too large"),
    "a table of as many columns as there may be": (table(as_wide_as_allowed), "is too large"),
    "a table of a million rows": (table(a_million_rows), "is too large"),
    "tables that fit one by one": (table(a_third_of_a_million_rows, 8), "is too large"),
    "a table of one line": (table(one_endless_line), "has a line of more than"),
    "grey of 16 bits": (lambda target: write_zip(target, two_classes(png("I;16"), "png")), "2 photos"),
    "RGBA": (lambda target: write_zip(target, two_classes(png("RGBA"), "png")), "2 photos"),
    "fractions in strips": (lambda target: write_zip(target, two_classes(float_tiff(100), "tif")), "2 photos"),
    "fractions in one strip": (
        lambda target: write_zip(target, two_classes(float_tiff(GIANT_SIDE), "tif")),
        "MB of memory, though its file has only",
    ),
    "a PNG in an icon": (lambda target: write_zip(target, two_classes(icon(png("P", 15_000)), "ico")), "in an icon"),
    "a progressive JPEG": (
        lambda target: write_zip(target, two_classes(progressive_jpeg(), "jpg")),
        "2 photos|MB of memory, though",
    ),
    "WebP": (
        lambda target: write_zip(
            target, two_classes(saved(Image.new("RGB", (5_500, 5_500)), "WEBP", lossless=True, method=0), "webp")
        ),
        "MB of memory, though its file has only",
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_input_takes_little_more_memory_than_an_ordinary_one(
    bomb: str, peak_of: PeakOf, ordinary_peak: int, tmp_path: Path
):
    write, words = BOMBS[bomb]
    write(tmp_path / "photos.zip")
    size = (tmp_path / "photos.zip").stat().st_size
    outcome, peak = peak_of(tmp_path / "photos.zip")
    print(f"{bomb}: {size / 1e3:,.0f} kB, {(peak - ordinary_peak) / 1e6:,.0f} MB above; {outcome[:3]}")
    assert size < INPUT_BYTES
    assert any(word in said for word in words.split("|") for said in outcome), outcome[:5]
    assert peak - ordinary_peak < ABOVE_BYTES


def test_a_plan_file_is_read_as_far_as_a_plan_goes(peak_of: PeakOf, ordinary_peak: int, tmp_path: Path):
    (tmp_path / "plan.json").write_bytes(b"[" + b"0," * 50_000_000 + b"0]")
    outcome, peak = peak_of(tmp_path / "plan.json")
    assert outcome == ['The plan file "plan.json" is larger than 1 MB.']
    assert peak - ordinary_peak < ABOVE_BYTES
