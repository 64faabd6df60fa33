"""Photos leave without GPS: as other programs write it, read again by Pillow."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from core.datasets import thumbnail, without_gps
from core.datasets.importing import import_dataset

GPS, LATITUDE, MODEL, ORIENTATION, MADE = 0x8825, 2, 0x0110, 0x0112, 0x9003
XMP = (
    b'<?xpacket begin="x"?><x:xmpmeta><rdf:RDF><rdf:Description exif:GPSLatitude="48,8.5N" dc:title="gps: a &amp; b" '
    b"drone-dji:GpsLongitude='11.57'><exif:GPSAltitude>519/1</exif:GPSAltitude></rdf:Description></rdf:RDF></x:xmpmeta>"
)
PLACES = (b"48,8.5N", b"11.57", b"519/1")


def picture() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def exif(order: str = "<") -> Image.Exif:
    """With the camera's name, the time, an orientation, and a place: 48 degrees 8' 14.31" north."""
    made = Image.Exif()
    made.endian = order
    made[MODEL], made[ORIENTATION] = "Camera of Ada", 6
    made.get_ifd(0x8769)[MADE] = "2026:11:27 10:00:00"
    made.get_ifd(GPS).update({1: "N", LATITUDE: (48.0, 8.0, 14.31), 3: "E", 4: (11.0, 34.0, 31.0), 29: "2026:11:27"})
    return made


def saved(kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture().save(file, kind, **options)
    return file.getvalue()


def gps(content: bytes) -> dict:
    return dict(Image.open(io.BytesIO(content)).getexif().get_ifd(GPS))


def read(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "MPO"])
def test_gps_of_exif_goes_and_all_else_stays(kind, order):
    before = saved(kind, exif=exif(order))
    assert gps(before)[LATITUDE] == (48.0, 8.0, pytest.approx(14.31))
    after = without_gps(before)
    assert len(after) == len(before)
    shown = read(after)
    assert shown.tobytes() == read(before).tobytes()
    assert gps(after) == {}
    assert (shown.getexif()[MODEL], shown.getexif()[ORIENTATION]) == ("Camera of Ada", 6)
    assert Image.open(io.BytesIO(after)).getexif().get_ifd(0x8769)[MADE] == "2026:11:27 10:00:00"
    assert before.count(b"2026:11:27\0") == 1
    assert b"2026:11:27\0" not in after


def test_gps_of_a_tiff_goes_and_all_else_stays():
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[MODEL] = "Camera of Ada"
    info[GPS] = {1: "N", LATITUDE: (48.0, 8.0, 14.31), 29: "2026:11:27"}
    before = saved("TIFF", tiffinfo=info)
    assert gps(before)[LATITUDE] == (48.0, 8.0, pytest.approx(14.31))
    after = without_gps(before)
    assert (gps(after), len(after)) == ({}, len(before))
    assert Image.open(io.BytesIO(after)).getexif()[MODEL] == "Camera of Ada"
    assert read(after).tobytes() == picture().tobytes()


def test_a_second_picture_in_the_file_loses_it_too():
    second = picture()
    second.encoderinfo = {"exif": exif()}
    before = saved("MPO", save_all=True, append_images=[second], exif=exif()) + saved("JPEG", exif=exif(">"))
    after = without_gps(before)
    assert before.count(b"Camera of Ada") == after.count(b"Camera of Ada") >= 2
    assert b"2026:11:27\0" in before
    assert b"2026:11:27\0" not in after


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "AVIF"])
def test_gps_of_xmp_goes_and_its_other_words_stay(kind):
    before = saved(kind, **({"tiffinfo": {700: XMP}} if kind == "TIFF" else {"xmp": XMP}))
    after = without_gps(before)
    assert all(place in before and place not in after for place in PLACES)
    assert b'dc:title="gps: a &amp; b"' in after
    assert (len(after), read(after).tobytes()) == (len(before), read(before).tobytes())


def png_with(add) -> bytes:
    info = PngImagePlugin.PngInfo()
    add(info)
    return saved("PNG", pnginfo=info)


@pytest.mark.parametrize("is_packed", [False, True])
def test_gps_of_a_pngs_xmp_goes_packed_or_not(is_packed):
    before = png_with(lambda info: info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=is_packed))
    assert "48,8.5N" in read(before).info["XML:com.adobe.xmp"]
    shown = read(without_gps(before))  # Pillow checks the sums of the chunks
    assert not any(place.decode() in str(shown.info) for place in PLACES)
    assert shown.tobytes() == picture().tobytes()


@pytest.mark.parametrize("is_packed", [False, True])
def test_exif_that_a_png_holds_as_hexadecimal_text_goes_whole(is_packed):
    raw = "\nexif\n      8\n" + exif().tobytes().hex()
    before = png_with(lambda info: info.add_text("Raw profile type exif", raw, zip=is_packed))
    after = without_gps(before)
    assert "Raw profile type exif" not in read(after).info
    assert read(after).tobytes() == picture().tobytes()


def test_a_pngs_other_text_and_its_sums_stay():
    before = png_with(lambda info: (info.add_text("Title", "A place: 48N", zip=True), info.add_itxt("Note", "ä")))
    assert without_gps(before) == before
    changed = without_gps(saved("PNG", exif=exif()))
    at = changed.index(b"eXIf")
    size = int.from_bytes(changed[at - 4 : at], "big")
    assert zlib.crc32(changed[at : at + 4 + size]) == int.from_bytes(changed[at + 4 + size : at + 8 + size], "big")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000"])
def test_a_photo_without_a_place_leaves_as_it_came(kind):
    before = saved(kind)
    assert without_gps(before) is before


@given(st.binary(max_size=400), st.integers(0, 300))
def test_no_damaged_file_stops_it_or_changes_its_length(noise, place):
    for whole in (exif().tobytes(), XMP, saved("JPEG", exif=exif())[:600]):
        damaged = whole[:place] + noise + whole[place + len(noise) :]
        assert len(without_gps(damaged)) == len(damaged)


@pytest.mark.parametrize("target", [0, 8, 2**32 - 1, 2**31])
def test_directories_that_point_anywhere_end(target):
    """The only directory says that GPS, EXIF and the next directory lie at `target`; 8 is itself."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, target) for tag in (0x8769, GPS))
    made = b"II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", target)
    assert len(without_gps(made)) == len(made)


def test_a_thumbnail_says_no_place(home, tmp_path):
    for kind in ("oak", "fir"):
        for number in range(3):
            file = tmp_path / "photos" / kind / f"{number}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            content = bytearray(saved("JPEG", exif=exif()))
            file.write_bytes(content + f"{kind}{number}".encode())
    dataset = import_dataset(home, "trees", tmp_path / "photos")
    made = thumbnail(home, dataset, dataset.table["image_id"].iat[0]).read_bytes()
    assert dict(read(made).getexif()) == {}
