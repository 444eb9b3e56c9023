"""What a worker says to the hub: frames on its standard output. Pure.

A frame is two lengths (4 bytes each, big-endian: header, body), a JSON header ``{name, meta}`` and
the body. The first is ``ready`` (the cell is locked, nothing was read yet), the last is ``end`` or
``failed``: what lacks it was cut off. The hub believes nothing of it: everything has a cap.
"""

from __future__ import annotations

import struct
from typing import Final, Literal, get_args

import msgspec

HEADER_BYTES: Final = 1 << 16
MAX_PARTS: Final = 1024

# too_large: more pixels, bytes or memory than allowed. timeout: more seconds. damaged: it is not
# what its kind says, or the worker died of it. unsupported: there is no way to show it (encrypted,
# no such format). sandbox: the place to work in failed, the file is not to blame: may be tried
# again.
Reason = Literal["too_large", "timeout", "damaged", "unsupported", "sandbox"]
REASONS: Final = frozenset(get_args(Reason))

Meta = dict[str, int | float | str | bool | list[str] | None]

_LENGTHS: Final = struct.Struct(">II")


class WorkError(Exception):
    """Inside a worker: why nothing comes of this file."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


class Garbled(ValueError):
    """Bytes that are no frames."""


class Part(msgspec.Struct, frozen=True):
    """One thing that a worker made.

    Attributes:
        meta: sizes in pixels, numbers of pages and the like.
    """

    name: str
    meta: Meta = {}
    body: bytes = b""


class _Header(msgspec.Struct):
    name: str
    meta: Meta = {}


_decoder = msgspec.json.Decoder(_Header)


def encode(part: Part) -> bytes:
    header = msgspec.json.encode(_Header(part.name, part.meta))
    return _LENGTHS.pack(len(header), len(part.body)) + header + part.body


def decode(data: bytes) -> list[Part]:
    """All parts of what a worker wrote.

    Raises:
        Garbled: it is cut off, too many, or no frames at all.
    """
    parts: list[Part] = []
    at = 0
    while at < len(data):
        if len(parts) == MAX_PARTS:
            raise Garbled("too many parts")
        if len(data) - at < _LENGTHS.size:
            raise Garbled("cut off")
        header_bytes, body_bytes = _LENGTHS.unpack_from(data, at)
        at += _LENGTHS.size
        if header_bytes > HEADER_BYTES or header_bytes + body_bytes > len(data) - at:
            raise Garbled("longer than what is there")
        try:
            header = _decoder.decode(data[at : at + header_bytes])
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise Garbled("no header") from error
        at += header_bytes
        parts.append(Part(header.name, header.meta, data[at : at + body_bytes]))
        at += body_bytes
    return parts
