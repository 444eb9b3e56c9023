"""Yjs documents made of what a format reads. Pure.

Everything is written under one client id, given by whoever asks, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from hub.formats import tree
from hub.formats.merging import BlockEdit, Edit
from hub.formats.replacing import Place, Replacement, places
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


def replace_in_text(
    state: bytes, wanted: Sequence[Replacement], client: int
) -> tuple[bytes, int]:  # fmt: skip
    """What replaces words of a plain-text document, as one update under a client id; and how many
    of them were there."""
    found = places([text_of(state)], wanted)
    edits = [Edit(one.start, one.end, one.new) for one in found]
    return (edit_text(state, edits, client) if edits else b""), len(found)


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


def replace_in_tree(
    state: bytes, wanted: Sequence[Replacement], client: int
) -> tuple[bytes, int]:  # fmt: skip
    """What replaces words of a rich document, as one update under a client id; and how many of them
    were there. New words have the marks of the first that they stand for."""
    doc: Doc[Any] = Doc(client_id=client)
    doc.apply_update(state)
    before = doc.get_state()
    texts = list(_texts(doc.get(_RICH_ROOT, type=XmlFragment)))
    found = places(["".join(piece for one in some for piece, _ in one.pieces) for some in texts],
                   wanted)  # fmt: skip
    with doc.transaction():
        for one in reversed(found):
            _replace(texts[one.text], one)
    return (doc.get_update(before) if found else b""), len(found)


class _Text(NamedTuple):
    node: XmlText
    pieces: list[tuple[str, dict[str, Any]]]


def _texts(root: XmlFragment) -> Iterator[list[_Text]]:
    """Runs of texts with nothing between them, in the order of the document."""
    stack = [iter(root.children)]
    run: list[_Text] = []
    while stack:
        child = next(stack[-1], None)
        if isinstance(child, XmlText):
            pieces = [(one, attrs or {}) for one, attrs in child.diff() if isinstance(one, str)]
            run.append(_Text(child, pieces))
            continue
        if run:
            yield run
            run = []
        if child is None:
            stack.pop()
        elif isinstance(child, XmlElement):
            stack.append(iter(child.children))


def _replace(run: Sequence[_Text], place: Place) -> None:
    new, at = place.new, 0
    for text in run:
        position = 0  # in bytes of UTF-8
        for piece, attrs in text.pieces:
            start, end = max(place.start - at, 0), min(place.end - at, len(piece))
            if start < end:
                first = position + len(piece[:start].encode())
                del text.node[first : first + len(piece[start:end].encode())]
                if new:
                    text.node.insert(first, new, dict(attrs))
                    position += len(new.encode())
                    new = ""
                position -= len(piece[start:end].encode())
            at += len(piece)
            position += len(piece.encode())


def _append(parent: XmlFragment | XmlElement, node: Node) -> None:
    _fill(parent.children.append(_bare(node)), node)


def _bare(node: Node) -> XmlElement:
    attributes = {name: value for name, value in node.attrs.items() if value is not None}
    if node.type == "inlineImage" and "link" in node.marks:  # only text has marks there
        link = node.marks["link"]
        attributes |= {
            name: link[given] for name, given in (("href", "href"), ("hrefTitle", "title"))
            if link.get(given)
        }  # fmt: skip
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
