"""From a file that anybody's camera, scanner or program wrote to right RGB pixels, or to a reason in words.

Pillow opens every file and says what is wrong with it. Ordinary JPEGs are then decoded by torchvision, which lets more
threads run at once, and every photo is resized by torch, in integers on every processor. The `predict.py` that people
take home decodes by Pillow alone and resizes by torch: both decoders are libjpeg-turbo, so it sees the same pixels.
"""

import io
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

import numpy as np
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

from core.datasets.copies import SIDE as MINIATURE_SIDE
from core.datasets.decoding_memory import (
    ICON,
    ROOM,
    giant,
    picture_bytes,
    refuse_bomb,
    refuse_giant,
    refuse_giant_icon,
    scratch_bytes,
)
from core.datasets.limits import MAX_PIXELS
from core.errors import BadDataset

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 2  # of what `decode_for` gives: another number when the same file gives other pixels
BAND_PIXELS = 2**18  # converted at once, where a picture is not RGB in itself
# Pillow warns above its own limit and refuses at twice that; one limit for both, and the warning never shows, since
# `_opened` refuses first.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# What is wrong with a file stands in the list of what was left out; Pillow's own warnings would fill the screen.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Left out on purpose: EPS (Pillow would start Ghostscript on it), and TGA (has no signature, so texts pass for it).
_WANTED = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "ICO")
Image.init()
FORMATS = tuple(name for name in _WANTED if name in Image.OPEN)

# What Pillow's readers raise on damaged files, all of it seen: each reader trusts the file in its own way.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    AttributeError,
    RuntimeError,  # the AVIF decoder
    struct.error,
    zlib.error,
)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Source = Path | bytes  # a file, or what would be in it
Box = tuple[int, int, int, int]  # left, top, right, bottom
Pixels = TypeVar("Pixels", np.ndarray, "Tensor")


class Inspected(NamedTuple):
    """size: (width, height) in full. miniature: all of the picture averaged down to a small square, as RGB."""

    size: tuple[int, int]
    miniature: Image.Image


def inspect(source: Source) -> Inspected:
    """A picture that was really decoded to its end, at reduced size where that is quicker.

    Raises BadDataset with the reason why it cannot be a photo; its sentence names no file, so it fits in a list.
    """
    # Down to an eighth of a JPEG's pixels, yet every byte of it is read.
    with _opened(source, 2 * MINIATURE_SIDE) as (image, full_size):
        is_turned = image.format != "TIFF" and _orientation(image) in (5, 6, 7, 8)  # Pillow turns TIFF by itself
        image.load()
        times = max(1, min(image.size) // (2 * MINIATURE_SIDE))
        miniature = _shrunk(image, times, (MINIATURE_SIDE, MINIATURE_SIDE), Image.Resampling.BOX)
        return Inspected(full_size[::-1] if is_turned else full_size, miniature)


def has_more_pages(source: Source) -> bool:
    """Whether there are pages or frames after the first, which is the one that counts. Raises BadDataset."""
    with _opened(source) as (image, _):
        return bool(getattr(image, "is_animated", False))


def decode(source: Source) -> Image.Image:
    """The picture in full size: RGB, EXIF turned, first frame, transparent parts white. Raises BadDataset."""
    with _opened(source) as (image, _):
        image.load()
        return _right_rgb(image)


def decode_for(source: Source, side: int) -> np.ndarray:
    """The picture as networks get it: uint8 [side, side, 3]. Raises BadDataset.

    The one path for the pixel store, for trying a photo and for `predict.py`: photos far above `side` are decoded or
    reduced to a half, a quarter, ... first, which changes pixels by a level or two, so every user must do it alike.
    """
    with _opened(source, 2 * side) as (image, full_size):  # twice the wanted size, as Pillow's own thumbnails keep
        pixels = _by_torchvision(image) if image.size == full_size else None
        if pixels is not None:
            left, top, right, bottom = _centre_square(image.size)
            return _resized(pixels[:, top:bottom, left:right], side)
        image.load()
        times, box = _reduced_square(_seen_size(image), side)
        return _resized(_as_tensor(_right_rgb(image, times, box)), side)


def decode_within(source: Source, side: int) -> Image.Image:
    """The whole picture, its longer side at most `side`: for looking at. Raises BadDataset."""
    with _opened(source, 2 * side) as (image, _):
        image.load()
        width, height = image.size
        times = max(1, min(max(width, height) // (2 * side), width, height))
        scale = min(1.0, side / max(width, height))
        small = max(1, round(width * scale)), max(1, round(height * scale))
        return _shrunk(image, times, small, Image.Resampling.BICUBIC)


def _shrunk(image: Image.Image, times: int, size: tuple[int, int], filter_: Image.Resampling) -> Image.Image:
    """A loaded picture as RGB: averaged down by a whole number, resized, turned. size: before it is turned."""
    width, height = image.size
    rgb = _part(image, times, (0, 0, width, height))
    # The last row and column may stand for less than `times` pixels each.
    return _turned(rgb.resize(size, filter_, box=(0, 0, width / times, height / times)), _orientation(image))


def prepare_image(image: Image.Image, side: int) -> np.ndarray:
    """The centre square of an RGB picture, resized (bicubic, antialiased) to uint8 [side, side, 3].

    One of at least 4 x side is first averaged down by a whole number to about 2 x side: at 12 megapixels that is eight
    times as fast.
    """
    times, box = _reduced_square(image.size, side)
    return _resized(_as_tensor(image.reduce(times, box)), side)


def evaluation_pixels(photo: "Source | Image.Image", image_size: int) -> np.ndarray:
    """A photo as networks are evaluated on it, uint8 [image_size, image_size, 3]: decoded, resized, the centre cropped.

    photo: a file, its content, or a picture that `decode` made of it. Raises BadDataset.
    """
    side = store_side(image_size)
    pixels = prepare_image(photo, side) if isinstance(photo, Image.Image) else decode_for(photo, side)
    return np.moveaxis(center_crop(np.moveaxis(pixels, -1, 0), image_size), 0, -1)


def center_crop(pixels: Pixels, size: int) -> Pixels:
    """The centre [..., size, size] of pixels [..., side, side]: the evaluation crop."""
    start = (pixels.shape[-1] - size) // 2
    return pixels[..., start : start + size, start : start + size]


def store_side(image_size: int) -> int:
    """ceil(1.15 x image size): a little more than training needs, so that random crops have room to move."""
    return -(-115 * image_size // 100)


def _reduced_square(size: tuple[int, int], side: int) -> tuple[int, Box]:
    """By how much to average a picture down, and its centre square, whose side is a multiple of that."""
    times = max(1, min(size) // (2 * side))
    # The square is cut out before anything is resized: a panorama of 20,000 x 20 pixels would be enlarged whole.
    return times, _centre_square(size, times)


def _centre_square(size: tuple[int, int], multiple: int = 1) -> Box:
    """Left, top, right, bottom of the largest centred square whose side is such a multiple."""
    width, height = size
    edge = min(size) // multiple * multiple
    left, top = (width - edge) // 2, (height - edge) // 2
    return left, top, left + edge, top + edge


def _by_torchvision(image: Image.Image) -> "Tensor | None":
    """An opened JPEG as uint8 [3, height, width]; None where Pillow is to decode it, or to say what is wrong with it.

    The same pixels as Pillow's: 1,167 of 1,167 damaged JPEGs that both still read came out equal to the last bit, and
    none that Pillow refuses was read. Grey, CMYK and turned photos are left to Pillow.
    """
    if not isinstance(image, JpegImageFile) or image.fp is None or image.mode != "RGB" or _orientation(image) != 1:
        return None
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg

    image.fp.seek(0)
    content = torch.frombuffer(bytearray(image.fp.read()), dtype=torch.uint8)
    try:
        return decode_jpeg(content, mode=ImageReadMode.RGB)
    except (RuntimeError, AttributeError):  # refused; or torchvision was built without libjpeg
        return None


def _as_tensor(rgb: Image.Image) -> "Tensor":
    """uint8 [3, height, width]"""
    # Here and not above: torch takes a second to load, and those who only list or draw datasets need none of it.
    import torch

    return torch.from_numpy(np.array(rgb)).permute(2, 0, 1)


def _resized(square: "Tensor", side: int) -> np.ndarray:
    """uint8 [3, edge, edge] as uint8 [side, side, 3]: three times as fast as Pillow's, and within two levels of it."""
    from torch.nn import functional

    resized = functional.interpolate(square[None], (side, side), mode="bicubic", antialias=True)[0]
    return resized.permute(1, 2, 0).numpy()


@contextmanager
def _opened(source: Source, reduced_to: int = 0) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """The picture with nothing decoded yet, and its full size; whatever goes wrong in the block becomes BadDataset.

    reduced_to: a JPEG is read at a half, a quarter or an eighth, as long as its sides stay above that, and nothing of
    the picture is there after the block; 0 leaves it. The memory that decoding takes is reserved while the block lasts.
    """
    try:
        with _stream(source) as file, Image.open(_checked_icon(file), formats=FORMATS) as image:
            refuse_giant(image)
            full_size, scratch = image.size, scratch_bytes(image)
            if reduced_to:
                image.draft("RGB", (reduced_to, reduced_to))
            needed = scratch + picture_bytes(image)
            refuse_bomb(needed, file.seek(0, os.SEEK_END))
            with ROOM.reserved(needed):
                try:
                    yield image, full_size
                finally:
                    if reduced_to:
                        image.close()  # its pixels are free before the next picture takes the room
    except Image.DecompressionBombError as error:
        raise giant("far more") from error
    except Image.UnidentifiedImageError as error:
        raise BadDataset(*_what_it_is(_head(source))) from error
    except MemoryError as error:
        raise BadDataset("The picture does not fit into this machine's memory.", "Make it smaller.") from error
    except _DAMAGED as error:
        raise BadDataset(*_what_broke(error)) from error


def _stream(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if not stat.S_ISREG(source.stat().st_mode):  # opening a pipe waits until somebody writes into it
        raise BadDataset("It is a folder, a pipe or a device, and no file.", "Choose a photo.")
    return source.open("rb")


def _checked_icon(file: BinaryIO) -> BinaryIO:
    """The same file. Pillow decodes an icon while it opens it, so what is in it is looked at before."""
    is_icon = file.read(len(ICON)) == ICON
    file.seek(0)
    if is_icon:
        refuse_giant_icon(file)
    return file


def _head(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source[:16]
    with source.open("rb") as file:
        return file.read(16)


def _what_it_is(head: bytes) -> tuple[str, str]:
    """Why a file with these first bytes is not taken: (sentence, remedy)."""
    if not head:
        return "The file is empty.", "Copy it again from where it came."
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}:
        return "The file is a HEIC photo, which Graft cannot read.", "Export it as JPEG from the phone or computer."
    if head[:4] in {b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\x89PNG", b"GIF8", b"RIFF"}:
        return "The file is cut off or damaged: it begins like a picture and goes no further.", "Copy it again."
    return "The file is not a picture that Graft can read.", "Use JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF."


def _what_broke(error: BaseException) -> tuple[str, str]:
    if isinstance(error, OSError) and error.errno is not None:
        return f"The file cannot be read: {error.strerror}.", "Check that it is still there and may be read."
    words = str(error).lower()
    if isinstance(error, EOFError) or "truncated" in words or "end of file" in words:
        return "The file is cut off: it ends too early.", "Copy it again from where it came."
    return "The file is damaged: it cannot be decoded to its end.", "Copy it again from where it came."


def _orientation(image: Image.Image) -> int:
    """EXIF's number for how the camera was held, 1 to 8; 1 where the file says nothing that can be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except _DAMAGED:  # damaged EXIF is no reason to lose a photo
        return 1


def _seen_size(image: Image.Image) -> tuple[int, int]:
    """Of a loaded picture, once it is turned."""
    return image.size[::-1] if _orientation(image) in (5, 6, 7, 8) else image.size


def _right_rgb(image: Image.Image, times: int = 1, box: Box | None = None) -> Image.Image:
    """A loaded picture: RGB, turned. box: the part of the turned picture that is wanted. It is averaged down by a whole
    number of times.
    """
    orientation = _orientation(image)
    there = (0, 0, *image.size) if box is None else _before_turning(box, orientation, *image.size)
    return _turned(_part(image, times, there), orientation)


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _before_turning(box: Box, orientation: int, width: int, height: int) -> Box:
    """Where a part of the turned picture lies in the file's picture of that size."""
    left, top, right, bottom = box
    if orientation >= 5:  # rows and columns change places last
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom


def _part(image: Image.Image, times: int, box: Box) -> Image.Image:
    """A part of a picture as RGB, averaged down.

    In bands where it has to be converted: copies of the largest picture take 480 MB each, and its numbers 1 GB.
    """
    if image.mode == "RGB" and not image.has_transparency_data:
        return image if times == 1 and box == (0, 0, *image.size) else image.reduce(times, box)
    left, top, right, bottom = box
    part = Image.new("RGB", (-(-(right - left) // times), -(-(bottom - top) // times)))
    rows = max(1, BAND_PIXELS // ((right - left) * times)) * times
    black_and_white = _black_and_white(image, rows) if image.mode.startswith(("I", "F")) else None
    for start in range(top, bottom, rows):
        band = image.crop((left, start, right, min(start + rows, bottom)))
        rgb = _to_rgb(band) if black_and_white is None else _scaled_to_8_bits(band, *black_and_white)
        part.paste(rgb.reduce(times), (0, (start - top) // times))
    return part


def _to_rgb(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    white = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(white, seen).convert("RGB")


def _black_and_white(image: Image.Image, rows: int) -> tuple[float, float]:
    """What grey of more than 8 bits is scaled from, where Pillow itself would cut off at 255.

    16 bits run from 0 to 65,535, or to 4,095 when nothing is brighter: microscopes put 12 bits into 16. Numbers of
    32 bits and fractions state no range, so theirs is from the darkest to the brightest pixel.
    """
    black, white, kind = np.inf, -np.inf, ""
    for start in range(0, image.height, rows):
        values = np.asarray(image.crop((0, start, image.width, min(start + rows, image.height))))
        kind = values.dtype.kind
        # fmin and fmax leave out what is no number, and are quiet where nothing else is there
        black = min(black, float(np.fmin.reduce(values, axis=None)))
        white = max(white, float(np.fmax.reduce(values, axis=None)))
    if kind == "u":
        return 0.0, 4_095.0 if white <= 4_095 else 65_535.0
    return black, white


def _scaled_to_8_bits(image: Image.Image, black: float, white: float) -> Image.Image:
    values = np.asarray(image).astype(np.float64)
    with np.errstate(all="ignore"):  # infinite values, and differences that are
        values -= black  # in place: each copy of a band of the largest picture takes 14 MB
        values /= max(white - black, 1e-12)
        values *= 255
        np.nan_to_num(values, copy=False)
        return Image.fromarray(values.clip(0, 255, out=values).round(out=values).astype(np.uint8)).convert("RGB")
