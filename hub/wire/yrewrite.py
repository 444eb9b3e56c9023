"""Writes Yjs updates out of the parts of one that was read: some of its structs, or other contents.

Bytes are copied as they lie wherever nothing changes. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.errors import ProtocolError
from hub.wire.varint import read_bytes, read_varint, write_varint
from hub.wire.yupdate import (
    ANY,
    DELETED,
    GC,
    JSON,
    SKIP,
    STRING,
    Id,
    Struct,
    Update,
    read_any,
)

Deletes = Mapping[int, Sequence[tuple[int, int]]]
Contents = Mapping[Id, bytes]
"""``(client, clock)`` of a struct → all its bytes."""

REPLACEMENT = "\ufffd"


def select(
    update: Update,
    structs: Mapping[int, Sequence[Struct]],
    deletes: Deletes,
    contents: Contents | None = None,
) -> bytes:
    """An update of some structs of another one; a Skip stands where clocks are left out."""
    parts = [write_varint(sum(1 for some in structs.values() if some))]
    for client, some in structs.items():
        if some:
            _write_client(parts, update.data, client, some, contents or {})
    parts.append(write_deletes(deletes))
    return b"".join(parts)


def replace(update: Update, contents: Contents) -> bytes:
    """The same update with other bytes for some of its structs."""
    return select(update, update.structs, update.deletes, contents)


def write_deletes(deletes: Deletes) -> bytes:
    """A delete set."""
    parts = [write_varint(len(deletes))]
    for client, ranges in deletes.items():
        parts += (write_varint(client), write_varint(len(ranges)))
        for clock, length in ranges:
            parts += (write_varint(clock), write_varint(length))
    return b"".join(parts)


def as_gc(struct: Struct) -> bytes:
    """A struct of which nothing is left but its length."""
    return bytes((GC,)) + write_varint(struct.length)


def as_deleted(struct: Struct, root: str) -> bytes:
    """A struct with its content gone, between the same neighbours; without any, in a root."""
    info = DELETED
    head = b""
    for flag, id_ in ((0x80, struct.origin), (0x40, struct.right)):
        if id_ is not None:
            info |= flag
            head += write_varint(id_[0]) + write_varint(id_[1])
    if info == DELETED:
        name = root.encode()
        head = b"\x01" + write_varint(len(name)) + name
    return bytes((info,)) + head + write_varint(struct.length)


def without_pairs(data: bytes, struct: Struct, clocks: Sequence[int]) -> bytes:
    """A string with the surrogate pairs that begin at ``clocks`` turned into two U+FFFD each, as
    Yjs does when something comes to stand between the halves (ContentString.splice)."""
    assert struct.kind == STRING
    assert struct.text is not None
    units = bytearray(struct.text.encode("utf-16-le"))
    for clock in clocks:
        at = 2 * (clock - struct.clock)
        units[at : at + 4] = (2 * REPLACEMENT).encode("utf-16-le")
    text = units.decode("utf-16-le").encode()
    return data[struct.start : struct.content] + write_varint(len(text)) + text


def tail(data: bytes, client: int, struct: Struct, clock: int) -> bytes:
    """What a struct holds from a clock inside it, as Yjs would send it.

    Source: https://github.com/yjs/yjs src/structs/Item.js (write, with an offset).
    """
    length = struct.clock + struct.length - clock
    if struct.kind in (GC, SKIP):
        return bytes((struct.kind,)) + write_varint(length)
    info = 0x80 | struct.kind
    head = write_varint(client) + write_varint(clock - 1)
    if struct.right is not None:
        info |= 0x40
        head += write_varint(struct.right[0]) + write_varint(struct.right[1])
    if struct.kind == STRING:
        assert struct.text is not None
        units = struct.text.encode("utf-16-le")[2 * (clock - struct.clock) :]
        text = units.decode("utf-16-le", "replace").encode()
        return bytes((info,)) + head + write_varint(len(text)) + text
    if struct.kind == DELETED:
        return bytes((info,)) + head + write_varint(length)
    if struct.kind in (ANY, JSON):
        _, at = read_varint(data, struct.content)
        read = read_any if struct.kind == ANY else read_bytes
        for _ in range(clock - struct.clock):
            _, at = read(data, at)
        return bytes((info,)) + head + write_varint(length) + data[at : struct.end]
    raise ProtocolError("A struct of this kind has no parts.", code="malformed_update")


def _write_client(
    parts: list[bytes], data: bytes, client: int, structs: Sequence[Struct], contents: Contents
) -> None:
    body: list[bytes] = []
    count = 0
    clock = structs[0].clock
    run_start = run_end = -1
    for struct in structs:
        if struct.clock > clock:
            if run_start >= 0:
                body.append(data[run_start:run_end])
                run_start = -1
            body.append(bytes((SKIP,)) + write_varint(struct.clock - clock))
            count += 1
        count += 1
        clock = struct.clock + struct.length
        changed = contents.get((client, struct.clock)) if contents else None
        if changed is None and run_start >= 0 and run_end == struct.start:
            run_end = struct.end
            continue
        if run_start >= 0:
            body.append(data[run_start:run_end])
            run_start = -1
        if changed is not None:
            body.append(changed)
        else:
            run_start, run_end = struct.start, struct.end
    if run_start >= 0:
        body.append(data[run_start:run_end])
    parts += (write_varint(count), write_varint(client), write_varint(structs[0].clock), *body)
