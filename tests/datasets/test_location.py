"""Photos leave without where they were taken: as other programs write it, read again by Pillow."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, IptcImagePlugin, PngImagePlugin, TiffImagePlugin

from core.datasets import thumbnail, without_location
from core.datasets.importing import import_dataset

GPS, LATITUDE, MODEL, ORIENTATION, MADE, MAKER_NOTE = 0x8825, 2, 0x0110, 0x0112, 0x9003, 0x927C
XMP = (
    b'<?xpacket begin="x"?><x:xmpmeta><rdf:RDF><rdf:Description exif:GPSLatitude="48,8.5N" dc:title="gps: a &amp; b" '
    b"drone-dji:GpsLongitude='11.57'><exif:GPSAltitude>519/1</exif:GPSAltitude></rdf:Description></rdf:RDF></x:xmpmeta>"
)
PLACES = (b"48,8.5N", b"11.57", b"519/1")
# Fields of IPTC's photo metadata as Lightroom, digiKam and ExifTool write them: in short, in words, and nested.
XMP_NAMES = (
    b'<?xpacket begin="x"?><x:xmpmeta><rdf:RDF xmlns:gps="http://gps.test/">'
    b"<rdf:Description photoshop:Country='Italia' "
    b'photoshop:City="L\'Aquila" photoshop:Credit="Ada" dc:title="State: solid" xmpDM:shotLocation="Ponte">'
    b"<photoshop:State>Abruzzo</photoshop:State><Iptc4xmpCore:Location>Piazza</Iptc4xmpCore:Location>"
    b'<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li Iptc4xmpExt:Sublocation="Duomo" rdf:parseType="Resource">'
    b"<Iptc4xmpExt:LocationName><rdf:Alt><rdf:li xml:lang='it'>Basilica</rdf:li></rdf:Alt></Iptc4xmpExt:LocationName>"
    b"<exif:GPSLatitude>42,21N</exif:GPSLatitude></rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>"
    b"<dc:rights>Free</dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>"
)
NAMES = (b"Italia", b"Aquila", b"Ponte", b"Abruzzo", b"Piazza", b"Duomo", b"Basilica", b"42,21N")
STAYING = (
    b'xmlns:gps="http://gps.test/"',
    b'photoshop:Credit="Ada"',
    b'"State: solid"',
    b"<dc:rights>Free</dc:rights>",
)
IPTC_PLACES = {27: b"Ort", 90: b"Ulm", 92: "Münsterplatz".encode(), 95: b"Schwaben", 100: b"DEU", 101: b"Germany"}
IPTC_WORDS = {5: b"A leaf", 25: b"oak", 80: b"Ada", 116: b"Free"}


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
    after = without_location(before)
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
    after = without_location(before)
    assert (gps(after), len(after)) == ({}, len(before))
    assert Image.open(io.BytesIO(after)).getexif()[MODEL] == "Camera of Ada"
    assert read(after).tobytes() == picture().tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("note", [b"Panasonic\0\0\0 Place: Ulm, Germany", b"Ulm"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "MPO"])
def test_a_cameras_own_notes_are_blanked_and_all_else_stays(kind, note, order):
    made = exif(order)
    made.get_ifd(0x8769)[MAKER_NOTE] = note
    before = saved(kind, exif=made)
    after = without_location(before)
    assert note in before
    assert b"Ulm" not in after
    shown = read(after)
    assert (len(after), shown.tobytes()) == (len(before), read(before).tobytes())
    kept = Image.open(io.BytesIO(after)).getexif()
    assert (kept[MODEL], kept[ORIENTATION], kept.get_ifd(0x8769)[MADE]) == ("Camera of Ada", 6, "2026:11:27 10:00:00")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_notes_that_claim_to_be_longer_than_exif_take_no_pixels_with_them(kind):
    made = exif()
    made.get_ifd(0x8769)[MAKER_NOTE] = b"n" * 1_000
    before = saved(kind, exif=made)
    entry = struct.pack("<HHI", MAKER_NOTE, 1, 1_000)
    claimed = before.replace(entry, struct.pack("<HHI", MAKER_NOTE, 1, 2**31))
    if kind == "PNG":
        at = claimed.index(b"eXIf")
        size = int.from_bytes(claimed[at - 4 : at], "big")
        total = zlib.crc32(claimed[at : at + 4 + size]).to_bytes(4, "big")
        claimed = claimed[: at + 4 + size] + total + claimed[at + 8 + size :]
    assert claimed != before
    after = without_location(claimed)
    assert b"nnnn" not in after
    assert read(after).tobytes() == read(before).tobytes()


def iptc(fields: dict[int, bytes], extended: bool = False) -> bytes:
    """Records of IPTC's second kind, in the short form or in the one for long texts."""
    size = (
        (lambda text: b"\x80\x04" + struct.pack(">I", len(text)))
        if extended
        else lambda text: struct.pack(">H", len(text))
    )
    return b"".join(bytes((0x1C, 2, field)) + size(text) + text for field, text in sorted(fields.items()))


def photoshop_resource(records: bytes, name: bytes = b"") -> bytes:
    pascal = bytes([len(name)]) + name
    return b"8BIM\x04\x04" + pascal + b"\0" * (len(pascal) % 2) + struct.pack(">I", len(records)) + records


def with_app13(jpeg: bytes, resource: bytes) -> bytes:
    """The JPEG with a segment of Photoshop's after its beginning."""
    body = b"Photoshop 3.0\0" + resource + b"\0" * (len(resource) % 2)
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("name", [b"", b"odd", b"even"])
def test_locations_of_iptc_are_blanked_and_its_other_words_stay(name, extended):
    before = with_app13(saved("JPEG"), photoshop_resource(iptc(IPTC_PLACES | IPTC_WORDS, extended), name))
    after = without_location(before)
    assert all(text in before and text not in after for text in IPTC_PLACES.values())
    assert all(text in after for text in IPTC_WORDS.values())
    assert (len(after), read(after).tobytes()) == (len(before), read(before).tobytes())
    if not name and not extended:  # Pillow reads these
        found = IptcImagePlugin.getiptcinfo(Image.open(io.BytesIO(after)))
        assert {field: found[2, field] for field in IPTC_WORDS} == IPTC_WORDS
        assert {found[2, field].strip() for field in IPTC_PLACES} == {b""}


def test_a_location_that_claims_to_be_longer_than_its_segment_takes_no_pixels_with_it():
    records = iptc({90: b"Ulm"}).replace(struct.pack(">H", 3), struct.pack(">H", 0x7FFF))
    resource = photoshop_resource(records).replace(struct.pack(">I", len(records)), struct.pack(">I", 0x7FFFFFFF))
    before = with_app13(saved("JPEG"), resource)
    after = without_location(before)
    assert (b"Ulm" in before, b"Ulm" in after) == (True, False)
    assert read(after).tobytes() == read(before).tobytes()


def test_locations_of_iptc_in_a_tiff_are_blanked():
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info.tagtype[0x83BB] = 7
    info[0x83BB] = iptc(IPTC_PLACES | IPTC_WORDS)
    before = saved("TIFF", tiffinfo=info)
    after = without_location(before)
    assert all(text in before and text not in after for text in IPTC_PLACES.values())
    assert all(text in after for text in IPTC_WORDS.values())
    assert read(after).tobytes() == picture().tobytes()


def test_the_place_of_a_film_inside_a_photo_is_blanked():
    """As phones append it: a box of QuickTime with a place in ISO 6709."""
    place = b"+48.1371+011.5754+519.000/"
    box = struct.pack(">I4sHH", 12 + len(place), b"\xa9xyz", len(place), 0x15C7) + place
    before = saved("JPEG") + b"MotionPhoto_Data" + box + b"moov"
    after = without_location(before)
    assert after == before.replace(place, b" " * len(place))


def test_a_second_picture_in_the_file_loses_it_too():
    second = picture()
    second.encoderinfo = {"exif": exif()}
    before = saved("MPO", save_all=True, append_images=[second], exif=exif()) + saved("JPEG", exif=exif(">"))
    after = without_location(before)
    assert before.count(b"Camera of Ada") == after.count(b"Camera of Ada") >= 2
    assert b"2026:11:27\0" in before
    assert b"2026:11:27\0" not in after


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "AVIF"])
def test_gps_of_xmp_goes_and_its_other_words_stay(kind):
    before = saved(kind, **({"tiffinfo": {700: XMP}} if kind == "TIFF" else {"xmp": XMP}))
    after = without_location(before)
    assert all(place in before and place not in after for place in PLACES)
    assert b'dc:title="gps: a &amp; b"' in after
    assert (len(after), read(after).tobytes()) == (len(before), read(before).tobytes())


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "AVIF", "PNG"])
def test_names_of_places_in_xmp_are_blanked_and_its_other_words_stay(kind):
    if kind == "PNG":
        before = png_with(lambda info: info.add_itxt("XML:com.adobe.xmp", XMP_NAMES.decode()))
    else:
        before = saved(kind, **({"tiffinfo": {700: XMP_NAMES}} if kind == "TIFF" else {"xmp": XMP_NAMES}))
    after = without_location(before)
    assert [name for name in NAMES if name not in before or name in after] == []
    assert [words for words in STAYING if words not in after] == []
    assert (len(after), read(after).tobytes()) == (len(before), read(before).tobytes())


def png_with(add) -> bytes:
    info = PngImagePlugin.PngInfo()
    add(info)
    return saved("PNG", pnginfo=info)


@pytest.mark.parametrize("is_packed", [False, True])
def test_gps_of_a_pngs_xmp_goes_packed_or_not(is_packed):
    before = png_with(lambda info: info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=is_packed))
    assert "48,8.5N" in read(before).info["XML:com.adobe.xmp"]
    shown = read(without_location(before))  # Pillow checks the sums of the chunks
    assert not any(place.decode() in str(shown.info) for place in PLACES)
    assert shown.tobytes() == picture().tobytes()


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("profile", ["exif", "APP1", "xmp", "iptc", "8bim"])
def test_metadata_that_a_png_holds_as_hexadecimal_text_go_whole(profile, is_packed):
    raw = f"\n{profile}\n      8\n" + exif().tobytes().hex()
    before = png_with(lambda info: info.add_text(f"Raw profile type {profile}", raw, zip=is_packed))
    after = without_location(before)
    assert f"Raw profile type {profile}" in read(before).info
    assert f"Raw profile type {profile}" not in read(after).info
    assert read(after).tobytes() == picture().tobytes()


def test_a_pngs_other_text_and_its_sums_stay():
    before = png_with(lambda info: (info.add_text("Title", "A place: 48N", zip=True), info.add_itxt("Note", "ä")))
    assert without_location(before) == before
    changed = without_location(saved("PNG", exif=exif()))
    at = changed.index(b"eXIf")
    size = int.from_bytes(changed[at - 4 : at], "big")
    assert zlib.crc32(changed[at : at + 4 + size]) == int.from_bytes(changed[at + 4 + size : at + 8 + size], "big")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000"])
def test_a_photo_without_a_place_leaves_as_it_came(kind):
    before = saved(kind)
    assert without_location(before) is before


@given(st.binary(max_size=400), st.integers(0, 300))
def test_no_damaged_file_stops_it_or_changes_its_length(noise, place):
    segment = with_app13(b"\xff\xd8", photoshop_resource(iptc(IPTC_PLACES)))
    for whole in (exif().tobytes(), XMP, XMP_NAMES, segment, saved("JPEG", exif=exif())[:600]):
        damaged = whole[:place] + noise + whole[place + len(noise) :]
        assert len(without_location(damaged)) == len(damaged)


@pytest.mark.parametrize("target", [0, 8, 2**32 - 1, 2**31])
def test_directories_that_point_anywhere_end(target):
    """The only directory says that GPS, EXIF and the next directory lie at `target`; 8 is itself."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, target) for tag in (0x8769, GPS))
    made = b"II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", target)
    assert len(without_location(made)) == len(made)


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
