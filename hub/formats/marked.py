"""Markdown files: a rich document each (``hub.formats.work.Format``)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.formats import canon, merging, ydoc
from hub.formats.markdown import keeping, reader
from hub.formats.markdown.joining import join
from hub.formats.plain_files import incoming, read, written
from hub.formats.tree import Node, in_words
from hub.formats.work import About, Given
from hub.sandbox.frames import Meta, Part


def opened(data: bytes, given: Given) -> Iterator[Part]:
    file = read(data)
    nodes = reader.nodes_of(file.text) or [Node("paragraph")]
    meta: Meta = {"kind": "rich", "encoding": file.encoding}
    yield Part("document", meta, ydoc.of_tree(nodes, given.client))


def saved(data: bytes, state: bytes, given: Given) -> Iterator[Part]:
    file = read(data, given.encoding)
    text = keeping.rewritten(file.text, ydoc.tree_of(state))
    yield Part("file", {}, written(file, text, given.anew))


def made(state: bytes, about: About, given: Given) -> Iterator[Part]:
    """What it has not stands there as words; pictures lead where they do in the document."""
    text = keeping.rewritten("", in_words(ydoc.tree_of(state)))
    yield Part("file", {"missing": ""}, text.encode())


def merged(data: bytes, other: bytes, state: bytes, given: Given) -> Iterator[Part]:
    base, theirs = read(data, given.encoding), read(other, given.anew)
    found = merging.merge_blocks(
        reader.nodes_of(base.text), ydoc.tree_of(state), reader.nodes_of(theirs.text), given.take,
        lambda node: canon.key(node, loose=True), join,
    )  # fmt: skip
    update = ydoc.edit_tree(state, found.edits, given.client) if found.edits else b""
    yield incoming(found.changes, found.conflicts, theirs.encoding, update)
