"""Yjs documents made of what a format reads. Pure.

Everything is written under one client id, given by whoever asks, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from hub.formats import tree
from hub.formats.merging import BlockEdit, Edit
from hub.formats.tree import Node

_TEXT_ROOT: Final = "content"
_RICH_ROOT: Final = "default"


def of_text(text: str, client: int) -> bytes:
    """A plain-text document as one update."""
    doc: Doc[Any] = Doc(client_id=client)
    root = doc.get(_TEXT_ROOT, type=Text)
    if text:
        with doc.transaction():
            root += text
    return doc.get_update()


def text_of(state: bytes) -> str:
    """The text of a plain-text document."""
    doc: Doc[Any] = Doc()
    doc.apply_update(state)
    return str(doc.get(_TEXT_ROOT, type=Text))


def edit_text(state: bytes, edits: Sequence[Edit], client: int) -> bytes:
    """What changes a plain-text document so, as one update under a client id."""
    doc: Doc[Any] = Doc(client_id=client)
    doc.apply_update(state)
    before = doc.get_state()
    root = doc.get(_TEXT_ROOT, type=Text)
    text = str(root)
    with doc.transaction():
        # pycrdt counts in bytes of UTF-8.
        at, position = len(text.encode()), len(text)
        for one in reversed(edits):
            at -= len(text[one.end : position].encode())
            width = len(text[one.start : one.end].encode())
            at, position = at - width, one.start
            if width:
                del root[at : at + width]
            if one.text:
                root.insert(at, one.text)
    return doc.get_update(before)


# --- rich text ------------------------------------------------------------------------------------


def of_tree(nodes: Sequence[Node], client: int) -> bytes:
    """A rich document as one update."""
    doc: Doc[Any] = Doc(client_id=client)
    root = doc.get(_RICH_ROOT, type=XmlFragment)
    with doc.transaction():
        for node in nodes:
            _append(root, node)
    return doc.get_update()


def tree_of(state: bytes) -> list[Node]:
    """The blocks of a rich document.

    Raises:
        TooLarge: ``export_too_large``.
    """
    doc: Doc[Any] = Doc()
    doc.apply_update(state)
    return tree.read(doc)


def edit_tree(state: bytes, edits: Sequence[BlockEdit], client: int) -> bytes:
    """What changes a rich document so, as one update under a client id."""
    doc: Doc[Any] = Doc(client_id=client)
    doc.apply_update(state)
    before = doc.get_state()
    root = doc.get(_RICH_ROOT, type=XmlFragment)
    with doc.transaction():
        for one in reversed(edits):
            for at in range(one.end - 1, one.start - 1, -1):
                del root.children[at]
            for offset, node in enumerate(one.nodes):
                element = root.children.insert(one.start + offset, _bare(node))
                _fill(element, node)
    return doc.get_update(before)


def _append(parent: XmlFragment | XmlElement, node: Node) -> None:
    _fill(parent.children.append(_bare(node)), node)


def _bare(node: Node) -> XmlElement:
    attributes = {name: value for name, value in node.attrs.items() if value is not None}
    return XmlElement(node.type, attributes, [])


def _fill(element: XmlElement, node: Node) -> None:
    """As y-prosemirror has it: runs of text in one XmlText, everything else an element."""
    runs: list[Node] = []
    for child in [*node.children, None]:
        if child is not None and child.type == "text":
            runs.append(child)
            continue
        if runs:
            _write(element.children.append(XmlText()), runs)
            runs = []
        if child is not None:
            _append(element, child)


def _write(text: XmlText, runs: Sequence[Node]) -> None:
    at = 0  # in bytes of UTF-8
    for run in runs:
        if run.text:
            text.insert(at, run.text, dict(run.marks))
            at += len(run.text.encode())
