"""Markdown files: a rich document each (``hub.formats.worker.Format``)."""

from __future__ import annotations

from hub.formats import canon, merging, ydoc
from hub.formats.markdown import keeping, reader
from hub.formats.markdown.joining import join
from hub.formats.merging import Take
from hub.formats.plain_files import incoming, read, written
from hub.formats.tree import Node
from hub.sandbox.frames import Meta, Part


def opened(data: bytes, client: int) -> Part:
    file = read(data)
    nodes = reader.nodes_of(file.text) or [Node("paragraph")]
    meta: Meta = {"kind": "rich", "encoding": file.encoding}
    return Part("document", meta, ydoc.of_tree(nodes, client))


def saved(data: bytes, state: bytes, encoding: str | None, anew: str | None) -> Part:
    file = read(data, encoding)
    return Part("file", {}, written(file, keeping.rewritten(file.text, ydoc.tree_of(state)), anew))


def merged(
    data: bytes, other: bytes, state: bytes, client: int, take: Take, encoding: str | None
) -> Part:
    base, theirs = read(data, encoding), read(other)
    found = merging.merge_blocks(
        reader.nodes_of(base.text), ydoc.tree_of(state), reader.nodes_of(theirs.text), take,
        lambda node: canon.key(node, loose=True), join,
    )  # fmt: skip
    update = ydoc.edit_tree(state, found.edits, client) if found.edits else b""
    return incoming(found.changes, found.conflicts, theirs.encoding, update)
