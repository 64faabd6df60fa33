"""Where a photo was taken leaves it: GPS, names of places, the camera's own notes. All else stays as it came.

Blanked in place, not cut out: lengths and offsets stay right in any container, and no pixel is encoded anew. Blanked
are EXIF's GPS directory; its MakerNote, in which cameras write what they like, cities among it; GPS and location fields
of XMP and IPTC; and the place of a film that a phone hides in its photo. Titles, captions and keywords are somebody's
own words, and stay.

References: TIFF 6.0 section 2, in which EXIF is written; EXIF 2.32 sections 4.6.5 and 4.6.6; IPTC IIM 4.2, record 2;
IPTC Photo Metadata Standard 2023, location; ISO 6709 annex H; PNG, 11.3.3.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_GPS, _EXIF = 0x8825, 0x8769  # tags that point to a directory
_MAKER_NOTE, _IPTC = 0x927C, 0x83BB
_VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST_ENTRIES = 512  # of a directory: more is no directory
_MOST_HEADERS, _MOST_DIRECTORIES = 64, 64
# Country, city and the like of IPTC's record 2: codes and names of the content's location, then of the photo's.
_IPTC_PLACES = {26, 27, 90, 92, 95, 100, 101}
_IPTC_RESOURCE = re.compile(rb"8BIM\x04\x04")  # where Photoshop's resources hold IPTC
_MOST_RESOURCES, _MOST_RECORDS = 64, 1_000
# drone-dji:GpsLatitude="48.1", exif:GPSLatitude='48,8N', <photoshop:City>Ulm</photoshop:City>; prefixes are free.
# All of it bounded, so that no file can be made on which it takes long.
_MOST_NAMES = 2_000
_MOST_ELEMENT_BYTES, _MOST_CLOSINGS = 4_000, 16
_XMP_NAME = re.compile(
    rb":(?<!xmlns:)(?P<name>(?i:gps)\w{0,60}|City|State|ProvinceState|Country|CountryCode|CountryName|WorldRegion"
    rb"|Location|LocationCreated|LocationShown|LocationName|LocationId|Sublocation|shotLocation"
    rb"|Latitude|Longitude|Longtitude|(?:Absolute|Relative)?Altitude)\b"
)
_XMP_ATTRIBUTE = re.compile(rb"""\s{0,9}=\s{0,9}(?P<value>"[^"<]{0,1000}"|'[^'<]{0,1000}')""")
_XMP_OPENING = re.compile(rb"(?:\s[^<>]{0,500})?(?<!/)>")
_XMP_CLOSING = re.compile(rb"</[\w.-]{1,60}\Z")  # what stands before the name
# The box of a film in which phones write "+48.1371+011.5754+519.0/", after its length and language.
_FILM_PLACE = re.compile(rb"\xa9xyz(?s:.{4})(?P<value>[+-][\d.+-]{1,60}(?:CRS[\w.:]{1,40})?/?)")
_PNG = b"\x89PNG\r\n\x1a\n"
# Metadata that a PNG holds compressed or as hexadecimal digits: there nothing can be blanked, so it goes.
_PNG_PROFILES = re.compile(rb"(?i)(Raw profile type (exif|app1|app13|xmp|iptc|8bim)|XML:com\.adobe\.xmp)\0")


def without_location(content: bytes) -> bytes:
    """A picture's file without where it was taken; the very same bytes where it did not say.

    Its length stays, but for PNGs with packed metadata.
    """
    buffer = bytearray(content)
    for start, order in islice(_tiff_headers(content), _MOST_HEADERS):
        _Tiff(buffer, start, _segment_end(content, start), order).blank()
    for found in islice(_IPTC_RESOURCE.finditer(content), _MOST_RESOURCES):
        _blank_iptc(buffer, *_resource_span(content, found.end()))
    for start, end in [*_xmp_places(content), *(found.span("value") for found in _FILM_PLACE.finditer(content))]:
        buffer[start:end] = b" " * (end - start)
    if buffer.startswith(_PNG):
        buffer = _repaired_png(buffer, content)
    return content if buffer == content else bytes(buffer)


def _xmp_places(content: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of the values of XMP's location fields: attributes, and elements with all that is in them."""
    done = 0
    for found in islice(_XMP_NAME.finditer(content), _MOST_NAMES):
        if found.start() < done:
            continue
        if value := _XMP_ATTRIBUTE.match(content, found.end()):
            yield value.start("value") + 1, value.end("value") - 1  # the quotes stay
        elif (opening := _XMP_OPENING.match(content, found.end())) and (
            end := _closing_tag(content, found["name"], opening.end())
        ):
            done = end
            yield opening.end(), end


def _closing_tag(content: bytes, name: bytes, start: int) -> int:
    """Where the tag begins that closes the element; 0 where none does within what an element may hold."""
    place = start
    for _ in range(_MOST_CLOSINGS):
        place = content.find(b":" + name + b">", place, start + _MOST_ELEMENT_BYTES)
        if place < 0:
            break
        before = max(place - 62, start)
        if found := _XMP_CLOSING.search(content[before:place]):
            return before + found.start()
        place += 1
    return 0


def _resource_span(content: bytes, place: int) -> tuple[int, int]:
    """(start, end) of the data of one of Photoshop's resources; place: after its number, where its name begins."""
    name_bytes = content[place] + 1 if place < len(content) else 1
    place += name_bytes + name_bytes % 2
    start, size = place + 4, int.from_bytes(content[place : place + 4], "big")
    return start, min(start + size, _segment_end(content, content.rfind(b"Photoshop 3.0\0", 0, place)))


def _blank_iptc(buffer: bytearray, place: int, end: int) -> None:
    """Empty the locations among records: 0x1C, number of the record, of the field, two bytes of length, text."""
    for _ in range(_MOST_RECORDS):
        if place + 5 > end or buffer[place] != 0x1C:
            return
        record, field, size = buffer[place + 1], buffer[place + 2], int.from_bytes(buffer[place + 3 : place + 5], "big")
        place += 5
        if size & 0x8000:  # so many bytes follow that hold the length
            digits = size & 0x7FFF
            size = int.from_bytes(buffer[place : place + min(digits, 8)], "big")
            place += digits
        after = min(place + size, end)
        if record == 2 and field in _IPTC_PLACES and place < after:
            buffer[place:after] = b" " * (after - place)
        place += size


def _segment_end(content: bytes, start: int) -> int:
    """Where the part of a JPEG, PNG or WebP ends whose data begin at `start`; elsewhere the end of the file.

    Whatever lengths the metadata claim, nothing is blanked beyond: there the pixels begin.
    """
    header = content[max(start - 14, 0) : max(start, 0)]
    if header.endswith(b"Exif\0\0"):
        header, start = header[:-6], start - 6
    if header[-4:-2] in (b"\xff\xe1", b"\xff\xed"):  # JPEG: APP1, APP13; the length counts itself
        end = start - 2 + int.from_bytes(header[-2:], "big")
    elif header[-4:] == b"eXIf":
        end = start + int.from_bytes(header[-8:-4], "big")
    elif header[-8:-4] == b"EXIF":
        end = start + int.from_bytes(header[-4:], "little")
    else:
        end = len(content)
    return min(end, len(content))


def _tiff_headers(content: bytes) -> Iterator[tuple[int, str]]:
    """(offset, byte order as struct writes it) of all that may be EXIF, in the picture and in those inside it."""
    for mark, order in ((b"II*\0", "<"), (b"MM\0*", ">")):
        start = content.find(mark)
        while start >= 0:
            yield start, order
            start = content.find(mark, start + 1)


@dataclass(frozen=True)
class _Tiff:
    """What may be a TIFF structure inside a buffer, up to `end`. Offsets in it count from `start`."""

    buffer: bytearray
    start: int
    end: int
    order: str

    def blank(self) -> None:
        """Empty GPS directories, notes of the camera and IPTC's locations; nothing where this is no TIFF after all."""
        waiting, seen = [self._number("I", 4)], set[int]()
        while waiting and len(seen) < _MOST_DIRECTORIES:
            place = waiting.pop()
            if not place or place in seen:
                continue
            seen.add(place)
            entries = list(self._entries(place))
            for entry in entries:
                tag, kind, count = (self._number(form, entry + at) for form, at in (("H", 0), ("H", 2), ("I", 4)))
                target = self._number("I", entry + 8)
                size = _VALUE_BYTES.get(kind, 1) * count
                if tag == _MAKER_NOTE and target:
                    self._zero(target if size > 4 else entry + 8, size)
                elif tag == _IPTC and size > 4:
                    _blank_iptc(self.buffer, self.start + target, min(self.start + target + size, self.end))
                elif count == 1 and kind in (4, 13) and target:
                    if tag == _GPS:
                        self._empty(target)
                    elif tag == _EXIF:
                        waiting.append(target)
            waiting.append(self._number("I", place + 2 + 12 * len(entries)) if entries else 0)

    def _number(self, form: str, place: int) -> int:
        """The number at an offset, 0 where the buffer ends before."""
        size = struct.calcsize(form)
        found = self.buffer[self.start + place : self.start + place + size]
        return struct.unpack(self.order + form, found)[0] if len(found) == size else 0

    def _entries(self, place: int) -> range:
        """Offsets of a directory's entries; none where it does not fit the buffer."""
        count = self._number("H", place)
        end = self.start + place + 2 + 12 * count
        return range(place + 2, place + 2 + 12 * count, 12) if count <= _MOST_ENTRIES and end <= self.end else range(0)

    def _empty(self, place: int) -> None:
        entries = self._entries(place)
        for entry in entries:
            size = _VALUE_BYTES.get(self._number("H", entry + 2), 1) * self._number("I", entry + 4)
            if size > 4:
                self._zero(self._number("I", entry + 8), size)
            self._zero(entry, 12)
        if entries:
            self._zero(place, 2)  # it has no entries now

    def _zero(self, place: int, size: int) -> None:
        start = self.start + place
        end = min(start + size, self.end)
        if start < end:
            self.buffer[start:end] = bytes(end - start)


def _repaired_png(buffer: bytearray, content: bytes) -> bytearray:
    """The PNG with the checksums of its changed chunks, without metadata that cannot be read in place."""
    png, place = bytearray(_PNG), len(_PNG)
    while place + 12 <= len(buffer):
        length = int.from_bytes(buffer[place : place + 4], "big")
        end = place + 12 + length
        kind, data = bytes(buffer[place + 4 : place + 8]), buffer[place + 8 : place + 8 + length]
        is_packed = kind in (b"zTXt", b"tEXt") or (kind == b"iTXt" and _is_packed(data))
        if is_packed and _PNG_PROFILES.match(data):
            pass
        elif buffer[place:end] != content[place:end]:
            png += buffer[place : end - 4] + zlib.crc32(kind + data).to_bytes(4, "big")
        else:
            png += buffer[place:end]
        place = end
    return png + buffer[place:]


def _is_packed(international_text: bytearray) -> bool:
    """Whether an iTXt chunk is compressed: its keyword, a zero byte, then 1."""
    end = international_text.find(b"\0")
    return international_text[end + 1 : end + 2] == b"\1"
