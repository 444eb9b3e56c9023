"""Reads a Yjs update (format v1): who wrote which clocks, on what that rests, where its bytes lie.

    number of clients, then for each: number of structs, client, first clock, structs
    delete set: number of clients, then for each: client, number of ranges, (clock, length)…

Bounded by the length of its input. It says whether the bytes are an update, not whether a document
may hold it (``hub.rooms.content_rules``). No I/O.

Source: https://github.com/yjs/yjs src/utils/encoding.js, src/structs/Item.js (readItemContent).
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct as BinaryNumber
from typing import Any, Final, NamedTuple

from hub.errors import HubError, ProtocolError, TooLarge
from hub.wire.varint import read_varint, write_varint

GC: Final = 0
DELETED: Final = 1
JSON: Final = 2
BINARY: Final = 3
STRING: Final = 4
EMBED: Final = 5
FORMAT: Final = 6
TYPE: Final = 7
ANY: Final = 8
DOC: Final = 9
SKIP: Final = 10

MAX_DEPTH: Final = 64
"""Nesting of one JSON-like value."""
MAX_CLOCK: Final = 1 << 31
"""yrs and Yjs count clocks in 32 bits in places."""

EMPTY: Final = b"\x00\x00"

Id = tuple[int, int]
"""``(client, clock)``."""


class Struct(NamedTuple):
    """``data[start:content]`` is its head (info, origins, parent), ``data[content:end]`` the rest.

    Attributes:
        length: in clocks; of a string in UTF-16 code units.
        text: the content of a string, else null.
        origin, right: what stood on either side when it was written.
        parent: a root's name or the id of a type; null when it follows from the sides.
        sub: whether it is the value of a key (an attribute) rather than a child.
        type_ref: of a type which one (3 an element, 6 a text), else -1.
    """

    clock: int
    length: int
    kind: int
    text: str | None
    origin: Id | None
    right: Id | None
    parent: str | Id | None
    sub: bool
    type_ref: int
    start: int
    content: int
    end: int


class Update:
    """What an update holds.

    Attributes:
        data: its bytes.
        structs: client id → its structs in ascending clock; Skips stand where some are left out.
        needs: client id → the highest clock + 1 that structs of *other* clients refer to.
        deletes: client id → ranges ``(clock, length)``.
        deletes_at: where the delete set begins.
        refers_ahead: a struct refers to itself or a later one of its client, as no client writes.
        skips: whether clocks are left out in the middle.
        astral: whether a text has characters of two UTF-16 units.
    """

    __slots__ = (
        "astral",
        "data",
        "deletes",
        "deletes_at",
        "needs",
        "refers_ahead",
        "skips",
        "structs",
    )

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.structs: dict[int, list[Struct]] = {}
        self.needs: dict[int, int] = {}
        self.deletes: dict[int, list[tuple[int, int]]] = {}
        self.deletes_at = 0
        self.refers_ahead = False
        self.skips = False
        self.astral = False

    @property
    def empty(self) -> bool:
        return not self.structs and not self.deletes


def parse(data: bytes, most: int | None = None) -> Update:
    """Read an update.

    Args:
        most: structs and deletions, at most; null where the hub has counted them before.

    Raises:
        ProtocolError: ``malformed_update``.
        TooLarge: ``update_too_large``.
    """
    update = Update(data)
    try:
        _read(data, update, most if most is not None else 1 << 60)
    except (ProtocolError, IndexError, UnicodeDecodeError) as error:
        raise ProtocolError("The update is malformed.", code="malformed_update") from error
    return update


def end_of(structs: list[Struct]) -> int:
    """The clock behind a client's last struct."""
    last = structs[-1]
    return last.clock + last.length


def _read(data: bytes, update: Update, most: int) -> None:
    clients, at = read_varint(data, 0)
    left = most
    for _ in range(clients):
        count, at = read_varint(data, at)
        client, at = read_varint(data, at)
        clock, at = read_varint(data, at)
        if client in update.structs:
            raise ProtocolError("A client stands twice in an update.")
        structs: list[Struct] = []
        left -= count
        if left < 0:
            raise _too_many()
        for _ in range(count):
            struct = _read_struct(data, at, client, clock, update)
            at = struct.end
            clock += struct.length
            if clock >= MAX_CLOCK:
                raise ProtocolError("A clock is out of range.")
            structs.append(struct)
        if structs:
            update.structs[client] = structs
    update.deletes_at = at
    update.deletes, at = _read_deletes(data, at, most)
    if at != len(data):
        raise ProtocolError("An update is longer than it says.")


def read_first_client(data: bytes, until: int) -> list[Struct]:
    """The structs of the first client of an update, as far as they begin below a clock."""
    count = 0
    clients, at = read_varint(data, 0)
    if clients:
        count, at = read_varint(data, at)
        client, at = read_varint(data, at)
        clock, at = read_varint(data, at)
    structs: list[Struct] = []
    unused = Update(data)
    while len(structs) < count and clock < until:
        struct = _read_struct(data, at, client, clock, unused)
        structs.append(struct)
        at, clock = struct.end, clock + struct.length
    return structs


def _too_many() -> HubError:
    return TooLarge("The update holds too much at once.", code="update_too_large")


def _read_deletes(data: bytes, at: int, left: int) -> tuple[dict[int, list[tuple[int, int]]], int]:
    deletes: dict[int, list[tuple[int, int]]] = {}
    clients, at = read_varint(data, at)
    for _ in range(clients):
        client, at = read_varint(data, at)
        count, at = read_varint(data, at)
        ranges = deletes.setdefault(client, [])
        left -= count
        if left < 0:
            raise _too_many()
        for _ in range(count):
            clock, at = read_varint(data, at)
            length, at = read_varint(data, at)
            if clock + length >= MAX_CLOCK:
                raise ProtocolError("A clock is out of range.")
            if length:
                ranges.append((clock, length))
    return {client: ranges for client, ranges in deletes.items() if ranges}, at


def _read_struct(data: bytes, at: int, client: int, clock: int, update: Update) -> Struct:
    start = at
    info = data[at]
    at += 1
    kind = info & 0x1F
    if kind in (GC, SKIP):
        if info & 0xE0:  # yrs would take it for something else than Yjs
            raise ProtocolError("A struct has a flag that it cannot have.")
        length, at = read_varint(data, at)
        if length == 0:
            raise ProtocolError("A struct has no length.")
        if kind == SKIP:
            update.skips = True
        return Struct(clock, length, kind, None, None, None, None, False, -1, start, start + 1, at)
    origin: Id | None = None
    right: Id | None = None
    parent: str | Id | None = None
    sub = False
    if info & 0x80:
        origin, at = _read_id(data, at, client, clock, update)
    if info & 0x40:
        right, at = _read_id(data, at, client, clock, update)
    if not info & 0xC0:
        by_name, at = read_varint(data, at)
        if by_name == 1:
            parent, at = _read_string(data, at)
        elif by_name == 0:
            parent, at = _read_id(data, at, client, clock, update)
        else:
            raise ProtocolError("A struct has an unknown parent.")
        if info & 0x20:
            sub = True
            _, at = _read_string(data, at)
    content = at
    text: str | None = None
    type_ref = -1
    if kind == STRING:
        text, at = _read_string(data, at)
        length = len(text)
        if not text.isascii() and (pairs := sum(char > "\uffff" for char in text)):
            length += pairs
            update.astral = True
    elif kind == TYPE:
        length = 1
        type_ref, at = data[at], at + 1  # so does yrs; for Yjs it is a number of any length
        if type_ref in (3, 5):
            _, at = _read_string(data, at)
        elif type_ref > 6:
            raise ProtocolError("A struct has an unknown type.")
    else:
        length, at = _skip_content(data, at, kind)
    if length == 0:
        raise ProtocolError("A struct has no length.")
    return Struct(
        clock, length, kind, text, origin, right, parent, sub, type_ref, start, content, at
    )


def _read_id(data: bytes, at: int, client: int, clock: int, update: Update) -> tuple[Id, int]:
    other, at = read_varint(data, at)
    target, at = read_varint(data, at)
    if other == client:
        if target >= clock:
            update.refers_ahead = True
    elif target >= update.needs.get(other, 0):
        update.needs[other] = target + 1
    return (other, target), at


def _skip_content(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """Length in clocks, and the position behind the content."""
    if kind == DELETED:
        return read_varint(data, at)
    if kind == JSON:  # written by old clients
        length, at = read_varint(data, at)
        for _ in range(length):
            _, at = _read_string(data, at)
        return length, at
    if kind == BINARY:
        return 1, _skip_bytes(data, at)
    if kind == EMBED:
        return 1, _read_string(data, at)[1]
    if kind == FORMAT:  # key and JSON value
        return 1, _read_string(data, _read_string(data, at)[1])[1]
    if kind == ANY:
        length, at = read_varint(data, at)
        for _ in range(length):
            _, at = read_any(data, at)
        return length, at
    if kind == DOC:
        return 1, read_any(data, _read_string(data, at)[1])[1]
    raise ProtocolError("A struct has unknown content.")


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    size, at = read_varint(data, at)
    end = at + size
    if end > len(data):
        raise ProtocolError("An update is shorter than it says.")
    return data[at:end].decode(), end


def _skip_bytes(data: bytes, at: int) -> int:
    size, at = read_varint(data, at)
    if at + size > len(data):
        raise ProtocolError("An update is shorter than it says.")
    return at + size


def read_any(data: bytes, at: int, depth: int = 0) -> tuple[Any, int]:
    """A value of lib0's ``writeAny`` and the position behind it; numbers come as they compare
    (1 == 1.0), not a number as text, so that it equals itself.

    Raises:
        ProtocolError: cut off, unknown, or nested more than ``MAX_DEPTH`` deep.
    """
    if depth > MAX_DEPTH:
        raise ProtocolError("A value is nested too deeply.")
    tag = data[at]
    at += 1
    if tag in _CONSTANTS:
        return _CONSTANTS[tag], at
    if tag in _NUMBERS:
        number = _NUMBERS[tag]
        if at + number.size > len(data):
            raise ProtocolError("An update is shorter than it says.")
        (value,) = number.unpack_from(data, at)
        return ("NaN" if value != value else value), at + number.size
    if tag == 125:
        return _read_signed(data, at)
    if tag == 119:
        return _read_string(data, at)
    if tag == 116:
        end = _skip_bytes(data, at)
        return data[at:end], end
    if tag == 118:
        count, at = read_varint(data, at)
        fields = {}
        for _ in range(count):
            key, at = _read_string(data, at)
            fields[key], at = read_any(data, at, depth + 1)
        return fields, at
    if tag == 117:
        count, at = read_varint(data, at)
        values = []
        for _ in range(count):
            value, at = read_any(data, at, depth + 1)
            values.append(value)
        return values, at
    raise ProtocolError("A value has an unknown type.")


_CONSTANTS: Final = {127: "undefined", 126: None, 121: False, 120: True}
_NUMBERS: Final = {124: BinaryNumber(">f"), 123: BinaryNumber(">d"), 122: BinaryNumber(">q")}


def _read_signed(data: bytes, at: int) -> tuple[int, int]:
    """An integer whose first byte holds six bits and the sign."""
    first = data[at]
    value, shift = first & 0x3F, 6
    at += 1
    if first & 0x80:
        while True:
            byte = data[at]
            value |= (byte & 0x7F) << shift
            at += 1
            if byte < 0x80:
                break
            shift += 7
            if shift > 53:
                raise ProtocolError("A number is too long.")
    if value > 1 << 53:
        raise ProtocolError("A number is too large.")
    return (-value if first & 0x40 else value), at


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
    if at != len(data) or any(clock >= MAX_CLOCK for clock in clocks.values()):
        raise ProtocolError("The state vector is malformed.", code="malformed_state_vector")
    return clocks


def write_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The opposite of ``read_state_vector``."""
    parts = [write_varint(len(clocks))]
    for client, clock in clocks.items():
        parts += (write_varint(client), write_varint(clock))
    return b"".join(parts)
