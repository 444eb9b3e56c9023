"""What goes from one process to another: messages with where they came from and their numbers.

Each process numbers what it publishes on a topic, from a start of its own choosing; so a receiver
sees what was lost, repeated or overtaken on the way. A parcel is sealed with a key that only the
processes of one hub have: what others put on the bus, or changed there, is no message.

    version (1 byte) | length of process (1) | process | seal (16) | MessagePack [first, messages]
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from hub.bus import messages as bus

VERSION = 1
SEAL = 16
MAX_PARCEL = 8 * 2**20
MAX_TOPICS = 20_000
MAX_PROCESSES = 1_000
MAX_NUMBER = 2**62

AnyMessage = (
    bus.EventCommitted | bus.StreamCommitted | bus.PresenceChanged | bus.PresenceSnapshot
    | bus.PresenceAsked | bus.TypingChanged | bus.UploadMoved | bus.VersionJudged
    | bus.VersionPreviewed | bus.UpdateRelayed | bus.CaretsRelayed | bus.CaretsAsked
    | bus.ToUser | bus.ToSession | bus.Muted | bus.PeopleChanged | bus.Revoked
)  # fmt: skip


class _Contents(Struct, array_like=True):
    first: int
    messages: list[Raw]


encode = msgspec.msgpack.Encoder().encode
"""One message, as ``Sender.seal`` takes it."""
NOTHING = encode(None)
"""Stands where a message was that could not be sent."""

_decode = msgspec.msgpack.Decoder(_Contents).decode
_decode_message = msgspec.msgpack.Decoder(AnyMessage | None).decode


class Unreadable(ValueError):
    """No parcel of this hub, or of a version that this process does not read."""


class Sender:
    """Numbers and seals what one process publishes.

    Args:
        key: at most 64 bytes; empty: the seal proves nothing.
    """

    def __init__(self, process: str, key: bytes = b"") -> None:
        name = process.encode()
        self.head = bytes((VERSION, len(name))) + name
        """How every parcel of this process begins."""
        self._key = key
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._sent = 0  # on all topics: above every number of any of them

    def seal(self, topic: str, messages: Sequence[bytes]) -> bytes:
        """A parcel of encoded messages, in their order."""
        # A topic that was forgotten goes on with larger numbers: that looks like a loss at most.
        last = self._numbers.pop(topic, self._sent)
        self._sent += len(messages)
        self._numbers[topic] = last + len(messages)
        if len(self._numbers) > MAX_TOPICS:
            self._numbers.popitem(last=False)
        body = encode(_Contents(last + 1, [Raw(one) for one in messages]))
        return self.head + _seal(self._key, topic, self.head, body) + body


class Receiver:
    """Opens what arrives on one topic."""

    def __init__(self, topic: str, key: bytes = b"") -> None:
        self._topic = topic
        self._key = key
        self._numbers: OrderedDict[bytes, int] = OrderedDict()

    def open(self, data: bytes) -> tuple[list[bus.Message], bool]:
        """The messages that have not been here and were not overtaken, and whether something is
        missing before or among them.

        Raises:
            Unreadable: nothing can be said of it.
        """
        head, contents = self._unseal(data)
        last = contents.first + len(contents.messages) - 1
        known = self._numbers.pop(head, None)
        self._numbers[head] = last if known is None else max(known, last)
        if len(self._numbers) > MAX_PROCESSES:
            self._numbers.popitem(last=False)
        missing = known is not None and contents.first > known + 1
        passed_over = 0 if known is None else max(0, known + 1 - contents.first)
        fresh = []
        for raw in contents.messages[passed_over:]:
            try:
                message = _decode_message(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                message = None  # of a newer hub
            if message is None:
                missing = True
            else:
                fresh.append(message)
        return fresh, missing

    def _unseal(self, data: bytes) -> tuple[bytes, _Contents]:
        if not 2 <= len(data) <= MAX_PARCEL or data[0] != VERSION:
            raise Unreadable("another version, or no parcel")
        end = 2 + data[1]
        head, body = data[:end], data[end + SEAL :]
        seal = _seal(self._key, self._topic, head, body)
        if not hmac.compare_digest(data[end : end + SEAL], seal):
            raise Unreadable("not sealed by a process of this hub")
        try:
            contents = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable("its contents cannot be read") from error
        if not 0 < contents.first < MAX_NUMBER:
            raise Unreadable("a number out of range")
        return head, contents


def _seal(key: bytes, topic: str, head: bytes, body: bytes) -> bytes:
    digest = hashlib.blake2b(head, digest_size=SEAL, key=key)
    digest.update(topic.encode())
    digest.update(body)
    return digest.digest()
