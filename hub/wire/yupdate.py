"""Reads a Yjs update (format v1) as far as admission needs it: who wrote which clocks, and what it
rests upon. Bounded by the length of its input; builds nothing. No I/O.

    number of clients, then for each: number of structs, client, first clock, structs
    delete set: number of clients, then for each: client, number of ranges, (clock, length)…

Source: https://github.com/yjs/yjs src/utils/encoding.js, src/structs/Item.js (readItemContent).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.errors import ProtocolError
from hub.wire.varint import read_varint, write_varint

GC: Final = 0
DELETED: Final = 1
STRING: Final = 4
SKIP: Final = 10
MAX_DEPTH: Final = 64

EMPTY: Final = b"\x00\x00"


class Struct(NamedTuple):
    """``length`` counts clocks; ``text`` is the content of a string struct, else null."""

    clock: int
    length: int
    kind: int
    text: str | None


class Update:
    """What an update holds.

    Attributes:
        structs: client id → its structs in ascending clock, without gaps in between but Skips.
        needs: client id → the highest clock + 1 that the structs of *other* clients refer to.
        deletes: client id → ranges ``(clock, length)``.
        refers_ahead: a struct refers to a later one of its own client, which no client writes.
    """

    __slots__ = ("deletes", "needs", "refers_ahead", "structs")

    def __init__(self) -> None:
        self.structs: dict[int, list[Struct]] = {}
        self.needs: dict[int, int] = {}
        self.deletes: dict[int, list[tuple[int, int]]] = {}
        self.refers_ahead = False

    @property
    def empty(self) -> bool:
        return not self.structs and not self.deletes


def parse(data: bytes) -> Update:
    """Read an update.

    Raises:
        ProtocolError: ``malformed_update``.
    """
    try:
        return _parse(data)
    except (ProtocolError, IndexError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError("The update is malformed.", code="malformed_update") from error


def _parse(data: bytes) -> Update:
    update = Update()
    clients, at = read_varint(data, 0)
    for _ in range(clients):
        count, at = read_varint(data, at)
        client, at = read_varint(data, at)
        clock, at = read_varint(data, at)
        if client in update.structs:
            raise ProtocolError("A client stands twice in an update.")
        structs: list[Struct] = []
        for _ in range(count):
            struct, at = _read_struct(data, at, client, clock, update)
            clock += struct.length
            if clock >= 1 << 53:
                raise ProtocolError("A clock is out of range.")
            structs.append(struct)
        if structs:
            update.structs[client] = structs
    clients, at = read_varint(data, at)
    for _ in range(clients):
        client, at = read_varint(data, at)
        count, at = read_varint(data, at)
        ranges = update.deletes.setdefault(client, [])
        for _ in range(count):
            clock, at = read_varint(data, at)
            length, at = read_varint(data, at)
            ranges.append((clock, length))
    update.deletes = {client: ranges for client, ranges in update.deletes.items() if ranges}
    if at != len(data):
        raise ProtocolError("An update is longer than it says.")
    return update


def _read_struct(
    data: bytes, at: int, client: int, clock: int, update: Update
) -> tuple[Struct, int]:
    info = data[at]
    at += 1
    kind = info & 0x1F
    if kind in (GC, SKIP):
        length, at = read_varint(data, at)
        if length == 0:
            raise ProtocolError("A struct has no length.")
        return Struct(clock, length, kind, None), at
    if info & 0x80:
        at = _read_reference(data, at, client, clock, update)
    if info & 0x40:
        at = _read_reference(data, at, client, clock, update)
    if not info & 0xC0:
        by_name, at = read_varint(data, at)
        if by_name == 1:
            at = _skip_string(data, at)
        elif by_name == 0:
            at = _read_reference(data, at, client, clock, update)
        else:
            raise ProtocolError("A struct has an unknown parent.")
        if info & 0x20:
            at = _skip_string(data, at)
    length, text, at = _read_content(data, at, kind)
    if length == 0:
        raise ProtocolError("A struct has no length.")
    return Struct(clock, length, kind, text), at


def _read_reference(data: bytes, at: int, client: int, clock: int, update: Update) -> int:
    other, at = read_varint(data, at)
    target, at = read_varint(data, at)
    if other == client:
        if target >= clock:
            update.refers_ahead = True
    elif target >= update.needs.get(other, 0):
        update.needs[other] = target + 1
    return at


def _read_content(data: bytes, at: int, kind: int) -> tuple[int, str | None, int]:
    """Length in clocks, text when there is one, and the position behind the content."""
    if kind == STRING:
        size, at = read_varint(data, at)
        end = _within(data, at + size)
        text = data[at:end].decode("utf-8")
        return len(text) + sum(char > "\uffff" for char in text), text, end
    if kind == DELETED:
        length, at = read_varint(data, at)
        return length, None, at
    if kind == 2:  # JSON, written by old clients
        length, at = read_varint(data, at)
        for _ in range(length):
            at = _skip_string(data, at)
        return length, None, at
    if kind in (3, 5):  # binary, embed
        return 1, None, _skip_string(data, at)
    if kind == 6:  # format: key and JSON value
        return 1, None, _skip_string(data, _skip_string(data, at))
    if kind == 7:  # type
        reference, at = read_varint(data, at)
        if reference > 6:
            raise ProtocolError("A struct has an unknown type.")
        return 1, None, _skip_string(data, at) if reference in (3, 5) else at
    if kind == 8:  # any
        length, at = read_varint(data, at)
        for _ in range(length):
            at = _skip_any(data, at, 0)
        return length, None, at
    if kind == 9:  # sub-document
        return 1, None, _skip_any(data, _skip_string(data, at), 0)
    raise ProtocolError("A struct has unknown content.")


def _within(data: bytes, end: int) -> int:
    if end > len(data):
        raise ProtocolError("An update is shorter than it says.")
    return end


def _skip_string(data: bytes, at: int) -> int:
    size, at = read_varint(data, at)
    return _within(data, at + size)


_FIXED_ANY: Final = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}


def _skip_any(data: bytes, at: int, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise ProtocolError("A value is nested too deeply.")
    tag = data[at]
    at += 1
    if (size := _FIXED_ANY.get(tag)) is not None:
        return _within(data, at + size)
    if tag == 125:  # signed: the first byte holds six bits
        while data[at] & 0x80:
            at += 1
        return at + 1
    if tag in (119, 116):  # string, bytes
        return _skip_string(data, at)
    if tag in (118, 117):  # object, array
        count, at = read_varint(data, at)
        for _ in range(count):
            if tag == 118:
                at = _skip_string(data, at)
            at = _skip_any(data, at, depth + 1)
        return at
    raise ProtocolError("A value has an unknown type.")


def read_state_vector(data: bytes) -> dict[int, int]:
    """Client id → next clock.

    Raises:
        ProtocolError: ``malformed_state_vector``.
    """
    try:
        count, at = read_varint(data, 0)
        clocks: dict[int, int] = {}
        for _ in range(count):
            client, at = read_varint(data, at)
            clocks[client], at = read_varint(data, at)
    except ProtocolError as error:
        raise ProtocolError(
            "The state vector is malformed.", code="malformed_state_vector"
        ) from error
    if at != len(data):
        raise ProtocolError("The state vector is malformed.", code="malformed_state_vector")
    return clocks


def write_state_vector(clocks: dict[int, int]) -> bytes:
    """The opposite of ``read_state_vector``."""
    parts = [write_varint(len(clocks))]
    for client, clock in clocks.items():
        parts += (write_varint(client), write_varint(clock))
    return b"".join(parts)
