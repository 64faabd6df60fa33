"""From a file that anybody's camera, scanner or program wrote to right RGB pixels, or to a reason in words.

Pillow opens every file and says what is wrong with it. Ordinary JPEGs are then decoded by torchvision, which lets more
threads run at once, and every photo is resized by torch, in integers on every processor. The `predict.py` that people
take home decodes by Pillow alone and resizes by torch: both decoders are libjpeg-turbo, so it sees the same pixels.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

from core.errors import BadDataset

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 2  # of what `decode_for` gives: another number when the same file gives other pixels
MAX_PIXELS = 120_000_000  # above any camera that people own; decoded it takes 360 MB
# Pillow warns above its own limit and refuses at twice that; one limit for both, and the warning never shows, since
# `_opened` refuses first.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

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
Pixels = TypeVar("Pixels", np.ndarray, "Tensor")


def inspect(source: Source) -> tuple[int, int]:
    """(width, height) of a picture that was really decoded to its end, at reduced size where that is quicker.

    Raises BadDataset with the reason why it cannot be a photo; its sentence names no file, so it fits in a list.
    """
    with _opened(source) as image:
        size = _seen_size(image)
        image.draft("RGB", (1, 1))  # an eighth of the pixels, yet every byte of the JPEG is read
        _right_rgb(image)
        return size


def decode(source: Source) -> Image.Image:
    """The picture in full size: RGB, EXIF turned, first frame, transparent parts white. Raises BadDataset."""
    with _opened(source) as image:
        return _right_rgb(image)


def decode_for(source: Source, side: int) -> np.ndarray:
    """The picture as networks get it: uint8 [side, side, 3]. Raises BadDataset.

    The one path for the pixel store, for trying a photo and for `predict.py`: photos far above `side` are decoded or
    reduced to a half, a quarter, ... first, which changes pixels by a level or two, so every user must do it alike.
    """
    with _opened(source) as image:
        full_size = image.size
        image.draft("RGB", (2 * side, 2 * side))  # keeps twice the wanted size, as Pillow's own thumbnails do
        pixels = _by_torchvision(image) if image.size == full_size else None
        if pixels is None:
            return prepare_image(_right_rgb(image), side)
        left, top, right, bottom = _centre_square(image.size)
        return _resized(pixels[:, top:bottom, left:right], side)


def decode_within(source: Source, side: int) -> Image.Image:
    """The whole picture, its longer side at most `side`: for looking at. Raises BadDataset."""
    with _opened(source) as image:
        image.draft("RGB", (2 * side, 2 * side))
        rgb = _right_rgb(image)
        rgb.thumbnail((side, side), Image.Resampling.BICUBIC)
        return rgb


def prepare_image(image: Image.Image, side: int) -> np.ndarray:
    """The centre square of an RGB picture, resized (bicubic, antialiased) to uint8 [side, side, 3].

    One of at least 4 x side is first averaged down by a whole number to about 2 x side: at 12 megapixels that is eight
    times as fast.
    """
    # Here and not above: torch takes a second to load, and those who only list or draw datasets need none of it.
    import torch

    times = max(1, min(image.size) // (2 * side))
    # The square is cut out before anything is resized: a panorama of 20,000 x 20 pixels would be enlarged whole.
    square = image.reduce(times, _centre_square(image.size, times))
    return _resized(torch.from_numpy(np.array(square)).permute(2, 0, 1), side)


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


def _centre_square(size: tuple[int, int], multiple: int = 1) -> tuple[int, int, int, int]:
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


def _resized(square: "Tensor", side: int) -> np.ndarray:
    """uint8 [3, edge, edge] as uint8 [side, side, 3]: three times as fast as Pillow's, and within two levels of it."""
    from torch.nn import functional

    resized = functional.interpolate(square[None], (side, side), mode="bicubic", antialias=True)[0]
    return resized.permute(1, 2, 0).numpy()


@contextmanager
def _opened(source: Source) -> Iterator[Image.Image]:
    """The picture with nothing decoded yet; whatever goes wrong inside the block becomes BadDataset."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
            _refuse_giant(image)
            yield image
    except Image.DecompressionBombError as error:
        raise _giant("far more") from error
    except Image.UnidentifiedImageError as error:
        raise BadDataset(*_what_it_is(_head(source))) from error
    except MemoryError as error:
        raise BadDataset("The picture does not fit into this machine's memory.", "Make it smaller.") from error
    except _DAMAGED as error:
        raise BadDataset(*_what_broke(error)) from error


def _refuse_giant(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise _giant(f"{image.width * image.height / 1e6:,.0f} megapixels")


def _giant(size: str) -> BadDataset:
    return BadDataset(
        f"The picture is too large: {size}, where Graft reads up to {MAX_PIXELS / 1e6:.0f} megapixels.",
        "Save it smaller.",
    )


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
    # Pillow's TIFF reader turns by itself, and its size is right from the start.
    turned = image.format != "TIFF" and _orientation(image) in (5, 6, 7, 8)
    return (image.height, image.width) if turned else image.size


def _right_rgb(image: Image.Image) -> Image.Image:
    image.load()
    turn = _TURNS.get(_orientation(image))
    rgb = _to_rgb(image)
    return rgb if turn is None else rgb.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _scaled_to_8_bits(np.asarray(image)).convert("RGB")
    if not image.has_transparency_data:
        # Pillow would copy what is RGB already: 480 MB of the largest picture.
        return image if image.mode == "RGB" else image.convert("RGB")
    seen = image.convert("RGBA")
    white = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(white, seen).convert("RGB")


def _scaled_to_8_bits(values: np.ndarray) -> Image.Image:
    """Grey of more than 8 bits [height, width] as 8-bit grey: scaled, where Pillow itself would cut off at 255.

    16 bits run from 0 to 65,535, or to 4,095 when nothing is brighter: microscopes put 12 bits into 16. Numbers of
    32 bits and fractions state no range, so theirs is from the darkest to the brightest pixel.
    """
    if values.dtype.kind == "u":
        black, white = 0.0, 4_095.0 if values.max() <= 4_095 else 65_535.0
    else:
        black, white = float(np.nanmin(values)), float(np.nanmax(values))
    scaled = (values.astype(np.float64) - black) / max(white - black, 1e-12)
    return Image.fromarray(np.nan_to_num(scaled * 255).clip(0, 255).round().astype(np.uint8))
