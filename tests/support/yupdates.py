"""Builds Yjs updates byte by byte, for what no editor would send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pycrdt import Doc, Text

from hub.wire.varint import write_varint as varint
from hub.wire.yupdate import Id

Made = tuple[int, bytes]
"""Length in clocks and bytes of a struct."""


def string(text: str) -> bytes:
    data = text.encode()
    return varint(len(data)) + data


def struct(
    kind: int, content: bytes, length: int = 1, *, origin: Id | None = None,
    right: Id | None = None, parent: str | Id | None = None, key: str | None = None,
) -> Made:  # fmt: skip
    """An item; without origins it says its parent."""
    info, head = kind, b""
    for flag, id_ in ((0x80, origin), (0x40, right)):
        if id_ is not None:
            info |= flag
            head += varint(id_[0]) + varint(id_[1])
    if origin is None and right is None:
        if isinstance(parent, tuple):
            head += b"\x00" + varint(parent[0]) + varint(parent[1])
        else:
            head += b"\x01" + string(parent or "content")
        if key is not None:
            info |= 0x20
            head += string(key)
    return length, bytes((info,)) + head + content


def text(value: str, **place: Any) -> Made:
    return struct(4, string(value), len(value.encode("utf-16-le")) // 2, **place)


def element(name: str = "paragraph", **place: Any) -> Made:
    return struct(7, b"\x03" + string(name), **place)


def xml_text(**place: Any) -> Made:
    return struct(7, b"\x06", **place)


def skip(length: int) -> Made:
    return length, b"\x0a" + varint(length)


def deleted(length: int, **place: Any) -> Made:
    return struct(1, varint(length), length, **place)


def gc(length: int) -> Made:
    return length, b"\x00" + varint(length)


def update(
    structs: Mapping[int, tuple[int, Sequence[Made]]],
    deletes: Mapping[int, Sequence[tuple[int, int]]] | None = None,
) -> bytes:
    """Args:
    structs: client → first clock and structs.
    """
    parts = [varint(len(structs))]
    for client, (clock, made) in structs.items():
        parts += [varint(len(made)), varint(client), varint(clock), *(data for _, data in made)]
    parts.append(varint(len(deletes or {})))
    for client, ranges in (deletes or {}).items():
        parts += [varint(client), varint(len(ranges))]
        parts += [varint(clock) + varint(length) for clock, length in ranges]
    return b"".join(parts)


def nested(client: int, depth: int, clock: int = 0, parent: Id | None = None) -> bytes:
    """Elements, each inside the one before."""
    made = []
    for index in range(depth):
        inside = parent if index == 0 else (client, clock + index - 1)
        made.append(element(parent=inside or "default"))
    return update({client: (clock, made)})


def typed(client: int, *pieces: str) -> tuple[Doc[Any], list[bytes]]:
    """A document and its updates, one a piece."""
    doc: Doc[Any] = Doc(client_id=client)
    content = doc.get("content", type=Text)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for piece in pieces:
        content += piece
    doc.unobserve(subscription)
    return doc, updates
