"""WebSocket messages as a server puts them on the wire: header and payload, unmasked, in one frame.

A message for many is made once and written to each connection as the same bytes. No I/O.

Source: RFC 6455 section 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

_TEXT = 0x81
_BINARY = 0x82


@dataclass(frozen=True, slots=True)
class Shared:
    """Messages for many receivers: as they are, and as they go on the wire, in one piece."""

    messages: tuple[str | bytes, ...]
    wire: bytes


Outgoing = str | bytes | Shared


def shared(*messages: str | bytes) -> Shared:
    return Shared(messages, b"".join([encode(message) for message in messages]))


def encode(message: str | bytes) -> bytes:
    """One unfragmented frame."""
    if isinstance(message, str):
        first, payload = _TEXT, message.encode()
    else:
        first, payload = _BINARY, message
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload
