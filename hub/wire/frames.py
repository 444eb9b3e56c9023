"""Binary frames of the live socket: a header of nine bytes, then a y-protocols message.

    byte 0     kind: 1 sync, 2 awareness
    bytes 1-8  the document's hub-wide number, big-endian
    rest       kind 1: subtype (0 step 1, 1 step 2, 2 update), then a length and so many bytes
               kind 2: an awareness update (``hub.wire.awareness``)

A frame holds nothing about its receiver, so it is encoded once and sent to everybody. The plain
Yjs endpoint sends the same messages behind other headers (``YjsFraming``). No I/O here.

Source: y-protocols PROTOCOL.md; docs/protocol.md.
"""

from __future__ import annotations

from typing import Final, Protocol

from hub.errors import ProtocolError
from hub.wire.varint import read_bytes, read_varint, write_varint

HEADER_BYTES: Final = 9
SYNC: Final = 1
AWARENESS: Final = 2

STEP1: Final = 0
STEP2: Final = 1
UPDATE: Final = 2

# Outer message types of the plain y-websocket protocol.
YJS_SYNC: Final = 0
YJS_AWARENESS: Final = 1
YJS_AUTH: Final = 2
YJS_QUERY_AWARENESS: Final = 3


def header(kind: int, number: int) -> bytes:
    """The nine bytes before a message."""
    return bytes((kind,)) + number.to_bytes(8, "big")


def split(frame: bytes) -> tuple[int, int, memoryview]:
    """Kind, document number and message of a frame.

    Raises:
        ProtocolError: too short, or of a kind that does not exist.
    """
    if len(frame) <= HEADER_BYTES:
        raise ProtocolError("A binary frame is too short.", code="truncated")
    if frame[0] not in (SYNC, AWARENESS):
        raise ProtocolError("A binary frame has an unknown kind.", code="unknown_frame")
    return frame[0], int.from_bytes(frame[1:HEADER_BYTES], "big"), memoryview(frame)[HEADER_BYTES:]


def sync_message(subtype: int, payload: bytes) -> bytes:
    """A y-protocols sync message without its outer type."""
    return bytes((subtype,)) + write_varint(len(payload)) + payload


def read_sync(message: bytes | memoryview) -> tuple[int, bytes]:
    """Subtype and payload of a sync message.

    Raises:
        ProtocolError: unknown subtype, cut off, or followed by something.
    """
    subtype, at = read_varint(message, 0)
    if subtype > UPDATE:
        raise ProtocolError("A sync message has an unknown type.", code="unknown_frame")
    payload, at = read_bytes(message, at)
    if at != len(message):
        raise ProtocolError("A sync message is longer than it says.", code="trailing_bytes")
    return subtype, payload


class Framing(Protocol):
    """How messages of one document are put into frames."""

    def sync(self, message: bytes) -> bytes: ...

    def awareness(self, message: bytes) -> bytes: ...


class LiveFraming:
    """Of the live socket."""

    def __init__(self, number: int) -> None:
        self._sync = header(SYNC, number)
        self._awareness = header(AWARENESS, number)

    def sync(self, message: bytes) -> bytes:
        return self._sync + message

    def awareness(self, message: bytes) -> bytes:
        return self._awareness + message


class YjsFraming:
    """Of the plain Yjs protocol."""

    def sync(self, message: bytes) -> bytes:
        return bytes((YJS_SYNC,)) + message

    def awareness(self, message: bytes) -> bytes:
        return bytes((YJS_AWARENESS,)) + write_varint(len(message)) + message
