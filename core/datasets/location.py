"""Where a photo was taken leaves it: GPS in EXIF and XMP is blanked in place, and every other byte stays as it came.

Blanked, not cut out: lengths and offsets stay right in any container, and no pixel is encoded anew. What a camera
writes into its own notes (MakerNote) and names of cities (IPTC) are not looked at.

References: TIFF 6.0 section 2, in which EXIF is written; EXIF 2.32 section 4.6.6, the GPS directory; PNG, 11.3.3.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_GPS, _EXIF = 0x8825, 0x8769  # tags that point to a directory
_VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST_ENTRIES = 512  # of a directory: more is no directory
_MOST_HEADERS, _MOST_DIRECTORIES = 64, 64
# drone-dji:GpsLatitude="48.1", exif:GPSLatitude='48,8N', <exif:GPSLatitude>48,8N</exif:GPSLatitude>
# All of it bounded, so that no file can be made on which it takes long.
_MOST_NAMES = 10_000
_XMP_NAME = re.compile(rb":(?i:gps)")
_XMP_GPS = re.compile(
    rb""":(?i:gps)\w{0,60}\s{0,9}=\s{0,9}(?P<quote>["'])(?P<value>[^"']{0,200})(?P=quote)"""
    rb"""|:(?P<name>(?i:gps)\w{0,60})\b[^<>]{0,100}>(?P<text>[^<]{0,200})</[\w.-]{1,60}:(?P=name)\s{0,9}>"""
)
_PNG = b"\x89PNG\r\n\x1a\n"
# Metadata that a PNG holds compressed or as hexadecimal digits: there nothing can be blanked, so it goes.
_PNG_PROFILES = re.compile(rb"(?i)(Raw profile type (exif|app1|xmp)|XML:com\.adobe\.xmp)\0")


def without_gps(content: bytes) -> bytes:
    """A picture's file without GPS; the very same bytes where it had none.

    Its length stays, but for PNGs with packed metadata.
    """
    buffer = bytearray(content)
    for start, order in islice(_tiff_headers(content), _MOST_HEADERS):
        _Tiff(buffer, start, order).blank_gps()
    for name in islice(_XMP_NAME.finditer(content), _MOST_NAMES):
        if found := _XMP_GPS.match(content, name.start()):
            start, end = found.span("value" if found["value"] is not None else "text")
            buffer[start:end] = b" " * (end - start)
    if buffer.startswith(_PNG):
        buffer = _repaired_png(buffer)
    return content if buffer == content else bytes(buffer)


def _tiff_headers(content: bytes) -> Iterator[tuple[int, str]]:
    """(offset, byte order as struct writes it) of all that may be EXIF, in the picture and in those inside it."""
    for mark, order in ((b"II*\0", "<"), (b"MM\0*", ">")):
        start = content.find(mark)
        while start >= 0:
            yield start, order
            start = content.find(mark, start + 1)


@dataclass(frozen=True)
class _Tiff:
    """What may be a TIFF structure inside a buffer. Offsets in it count from `start`."""

    buffer: bytearray
    start: int
    order: str

    def blank_gps(self) -> None:
        """Empty each directory that a GPS tag points to; nothing where this is no TIFF structure after all."""
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
                if count == 1 and kind in (4, 13) and target:
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
        return (
            range(place + 2, place + 2 + 12 * count, 12)
            if count <= _MOST_ENTRIES and end <= len(self.buffer)
            else range(0)
        )

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
        end = min(start + size, len(self.buffer))
        if start < end:
            self.buffer[start:end] = bytes(end - start)


def _repaired_png(buffer: bytearray) -> bytearray:
    """The PNG with the checksums of its changed chunks, without metadata that cannot be read in place."""
    png, place = bytearray(_PNG), len(_PNG)
    while place + 12 <= len(buffer):
        length = int.from_bytes(buffer[place : place + 4], "big")
        end = place + 12 + length
        kind, data = bytes(buffer[place + 4 : place + 8]), buffer[place + 8 : place + 8 + length]
        if kind == b"eXIf" or (kind == b"iTXt" and not _is_packed(data)):
            data_and_kind = kind + data
            png += buffer[place : place + 4] + data_and_kind + zlib.crc32(data_and_kind).to_bytes(4, "big")
        elif not (kind in (b"zTXt", b"tEXt", b"iTXt") and _PNG_PROFILES.match(data)):
            png += buffer[place:end]
        place = end
    return png + buffer[place:]


def _is_packed(international_text: bytearray) -> bool:
    """Whether an iTXt chunk is compressed: its keyword, a zero byte, then 1."""
    end = international_text.find(b"\0")
    return international_text[end + 1 : end + 2] == b"\1"
