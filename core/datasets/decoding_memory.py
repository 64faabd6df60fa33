"""What decoding a picture takes at its peak, known before it begins, and a limit on all that decodes at once.

A picture of one colour is a few kilobytes for any number of pixels. So what takes much memory must come in a file of a
size to match, and pictures wait for each other where together they would take more than `DECODING_BYTES`.
"""

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from PIL import ExifTags, Image, TiffImagePlugin

from core.datasets.limits import DECODING_BYTES, DECODING_RATIO, ICON_PIXELS, MAX_PIXELS
from core.errors import BadDataset

ICON = b"\0\0\1\0"

# Bytes of each pixel in Pillow's memory: RGB takes as many as RGBA, 16 bits half a copy more when they are scaled.
_SMALL_MODES = {"1": 1, "L": 1, "P": 1, "I;16": 3, "I;16B": 3, "I;16L": 3, "I;16N": 3}
# What decoders take beside the picture, in bytes per pixel, measured at 20 megapixels: WebP keeps two canvases, its own
# pixels and a copy as bytes; AVIF up to 12 bits of each channel and the copy; JPEG 2000 32 bits of each channel.
_SCRATCH = {"WEBP": 13, "AVIF": 12, "JPEG2000": 21}
_COEFFICIENT_BYTES = 2  # a progressive JPEG keeps those of all its channels until its end, at any reduced size


def refuse_giant(image: Image.Image) -> None:
    """Raises BadDataset for a picture of more pixels than any camera has."""
    if image.width * image.height > MAX_PIXELS:
        raise giant(f"{image.width * image.height / 1e6:,.0f} megapixels")


def giant(size: str) -> BadDataset:
    return BadDataset(
        f"The picture is too large: {size}, where Graft reads up to {MAX_PIXELS / 1e6:.0f} megapixels.",
        "Save it smaller.",
    )


def refuse_giant_icon(file: IO[bytes]) -> None:
    """An icon's directory says at most 256 x 256 whatever its pictures are, and Pillow decodes while it opens one.

    Raises BadDataset for larger pictures inside, and struct.error for a file that ends too early.
    """
    (count,) = struct.unpack("<4xH", file.read(6))
    places = [struct.unpack("<12xL", file.read(16))[0] for _ in range(count)]
    for place in places:
        file.seek(place)
        head = file.read(24)
        is_png = head.startswith(b"\x89PNG")
        width, height = struct.unpack_from(">16xLL" if is_png else "<4xll", head)
        if abs(width * height) > ICON_PIXELS:
            raise giant(f"{abs(width * height) / 1e6:,.0f} megapixels in an icon")
    file.seek(0)


def scratch_bytes(image: Image.Image) -> int:
    """What the decoder takes beside the picture. Asked of a picture that is opened and not reduced yet."""
    pixels = image.width * image.height
    if image.format in ("JPEG", "MPO") and image.info.get("progressive"):
        return pixels * _COEFFICIENT_BYTES * len(image.getbands())
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        turned = picture_bytes(image) if image.tag_v2.get(ExifTags.Base.Orientation, 1) != 1 else 0  # a copy
        return _strip_bytes(image) + turned
    return pixels * _SCRATCH.get(image.format or "", 0)


def _strip_bytes(image: TiffImagePlugin.TiffImageFile) -> int:
    """Of one strip or tile of a TIFF, which is unpacked whole: at worst all of the picture is one."""
    tags = image.tag_v2
    if TiffImagePlugin.TILEWIDTH in tags:
        pixels = tags[TiffImagePlugin.TILEWIDTH] * tags.get(TiffImagePlugin.TILELENGTH, image.height)
    else:
        pixels = image.width * min(image.height, tags.get(TiffImagePlugin.ROWSPERSTRIP, image.height))
    bits = tags.get(TiffImagePlugin.BITSPERSAMPLE, (8,))
    return int(pixels) * max(sum(bits), bits[0] * tags.get(TiffImagePlugin.SAMPLESPERPIXEL, 1)) // 8


def picture_bytes(image: Image.Image) -> int:
    """What the picture itself takes, at the size that it is decoded to."""
    return image.width * image.height * _SMALL_MODES.get(image.mode, 4)


class _Room:
    """Memory for pictures that are decoded at the same time, by whichever threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken_bytes = 0

    @contextmanager
    def reserved(self, count: int) -> Iterator[None]:
        """Waits until so many bytes are free; what is larger than all of the room is let in alone."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken_bytes or self._taken_bytes + count <= DECODING_BYTES)
            self._taken_bytes += count
        try:
            yield
        finally:
            with self._changed:
                self._taken_bytes -= count
                self._changed.notify_all()


ROOM = _Room()


def refuse_bomb(needed_bytes: int, file_bytes: int) -> None:
    """Raises BadDataset for a picture that takes much memory though its file is small: it shows next to nothing."""
    if needed_bytes > max(DECODING_BYTES, DECODING_RATIO * file_bytes):
        raise BadDataset(
            f"The picture would take {needed_bytes / 1e6:,.0f} MB of memory, though its file has only "
            f"{file_bytes / 1e3:,.0f} kB.",
            "Save it smaller, or as PNG.",
        )
