"""Word files: a rich document each (``hub.formats.work.Format``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.formats import canon, merging, ydoc
from hub.formats.docx.parts import Parts
from hub.formats.docx.reader import Reader
from hub.formats.docx.writer import Writer
from hub.formats.office.flat import nest
from hub.formats.office.joining import join
from hub.formats.office.pictures import shown, wanted
from hub.formats.tree import Node
from hub.formats.work import Given
from hub.sandbox.frames import Meta, Part


def opened(data: bytes, given: Given) -> Iterator[Part]:
    nodes, reader = read(data, given.document)
    yield from shown(reader.pictures)
    meta: Meta = {"kind": "rich", "notices": sorted(reader.notices)}
    yield Part("document", meta, ydoc.of_tree(nodes, given.client))


def saved(data: bytes, state: bytes, given: Given) -> Iterator[Part]:
    yield from written(data, ydoc.tree_of(state), given)


def merged(data: bytes, other: bytes, state: bytes, given: Given) -> Iterator[Part]:
    base, reader = read(data, given.document)
    theirs, brought = read(other, given.document)
    found = merging.merge_blocks(
        base, ydoc.tree_of(state), theirs, given.take,
        lambda node: canon.key(node, loose=True), join,
    )  # fmt: skip
    yield from shown({
        name: one for name, one in brought.pictures.items() if name not in reader.pictures
    })  # fmt: skip
    update = ydoc.edit_tree(state, found.edits, given.client) if found.edits else b""
    yield Part("merged", {"changes": found.changes, "conflicts": found.conflicts}, update)


def read(data: bytes, document: str) -> tuple[list[Node], Reader]:
    """The blocks of a file, its footnotes behind them.

    Raises:
        Refused.
    """
    reader = Reader(Parts(data), document)
    nodes = nest(reader.blocks(reader.body)) or [Node("paragraph")]
    notes = reader.notes("footnotes") | reader.notes("endnotes")
    for name in _referred(nodes):
        if name in notes:
            _, flats = notes.pop(name)
            nodes.append(Node("footnote", {"id": name}, nest(flats) or [Node("paragraph")]))
    reader.look_around()
    return nodes, reader


def written(data: bytes, nodes: Sequence[Node], given: Given) -> Iterator[Part]:
    """The file with what the nodes say, or which pictures that takes."""
    parts = Parts(data)
    reader = Reader(parts, given.document)
    writer = Writer(parts, reader, given.pictures or {})
    if given.pictures is None and (missing := wanted(nodes, reader.pictures)):
        yield Part("wanted", {"attachments": missing})
        return
    made = writer.save(nodes)
    yield Part("file", {}, data if made is None else made)


def _referred(nodes: Sequence[Node]) -> list[str]:
    """The ids of footnotes in the order in which they are referred to."""
    found: dict[str, None] = {}
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if node.type == "footnoteReference":
            found[str(node.attrs.get("id"))] = None
        stack += reversed(node.children)
    return list(found)
