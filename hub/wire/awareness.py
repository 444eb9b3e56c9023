"""Awareness updates of y-protocols: who is where, as opaque JSON, latest only. No I/O, no state.

    number of entries, then for each: client id, clock, JSON text ("null" = gone)

Source: https://github.com/yjs/y-protocols awareness.js (encodeAwarenessUpdate).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from hub.errors import ProtocolError
from hub.wire.varint import read_bytes, read_varint, write_varint

MAX_ENTRIES: Final = 512
MAX_STATE_BYTES: Final = 4096
GONE: Final = b"null"

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode


class Entry(NamedTuple):
    """``state`` is a JSON object as bytes, or ``null`` when the client is gone."""

    client: int
    clock: int
    state: bytes


def decode(message: bytes | memoryview) -> list[Entry]:
    """Read an awareness update.

    Raises:
        ProtocolError: cut off, too many entries, a state above 4 KiB or no JSON object.
    """
    count, at = read_varint(message, 0)
    if count > MAX_ENTRIES:
        raise ProtocolError("An awareness update has too many entries.", code="bad_awareness")
    entries = []
    for _ in range(count):
        client, at = read_varint(message, at)
        clock, at = read_varint(message, at)
        state, at = read_bytes(message, at)
        if len(state) > MAX_STATE_BYTES:
            raise ProtocolError("A presence state is above 4 KiB.", code="presence_too_large")
        try:
            _decode(state)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProtocolError(
                "A presence state is no JSON object.", code="bad_awareness"
            ) from error
        entries.append(Entry(client, clock, state))
    if at != len(message):
        raise ProtocolError("An awareness update is longer than it says.", code="trailing_bytes")
    return entries


def encode(entries: Iterable[Entry]) -> bytes:
    """Write an awareness update."""
    parts: list[bytes] = []
    count = 0
    for client, clock, state in entries:
        parts += (write_varint(client), write_varint(clock), write_varint(len(state)), state)
        count += 1
    return write_varint(count) + b"".join(parts)
