"""What may stand in a document: for each kind of document a list, extended when a kind comes.

yrs, Yjs and the editors above them each take some input that another one cannot (an `undefined` in
JSON, an XmlHook, nesting without a bound). The list holds what editors write and all of them read.
Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from hub.errors import BadRequest, ProtocolError
from hub.rooms.places import NOWHERE, Draft, Kind, Places
from hub.wire import yrewrite
from hub.wire.varint import read_varint
from hub.wire.yupdate import (
    ANY,
    DELETED,
    EMBED,
    FORMAT,
    GC,
    STRING,
    TYPE,
    Id,
    Struct,
    Update,
    read_any,
)

MAX_NESTING: Final = 200
"""yrs recurses when it deletes; 100,000 nested elements end the process."""
MAX_STORED_NESTING: Final = 1000
"""Documents from before the bound still open up to here."""
MAX_NAME_BYTES: Final = 1024
MAX_INTEGER: Final = 1 << 53
MAX_JSON_BYTES: Final = 1024 * 1024

ROOTS: Final = {"rich": "default", "text": "content"}
"""The one root of each kind of document: an XmlFragment and a Text."""

_XML_ELEMENT: Final = 3
_XML_TEXT: Final = 6
_OPENS: Final[dict[int, Kind]] = {_XML_ELEMENT: "element", _XML_TEXT: "text"}

# What may stand where: (kind of place, as the value of a key) → kinds of content.
_ALLOWED: Final[dict[tuple[Kind, bool], frozenset[int]]] = {
    ("fragment", False): frozenset((TYPE, DELETED)),
    ("element", False): frozenset((TYPE, DELETED)),
    ("element", True): frozenset((ANY, DELETED)),
    ("text", False): frozenset((STRING, FORMAT, EMBED, DELETED)),
    ("text", True): frozenset((ANY, DELETED)),
    ("nothing", False): frozenset((GC, TYPE, STRING, FORMAT, EMBED, ANY, DELETED)),
}
_FLAT: Final = frozenset((STRING, FORMAT, EMBED, DELETED))

Steps = Iterable[tuple[int, Struct]]
"""``(client, struct)``, none before what it rests upon."""


class Unsupported(Exception):
    """A struct that may not stand in the document; the message says why."""


def places_of(kind: str) -> Places | None:
    """The bookkeeping a kind of document needs: none where nothing nests."""
    return Places(ROOTS[kind]) if kind == "rich" else None


def refuse_foreign(kind: str, update: Update, steps: Steps, draft: Draft | None) -> None:
    """Check new structs against the list, and note in ``draft`` where they would stand.

    Raises:
        BadRequest: ``unsupported_content``.
    """
    for client, struct in steps:
        try:
            place_and_check(kind, update, client, struct, draft, MAX_NESTING)
        except Unsupported as why:
            raise BadRequest(f"The document cannot hold this: {why}.", code="unsupported_content") \
                from why  # fmt: skip


def foreign(kind: str, update: Update, steps: Steps, draft: Draft | None) -> dict[Id, bytes]:
    """Structs of a log that the list does not allow, and how they are taken instead: as deleted."""
    found: dict[Id, bytes] = {}
    for client, struct in steps:
        try:
            place_and_check(kind, update, client, struct, draft, MAX_STORED_NESTING)
        except Unsupported:
            gone = struct._replace(kind=DELETED)
            place = draft.of(client, gone) if draft is not None else None
            if draft is not None:
                draft.add(client, gone, place or NOWHERE, None)
            if place is NOWHERE or (place is None and draft is not None):
                found[client, struct.clock] = yrewrite.as_gc(struct)
            else:
                found[client, struct.clock] = yrewrite.as_deleted(struct, ROOTS[kind])
    return found


def place_and_check(
    kind: str, update: Update, client: int, struct: Struct, draft: Draft | None, nesting: int
) -> None:
    """Raises:
    Unsupported: it may not stand there.
    """
    if draft is None:
        _check_flat(kind, struct)
        _check_content(update.data, struct)
        return
    place = draft.of(client, struct)
    if place is None:
        raise Unsupported("its parent is no element of the document")
    if struct.kind not in _ALLOWED.get((place.kind, place.sub), ()) and struct.kind != GC:
        raise Unsupported("content of this kind has no place there")
    opens = None
    if struct.kind == TYPE:
        opens = _OPENS.get(struct.type_ref)
        if opens is None:
            raise Unsupported("a type that no editor of rich text writes")
        if place.depth >= nesting:
            raise Unsupported(f"more than {nesting} elements inside each other")
    _check_content(update.data, struct)
    draft.add(client, struct, place, opens)


def _check_flat(kind: str, struct: Struct) -> None:
    if struct.kind not in _FLAT:
        raise Unsupported("content of this kind has no place in a text")
    if struct.parent is not None and (struct.parent != ROOTS[kind] or struct.sub):
        raise Unsupported(f"everything stands in {ROOTS[kind]!r}")


def _check_content(data: bytes, struct: Struct) -> None:
    check = _CHECKS.get(struct.kind)
    if check is not None:
        check(data, struct)


def _check_format(data: bytes, struct: Struct) -> None:
    size, at = read_varint(data, struct.content)
    if size > MAX_NAME_BYTES:
        raise Unsupported("a name is too long")
    check_json(data, at + size, struct.end)


def _check_embed(data: bytes, struct: Struct) -> None:
    check_json(data, struct.content, struct.end)


def _check_type(data: bytes, struct: Struct) -> None:
    if struct.end - struct.content > MAX_NAME_BYTES:
        raise Unsupported("a name is too long")


def _check_any(data: bytes, struct: Struct) -> None:
    if struct.length != 1:
        raise Unsupported("a key has one value")
    _, at = read_varint(data, struct.content)
    _check_integers(read_any(data, at)[0])


_CHECKS: Final[dict[int, Callable[[bytes, Struct], None]]] = {
    FORMAT: _check_format,
    EMBED: _check_embed,
    TYPE: _check_type,
    ANY: _check_any,
}


def check_json(data: bytes, at: int, end: int) -> None:
    """Raises:
    Unsupported: no JSON that both JavaScript and Rust read alike, too large or nested too deep.
    """
    size, at = read_varint(data, at)
    text = data[at:end]
    if text in (b"null", b"true", b"{}"):
        return
    if size > MAX_JSON_BYTES:
        raise Unsupported("a value is too large")
    # The depth first: decoders recurse.
    if text.count(b"[") + text.count(b"{") > 64 and _depth(text) > 64:
        raise Unsupported("a value is nested too deeply")
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unsupported("a value is no JSON") from error
    _check_integers(value)


def _check_integers(value: Any) -> None:
    """yrs refuses integers above 64 bits, and JavaScript rounds those above 53."""
    match value:
        case bool():
            pass
        case int():
            if not -MAX_INTEGER <= value <= MAX_INTEGER:
                raise Unsupported("an integer has more than 53 bits")
        case list():
            for one in value:
                _check_integers(one)
        case dict():
            for one in value.values():
                _check_integers(one)
        case _:
            pass


def _depth(text: bytes) -> int:
    """How deep brackets nest, those inside strings left out."""
    depth = deepest = 0
    inside = escaped = False
    for byte in text:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def contents(data: bytes, struct: Struct) -> list[Any]:
    """What a struct holds, comparable with what another copy of it holds, however each is
    encoded: a list of its values. Of strings use ``struct.text``."""
    at = struct.content
    if struct.kind == FORMAT:
        size, at = read_varint(data, at)
        return [data[at : at + size], _json(data, at + size, struct.end)]
    if struct.kind == EMBED:
        return [_json(data, at, struct.end)]
    if struct.kind == ANY:
        values = []
        _, at = read_varint(data, at)
        for _ in range(struct.length):
            value, at = read_any(data, at)
            values.append(value)
        return values
    return [data[at : struct.end]]


def _json(data: bytes, at: int, end: int) -> Any:
    _, at = read_varint(data, at)
    try:
        return msgspec.json.decode(data[at:end])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError("A value is no JSON.", code="malformed_update") from error
