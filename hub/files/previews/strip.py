"""Pictures without the place where they were taken, and without anything else but the picture.

The pixels are not written anew: what is not the picture is left out (JPEG, PNG, WebP) or
overwritten where it lies (HEIC, AVIF, whose parts are found by their offsets). The orientation and
the colour profile belong to the picture and stay. What follows the picture goes: phones put films
and second pictures there, with a place of their own.

Source: ITU-T T.81, JEITA CP-3451 (EXIF); PNG (W3C); RFC 9649 (WebP); ISO 14496-12 and 23008-12.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from hub.files.previews.images import opened, orientation
from hub.files.previews.kinds import sniff
from hub.sandbox.frames import Part, WorkError

MAX_BYTES: Final = 256 << 20

_PNG_KEPT: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs hIST acTL fcTL fdAT cICP mDCV "
    b"cLLI".split()
)  # fmt: skip
_WEBP_KEPT: Final = frozenset([b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF"])
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def without_place(file: BinaryIO) -> Iterator[Part]:
    """``picture {media_type}`` with the bytes of the same picture.

    Raises:
        WorkError: damaged, too large, or none of JPEG, PNG, WebP, HEIC and AVIF.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise WorkError("too_large", f"over {MAX_BYTES} bytes")
    media_type = sniff(data[:64]) or ""
    file.seek(0)
    try:
        if media_type in ("image/jpeg", "image/png", "image/webp"):
            turn = orientation(opened(file))
            rewrite = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}[media_type]
            clean = rewrite(data, turn)
        elif media_type in ("image/heic", "image/heif", "image/avif"):
            clean = _heif(data)
        else:
            raise WorkError("unsupported", "no such picture")
    except (struct.error, IndexError) as error:
        raise WorkError("damaged", "cut off") from error
    yield Part("picture", {"media_type": media_type}, clean)


def _exif(turn: int) -> bytes:
    """The smallest EXIF: a TIFF header with one entry, the orientation; with none for 0."""
    if not turn:
        return b"MM\0*\0\0\0\x08" + bytes(6)
    return b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHH", 0x0112, 3, 1, turn, 0) + bytes(4)


def _jpeg(data: bytes, turn: int) -> bytes:
    out = [b"\xff\xd8"]
    kept = b"Exif\0\0" + _exif(turn)
    if turn != 1:
        out.append(b"\xff\xe1" + struct.pack(">H", len(kept) + 2) + kept)
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if data[at] != 0xFF:
            raise WorkError("damaged", "no marker where one must be")
        marker = data[at + 1]
        if marker == 0xD9:
            return b"".join([*out, b"\xff\xd9"])
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        segment = data[at:end]
        if end > len(data) or len(segment) < 4:
            raise WorkError("damaged", "cut off")
        if marker == 0xDA:  # a scan, its bytes and the restarts in it
            found = _JPEG_MARKER.search(data, end)
            if found is None:
                raise WorkError("damaged", "cut off")
            end = found.start()
            out.append(data[at:end])
        elif _jpeg_kept(marker, segment[4:]):
            out.append(segment)
        at = end


def _jpeg_kept(marker: int, content: bytes) -> bool:
    if marker == 0xE2:
        return content.startswith(b"ICC_PROFILE\0")
    if marker == 0xE0:
        return content.startswith(b"JFIF\0")
    # Adobe's says which colours these are; all other applications' and comments go.
    return marker == 0xEE or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _png(data: bytes, turn: int) -> bytes:
    out = [data[:8]]
    at = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise WorkError("damaged", "cut off")
        if name in _PNG_KEPT:
            out.append(data[at:end])
        if name == b"IHDR" and turn != 1:
            content = b"eXIf" + _exif(turn)
            out.append(struct.pack(">I", len(content) - 4) + content)
            out.append(struct.pack(">I", zlib.crc32(content)))
        if name == b"IEND":
            return b"".join(out)
        at = end


def _webp(data: bytes, turn: int) -> bytes:
    whole = struct.unpack_from("<I", data, 4)[0] + 8
    if whole > len(data):
        raise WorkError("damaged", "cut off")
    chunks: list[bytes] = []
    at = 12
    while at + 8 <= whole:
        name, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length
        if end > whole:
            raise WorkError("damaged", "cut off")
        chunk = data[at:end] + bytes(length & 1)
        if name == b"VP8X":
            flags = chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP) | (_WEBP_EXIF if turn != 1 else 0)
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if name in _WEBP_KEPT:
            chunks.append(chunk)
        at = end + (length & 1)
    if turn != 1:
        exif = _exif(turn)
        chunks.append(b"EXIF" + struct.pack("<I", len(exif)) + exif)
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


# ISO base media files: HEIC and AVIF


def _heif(data: bytes) -> bytes:
    """The metadata's bytes are overwritten; offsets stay what they were."""
    out = bytearray(data)
    meta: tuple[int, int] | None = None
    for name, start, body, end in _boxes(data, 0, len(data)):
        if name == b"meta" and meta is None:
            meta = (body + 4, end)
        elif name not in (b"ftyp", b"mdat"):
            # Films, makers' own things: not the picture.
            out[start + 4 : start + 8] = b"free"
            out[body:end] = bytes(end - body)
    if meta is None:
        raise WorkError("damaged", "no picture in it")
    boxes = {name: (body, end) for name, _, body, end in _boxes(data, *meta)}
    if b"iinf" not in boxes or b"iloc" not in boxes:
        raise WorkError("damaged", "no picture in it")
    idat = boxes.get(b"idat", (0, 0))[0]
    told = _told(data, *boxes[b"iinf"])
    for item, method, extents in _extents(data, *boxes[b"iloc"]):
        if item not in told:
            continue
        if method > 1 or (method == 1 and not idat):
            raise WorkError("unsupported", "metadata in an uncommon place")
        blank = b"\0\0\0\0" + _exif(0) if told[item] == b"Exif" else b""
        fill = b"\0" if told[item] == b"Exif" else b" "
        for offset, length in extents:
            start = offset + (idat if method else 0)
            if start + length > len(data):
                raise WorkError("damaged", "cut off")
            out[start : start + length] = blank[:length].ljust(length, fill)
            blank = blank[length:]
    return bytes(out)


def _boxes(data: bytes, at: int, stop: int) -> Iterator[tuple[bytes, int, int, int]]:
    """(type, where it begins, where its content begins, where it ends) of each."""
    while at + 8 <= stop:
        size, name = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            size = struct.unpack_from(">Q", data, body)[0]
            body += 8
        end = stop if size == 0 else at + size
        if end < body or end > stop:
            raise WorkError("damaged", "cut off")
        yield name, at, body, end
        at = end


def _told(data: bytes, at: int, end: int) -> dict[int, bytes]:
    """Items that tell of the picture: Exif, and others of their kind."""
    version = data[at]
    at += 4 + (2 if version == 0 else 4)
    found: dict[int, bytes] = {}
    for name, _, body, _ in _boxes(data, at, end):
        if name != b"infe":
            continue
        wide = data[body] >= 3
        item = struct.unpack_from(">I" if wide else ">H", data, body + 4)[0]
        kind = data[body + (10 if wide else 8) :][:4]
        if data[body] >= 2 and kind in (b"Exif", b"mime", b"uri "):
            found[item] = kind
    return found


def _extents(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """(item, how it is stored, [(offset, bytes)]) of each."""
    version = data[at]
    sizes = struct.unpack_from(">H", data, at + 4)[0]
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    at += 6

    def number(size: int) -> int:
        nonlocal at
        if at + size > end:
            raise WorkError("damaged", "cut off")
        at += size
        return int.from_bytes(data[at - size : at], "big")

    for _ in range(number(4 if version == 2 else 2)):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        extents: list[tuple[int, int]] = []
        for _ in range(number(2)):
            number(index_size)
            offset = base + number(offset_size)
            extents.append((offset, number(length_size)))
        yield item, method, extents
