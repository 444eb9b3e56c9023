"""What files of word processors are asked for, whichever way they are written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from hub.formats import canon, merging, tree, ydoc
from hub.formats.office.joining import join
from hub.formats.office.pictures import shown, wanted
from hub.formats.tree import Node
from hub.formats.work import About, Given
from hub.sandbox.frames import Meta, Part


class Brought(Protocol):
    """What a file brings beside its text: codes of notices, and pictures by their attachments."""

    @property
    def notices(self) -> set[str]: ...

    @property
    def pictures(self) -> Mapping[str, bytes]: ...


Read = Callable[[bytes, str], tuple[list[Node], Brought]]
Written = Callable[[bytes, Sequence[Node], Given], Iterator[Part]]


def opened(read: Read, data: bytes, given: Given) -> Iterator[Part]:
    nodes, brought = read(data, given.document)
    yield from shown(brought.pictures)
    meta: Meta = {"kind": "rich", "notices": sorted(brought.notices)}
    yield Part("document", meta, ydoc.of_tree(nodes, given.client))


def saved(written: Written, data: bytes, state: bytes, given: Given) -> Iterator[Part]:
    yield from written(data, _said(state), given)


def made(
    written: Written, blank: bytes, state: bytes, about: About, given: Given
) -> Iterator[Part]:  # fmt: skip
    """A file of a document that was none; plain text as code."""
    if about.kind == "text":
        code = Node("codeBlock", {}, [Node("text", text=ydoc.text_of(state))])
        yield from written(blank, [code], given)
    else:
        # What somebody has deleted is no part of a copy.
        yield from written(blank, tree.in_words(_said(state)), given)


def _said(state: bytes) -> list[Node]:
    """The blocks of a document, as these files can have them: it is not cells that are turned to a
    side, but their paragraphs."""
    nodes = ydoc.tree_of(state)
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type in ("tableCell", "tableHeader") and node.attrs.get("align"):
            for one in node.children:
                if one.type in ("paragraph", "heading") and not one.attrs.get("textAlign"):
                    one.attrs = {**one.attrs, "textAlign": node.attrs["align"]}
    return nodes


def written(
    data: bytes, nodes: Sequence[Node], given: Given, known: Collection[str],
    save: Callable[[Sequence[Node]], bytes | None],
) -> Iterator[Part]:  # fmt: skip
    """The file with what the nodes say, or which pictures that takes.

    Args:
        known: pictures that the file has, by their attachments.
        save: gives the file anew; null, when it says what it said.
    """
    if given.pictures is None and (missing := wanted(nodes, known)):
        yield Part("wanted", {"attachments": missing})
        return
    made = save(nodes)
    yield Part("file", {}, data if made is None else made)


def merged(read: Read, data: bytes, other: bytes, state: bytes, given: Given) -> Iterator[Part]:
    base, known = read(data, given.document)
    theirs, brought = read(other, given.document)
    found = merging.merge_blocks(
        base, ydoc.tree_of(state), theirs, given.take,
        lambda node: canon.key(node, loose=True), join,
    )  # fmt: skip
    yield from shown({
        name: one for name, one in brought.pictures.items() if name not in known.pictures
    })  # fmt: skip
    update = ydoc.edit_tree(state, found.edits, given.client) if found.edits else b""
    yield Part("merged", {"changes": found.changes, "conflicts": found.conflicts}, update)
