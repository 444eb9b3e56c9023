"""What goes from one process to another: a message with where it came from and its number.

Each process numbers what it publishes on a topic, from a start of its own choosing; so a receiver
sees what was lost, repeated or overtaken on the way.
"""

from __future__ import annotations

from collections import Counter

import msgspec
from msgspec import Struct

from hub.bus import messages as bus

VERSION = 1

AnyMessage = (
    bus.EventCommitted | bus.StreamCommitted | bus.PresenceChanged | bus.PresenceSnapshot
    | bus.PresenceAsked | bus.TypingChanged | bus.UploadMoved | bus.VersionJudged
    | bus.VersionPreviewed | bus.UpdateRelayed | bus.CaretsRelayed | bus.CaretsAsked
    | bus.ToUser | bus.ToSession | bus.Muted | bus.PeopleChanged | bus.Revoked
)  # fmt: skip


class Envelope(Struct, array_like=True):
    version: int
    process: str
    number: int
    message: AnyMessage


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Envelope).decode


class Sender:
    """Numbers and encodes what one process publishes."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._numbers: Counter[str] = Counter()

    def seal(self, topic: str, message: bus.Message) -> bytes:
        self._numbers[topic] += 1
        return _encode(Envelope(VERSION, self._process, self._numbers[topic], message))  # type: ignore[arg-type]


class Receiver:
    """Opens what arrives on one subscription."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def open(self, data: bytes) -> tuple[bus.Message | None, bool]:
        """The message, null for one that has been here or was overtaken, and whether something is
        missing before it. Of bytes that nobody can read it is not known what is missing."""
        try:
            envelope = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None, True
        if envelope.version != VERSION:
            return None, True
        known = self._numbers.get(envelope.process)
        if known is not None and envelope.number <= known:
            return None, False
        self._numbers[envelope.process] = envelope.number
        return envelope.message, known is not None and envelope.number > known + 1
