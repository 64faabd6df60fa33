"""Whatever a camera, scanner or program wrote becomes right RGB, or a reason in words."""

import contextlib
import io
import os
import re
import struct
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torchvision.io
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image, ImageOps

from core.datasets import decoding, decoding_memory
from core.datasets.decoding import decode, decode_for, decode_within, inspect, prepare_image, store_side
from core.errors import BadDataset

# A folder with photos that are too large for the project; tests that want one are skipped without it.
ORIGINALS = Path(os.environ.get("GRAFT_TEST_PHOTOS", "")) / "originals.zip"


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def corners(width: int = 48, height: int = 32) -> Image.Image:
    """White, with a red quarter at the top left: shows every turn and flip."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((200, 0, 0), (0, 0, width // 2, height // 2))
    return image


def smooth(width: int, height: int) -> Image.Image:
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8))


def difference(image: Image.Image, other: Image.Image) -> int:
    return int(np.abs(np.asarray(image, dtype=int) - np.asarray(other, dtype=int)).max())


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_is_turned_as_the_camera_was_held(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[274] = turn
    file = encoded(corners(), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    seen = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")
    assert inspect(file).size == decode(file).size == seen.size
    assert difference(decode(file), seen) == 0


def test_grey_becomes_three_equal_channels() -> None:
    pixels = np.asarray(decode(encoded(corners().convert("L"), "PNG")))
    assert pixels.shape == (32, 48, 3)
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert (pixels[..., 0] == pixels[..., 2]).all()


def test_sixteen_bit_grey_is_scaled_and_not_cut_off() -> None:
    ramp = np.linspace(0, 65_535, 64).astype(np.uint16)[None].repeat(8, 0)
    for kind in ("PNG", "TIFF"):
        grey = np.asarray(decode(encoded(Image.fromarray(ramp), kind)))[0, :, 0]
        np.testing.assert_allclose(grey, np.linspace(0, 255, 64), atol=1)


def test_twelve_bits_of_a_microscope_use_the_whole_range() -> None:
    ramp = np.linspace(0, 4_095, 64).astype(np.uint16)[None].repeat(8, 0)
    grey = np.asarray(decode(encoded(Image.fromarray(ramp), "TIFF")))[0, :, 0]
    np.testing.assert_allclose(grey, np.linspace(0, 255, 64), atol=1)


def test_fractions_run_from_the_darkest_to_the_brightest() -> None:
    ramp = np.linspace(-1.5, 0.25, 64).astype(np.float32)[None].repeat(8, 0)
    grey = np.asarray(decode(encoded(Image.fromarray(ramp), "TIFF")))[0, :, 0]
    np.testing.assert_allclose(grey, np.linspace(0, 255, 64), atol=1)


def test_what_is_transparent_becomes_white() -> None:
    image = corners().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    for picture, kind in ((image, "PNG"), (image, "WEBP"), (image.convert("LA"), "PNG")):
        assert np.asarray(decode(encoded(picture, kind))).min() == 255


def test_half_transparent_lies_half_way_to_white() -> None:
    file = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "PNG")
    assert abs(int(np.asarray(decode(file))[0, 0, 0]) - 127) <= 1


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_a_palette_keeps_its_colours_and_its_hole_becomes_white(kind: str) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.paste(0, (0, 0, 4, 8))
    pixels = np.asarray(decode(encoded(image, kind, transparency=0)))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 7].tolist() == [200, 0, 0]


def test_cmyk_becomes_rgb() -> None:
    pixels = np.asarray(decode(encoded(corners().convert("CMYK"), "JPEG", quality=95)))
    np.testing.assert_allclose(pixels[4, 4], [200, 0, 0], atol=12)
    np.testing.assert_allclose(pixels[-4, -4], [255, 255, 255], atol=12)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("#f00", "#0f0", "#00f")]
    file = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    np.testing.assert_allclose(np.asarray(decode(file))[8, 8], [255, 0, 0], atol=8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_a_file_that_ends_too_early_is_cut_off(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    file = encoded(noise, kind)
    with pytest.raises(BadDataset, match="is cut off: it ends too early"):
        inspect(file[: len(file) // 2])


def test_text_that_is_called_jpg_is_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "leaf.jpg"
    path.write_text("This is no leaf.\n" * 40)
    with pytest.raises(BadDataset, match="is not a picture"):
        inspect(path)


def test_an_empty_file_says_so() -> None:
    with pytest.raises(BadDataset, match="The file is empty"):
        inspect(b"")


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="cannot be read: No such file"):
        decode(tmp_path / "gone.jpg")


def test_a_heic_photo_is_named_for_what_it_is() -> None:
    with pytest.raises(BadDataset, match="HEIC photo"):
        inspect(b"\x00\x00\x00\x18ftypheic" + bytes(100))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [12_000, pytest.param(40_000, marks=pytest.mark.slow)])
def test_a_picture_that_would_fill_the_memory_is_refused(side: int) -> None:
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    with pytest.raises(BadDataset, match="up to 110 megapixels"):
        inspect(file.getvalue())


@pytest.mark.slow
def test_the_largest_picture_allowed_shows_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    file = encoded(Image.new("L", (10_400, 10_500)), "PNG")
    assert inspect(file).size == (10_400, 10_500)
    assert not recwarn.list


def test_postscript_is_never_handed_to_ghostscript() -> None:
    with pytest.raises(BadDataset, match="is not a picture"):
        inspect(encoded(corners(), "EPS"))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_is_no_reason_to_lose_a_photo() -> None:
    file = encoded(corners(), "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff\x01\x02")
    assert inspect(file).size == decode(file).size == (48, 32)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    kind=some.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"]),
    place=some.floats(0, 1, exclude_max=True),
    value=some.integers(0, 255),
    keep=some.floats(0, 1),
)
def test_a_damaged_file_is_a_picture_or_a_sentence(kind: str, place: float, value: int, keep: float) -> None:
    """Nothing but BadDataset leaves the decoder, whatever is in the file."""
    file = bytearray(encoded(smooth(40, 30), kind))
    file[int(place * len(file))] = value
    damaged = bytes(file[: int(keep * len(file))])
    for read in (inspect, decode, lambda source: decode_for(source, 16)):
        with contextlib.suppress(BadDataset):
            read(damaged)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    how=some.sampled_from([{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 4}]),
    places=some.lists(some.floats(0, 1, exclude_max=True), max_size=4),
    value=some.integers(0, 255),
    keep=some.sampled_from([1.0, 0.99, 0.7, 0.3]),
)
def test_a_damaged_jpeg_is_refused_or_read_alike_by_both_decoders(
    how: dict[str, object], places: list[float], value: int, keep: float
) -> None:
    file = bytearray(encoded(smooth(60, 45), "JPEG", **how))
    for place in places:
        file[int(place * len(file))] = value
    damaged = bytes(file[: int(keep * len(file))])
    try:
        expected = prepare_image(decode(damaged), 32)
    except BadDataset as error:
        with pytest.raises(BadDataset, match=re.escape(error.sentence)):
            decode_for(damaged, 32)
    else:
        assert (decode_for(damaged, 32) == expected).all()


def damaged_exif() -> bytes:
    return encoded(smooth(300, 201), "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff\x01\x02")


JPEGS = {
    "ordinary": lambda: encoded(smooth(300, 201), "JPEG"),
    "progressive": lambda: encoded(smooth(300, 201), "JPEG", progressive=True),
    "full colour": lambda: encoded(smooth(201, 300), "JPEG", subsampling=0),
    "RGB inside": lambda: encoded(smooth(300, 201), "JPEG", keep_rgb=True),
    "grey": lambda: encoded(smooth(300, 201).convert("L"), "JPEG"),
    "CMYK": lambda: encoded(smooth(300, 201).convert("CMYK"), "JPEG"),
    "turned": lambda: encoded(smooth(300, 201), "JPEG", exif=turned_exif(6)),
    "mirrored": lambda: encoded(smooth(300, 201), "JPEG", exif=turned_exif(5)),
    "damaged EXIF": damaged_exif,
    "several pictures": lambda: encoded(smooth(300, 201), "MPO", save_all=True, append_images=[corners()]),
    "tiny": lambda: encoded(smooth(1, 1), "JPEG"),
    "panorama": lambda: encoded(smooth(9_000, 17), "JPEG"),
}


def turned_exif(turn: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = turn
    return exif


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("kind", JPEGS)
def test_jpegs_of_every_kind_are_seen_as_pillow_sees_them(kind: str) -> None:
    file = JPEGS[kind]()
    assert (decode_for(file, 74) == prepare_image(decode(file), 74)).all()


def test_an_ordinary_jpeg_is_decoded_by_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_right_rgb", lambda image: pytest.fail("Pillow decoded it"))
    assert decode_for(encoded(smooth(300, 200), "JPEG"), 74).shape == (74, 74, 3)


@pytest.mark.parametrize("refusal", [RuntimeError("refused"), AttributeError("built without libjpeg")])
def test_what_torchvision_refuses_pillow_reads(monkeypatch: pytest.MonkeyPatch, refusal: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise refusal

    file = encoded(smooth(300, 200), "JPEG")
    before = decode_for(file, 74)
    monkeypatch.setattr(torchvision.io, "decode_jpeg", refuse)
    assert (decode_for(file, 74) == before).all()


@pytest.mark.parametrize(("image_size", "side"), [(224, 258), (100, 115), (64, 74), (20, 23), (200, 230)])
def test_the_stored_side_is_115_percent_rounded_up(image_size: int, side: int) -> None:
    assert store_side(image_size) == side


def test_the_centre_square_is_taken_whatever_the_shape() -> None:
    wide = Image.new("RGB", (300, 100), "black")
    wide.paste((255, 255, 255), (100, 0, 200, 100))
    for image in (wide, wide.transpose(Image.Transpose.ROTATE_90)):
        assert prepare_image(image, 32).shape == (32, 32, 3)
        # The rim mixes with its neighbours.
        assert prepare_image(image, 32)[1:-1, 1:-1].min() == 255


@pytest.mark.parametrize(("size", "side"), [((192, 256), 258), ((533, 400), 258), ((90, 90), 37), ((20, 30), 74)])
def test_resizing_is_pillows_within_two_levels(size: tuple[int, int], side: int) -> None:
    image = smooth(*size)
    pixels = np.asarray(image) // 2 + np.random.default_rng(0).integers(0, 128, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    edge = min(size)
    left, top = (size[0] - edge) // 2, (size[1] - edge) // 2
    box = (left, top, left + edge, top + edge)
    expected = image.crop(box).resize((side, side), Image.Resampling.BICUBIC)
    away = np.abs(prepare_image(image, side).astype(int) - np.asarray(expected))
    assert away.max() <= 2
    assert away.mean() < 0.05


def test_a_large_picture_that_is_no_jpeg_is_reduced_first_and_differs_by_little() -> None:
    image = smooth(1_603, 1_201)
    full = image.resize((96, 96), Image.Resampling.BICUBIC, box=(201, 0, 1_402, 1_201))
    away = np.abs(decode_for(encoded(image, "PNG"), 96).astype(int) - np.asarray(full))
    assert away.max() <= 2


@pytest.mark.parametrize("shape", [(20_000, 20), (1, 1), (3, 900)])
def test_extreme_shapes_become_squares(shape: tuple[int, int]) -> None:
    assert decode_for(encoded(Image.new("RGB", shape, "#123"), "PNG"), 64).shape == (64, 64, 3)


def test_reduced_decoding_differs_by_little_from_full_decoding() -> None:
    file = encoded(smooth(1_600, 1_200), "JPEG", quality=92)
    reduced, full = decode_for(file, 96), prepare_image(decode(file), 96)
    assert np.abs(reduced.astype(int) - full).mean() < 1
    assert np.abs(reduced.astype(int) - full).max() <= 6


def test_a_large_jpeg_is_decoded_at_reduced_size(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    right_rgb = decoding._right_rgb
    monkeypatch.setattr(decoding, "_right_rgb", lambda image, *how: seen.append(image.size) or right_rgb(image, *how))
    decode_for(encoded(smooth(1_600, 1_200), "JPEG"), 100)
    assert seen == [(400, 300)]


def grey(kind: type) -> Image.Image:
    return Image.fromarray((np.asarray(smooth(301, 403))[..., 0].astype(kind) * 50 - 7).astype(kind))


STRANGE = {
    "transparent": lambda turn: encoded(half_transparent(), "PNG", exif=turned_exif(turn)),
    "palette": lambda turn: encoded(smooth(301, 403).quantize(50), "PNG", exif=turned_exif(turn)),
    "palette with a hole": lambda turn: encoded(
        smooth(301, 403).quantize(50), "PNG", transparency=3, exif=turned_exif(turn)
    ),
    "16 bits": lambda turn: encoded(grey(np.uint16), "PNG", exif=turned_exif(turn)),
    "32 bits": lambda turn: encoded(grey(np.int32), "TIFF", exif=turned_exif(turn)),
    "fractions": lambda turn: encoded(grey(np.float32), "TIFF", exif=turned_exif(turn)),
    "CMYK": lambda turn: encoded(smooth(301, 403).convert("CMYK"), "TIFF", exif=turned_exif(turn)),
    "black and white": lambda turn: encoded(smooth(301, 403).convert("1"), "PNG", exif=turned_exif(turn)),
    "ordinary": lambda turn: encoded(smooth(301, 403), "PNG", exif=turned_exif(turn)),
}


def half_transparent() -> Image.Image:
    image = smooth(301, 403)
    image.putalpha(smooth(301, 403).getchannel(1))
    return image


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_are_converted_in_bands_to_the_same_pixels(kind, turn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes are odd, so that the centre square of a turned picture is a pixel off where it is cut out too early."""
    file = STRANGE[kind](turn)
    whole = decode(file)
    monkeypatch.setattr(decoding, "BAND_PIXELS", 1)
    assert difference(decode(file), whole) == 0
    for side in (20, 74, 290):
        assert (decode_for(file, side) == prepare_image(whole, side)).all()
    upright = decode_within(STRANGE[kind](1), 50)
    assert difference(decode_within(file, 50), ImageOps.exif_transpose(with_exif(upright, turn))) <= 1


def with_exif(picture: Image.Image, turn: int) -> Image.Image:
    picture.getexif()[274] = turn
    return picture


@pytest.mark.parametrize("size", [(301, 403), (40, 30), (2_000, 90), (1, 700)])
def test_a_picture_to_look_at_is_a_thumbnail_as_pillow_makes_it(size: tuple[int, int]) -> None:
    shown, expected = decode_within(encoded(smooth(*size), "PNG"), 50), thumbnail_of(smooth(*size), 50)
    assert shown.size == expected.size
    assert difference(shown, expected) <= 3


def thumbnail_of(picture: Image.Image, side: int) -> Image.Image:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.BICUBIC)
    return small


@pytest.mark.parametrize("values", [[np.nan] * 4, [0, 1, np.nan, 2], [-np.inf, 0, 1, np.inf]])
def test_fractions_that_are_no_numbers_show_no_warning(values, recwarn: pytest.WarningsRecorder) -> None:
    assert decode(encoded(Image.fromarray(np.array([values], np.float32)), "TIFF")).size == (4, 1)
    assert not recwarn.list


def test_an_icon_is_as_large_as_the_picture_inside_and_no_giant() -> None:
    assert inspect(icon(encoded(Image.new("RGB", (600, 500)), "PNG"))).size == (600, 500)
    with pytest.raises(BadDataset, match="too large: 9 megapixels in an icon"):
        inspect(icon(encoded(Image.new("1", (3_000, 3_000)), "PNG")))


def icon(content: bytes) -> bytes:
    """Its directory says 16 x 16, whatever is inside."""
    return struct.pack("<HHHBBBBHHLL", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(content), 22) + content


@pytest.mark.parametrize(
    ("kind", "how"),
    [("JPEG", {"progressive": True}), ("WEBP", {"method": 0}), ("JPEG2000", {}), ("AVIF", {"speed": 10})],
)
def test_what_takes_much_memory_must_be_a_file_with_something_in_it(kind, how, monkeypatch) -> None:
    monkeypatch.setattr(decoding_memory, "DECODING_BYTES", 10**6)
    monkeypatch.setattr(decoding_memory, "DECODING_RATIO", 100)
    with pytest.raises(BadDataset, match=r"would take \d+ MB of memory, though its file has only \d+ kB"):
        inspect(encoded(Image.new("RGB", (1_200, 1_000)), kind, **how))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1_000, 1_200, 3), dtype=np.uint8))
    assert inspect(encoded(noise, kind, **how)).size == (1_200, 1_000)


def test_large_pictures_wait_for_each_other() -> None:
    room = decoding_memory._Room()
    order = []

    def second() -> None:
        with room.reserved(decoding_memory.DECODING_BYTES // 2):
            order.append("second")

    with room.reserved(decoding_memory.DECODING_BYTES * 2):  # more than all of the room: alone
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_pipe_is_no_photo_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "leaf.jpg")
    with pytest.raises(BadDataset, match="It is a folder, a pipe or a device, and no file"):
        inspect(tmp_path / "leaf.jpg")


def test_bytes_and_file_give_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "Ahorn.JPG"
    path.write_bytes(encoded(smooth(300, 200), "JPEG"))
    assert (decode_for(path, 74) == decode_for(path.read_bytes(), 74)).all()


@pytest.mark.skipif(not ORIGINALS.exists(), reason="needs the photos as they came from cameras")
def test_photos_as_they_came_from_cameras() -> None:
    with zipfile.ZipFile(ORIGINALS) as archive:
        for name in archive.namelist():
            file = archive.read(name)
            seen = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")
            assert inspect(file).size == seen.size, name
            assert difference(decode(file), seen) == 0, name
