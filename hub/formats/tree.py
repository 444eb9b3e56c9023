"""The tree of a rich document, read without recursion and bounded in depth and nodes.

Editors keep a ProseMirror tree in the XmlFragment ``default`` (y-prosemirror: one element a node,
marks as text attributes). What lies deeper than ``MAX_DEPTH`` is lifted into the deepest block that
is kept: the renderers may then be recursive, and no text is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from hub.errors import TooLarge

MAX_DEPTH: Final = 32  # quotes, lists and tables within one another
MAX_NODES: Final = 500_000

# Inside of what they belong to, these are no level of their own.
_PARTS = {
    "bulletList": ("listItem",),
    "orderedList": ("listItem",),
    "taskList": ("taskItem",),
    "table": ("tableRow",),
    "tableRow": ("tableCell", "tableHeader"),
}
# Kept below the deepest level.
_INLINE = (
    "text", "hardBreak", "mention", "footnoteReference", "inlineSource", "inlineImage",
    "opaque",
)  # fmt: skip
Pictures = Callable[[str], str | None]
"""Where an attachment that a document shows is to be had; null: nowhere."""
_ATTACHMENT = re.compile(r"attachment:(a_[A-Za-z0-9_-]{22})")
_LEAVES = (*_INLINE, "paragraph", "heading", "codeBlock", "horizontalRule", "image", "source",
           "opaqueBlock")  # fmt: skip
_NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class Node:
    """A node of the document; ``text`` and ``marks`` only for runs of text."""

    type: str
    attrs: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    children: list[Node] = field(default_factory=list)
    text: str = ""
    marks: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


def read(doc: Doc[Any]) -> list[Node]:
    """The tree of a rich document.

    Raises:
        TooLarge: ``export_too_large``.
    """
    root = Node("doc")
    left = MAX_NODES
    stack = [(iter(doc.get("default", type=XmlFragment).children), root, 0)]
    while stack:
        children, parent, level = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
        elif isinstance(child, XmlText):
            runs = _runs(child)
            left -= len(runs)
            parent.children += runs
        elif isinstance(child, XmlElement):
            left -= 1
            kind = child.tag or ""
            below = level if kind in _PARTS.get(parent.type, ()) else level + 1
            if below <= MAX_DEPTH or (below == MAX_DEPTH + 1 and kind in _LEAVES):
                node = Node(kind, attributes(child))
                parent.children.append(node)
                stack.append((iter(child.children), node, below))
            elif kind in _INLINE:
                parent.children.append(Node(kind, attributes(child)))
            else:
                stack.append((iter(child.children), parent, level))
        if left < 0:
            raise TooLarge("The document has too many parts.", code="export_too_large")
    return root.children


def _runs(text: XmlText) -> list[Node]:
    return [
        Node("text", text=piece, marks={_mark(name): one for name, one in (attrs or {}).items()})
        for piece, attrs in text.diff()
        if isinstance(piece, str)
    ]


def attributes(element: XmlElement) -> dict[str, Any]:
    """The attributes of an element (pycrdt's view of them is iterable only at run time)."""
    view: Any = element.attributes
    return dict(iter(view))


def _mark(name: str) -> str:
    """y-prosemirror appends a hash to marks that may overlap themselves: ``link--a1b2``."""
    return name.split("--", 1)[0]


# --- what the renderers ask -----------------------------------------------------------------------


def is_inline(node: Node) -> bool:
    return node.type in _INLINE


def blocks(nodes: list[Node]) -> Iterator[Node]:
    """Nodes that stand one above another; loose runs of text are a paragraph."""
    loose: list[Node] = []
    for node in nodes:
        if node.type in _INLINE:
            loose.append(node)
            continue
        if loose:
            yield Node("paragraph", children=loose)
            loose = []
        yield node
    if loose:
        yield Node("paragraph", children=loose)


def parts(node: Node) -> Iterator[Node]:
    """The items of a list, the rows of a table, the cells of a row; anything else stands in one."""
    kinds = _PARTS[node.type]
    for child in blocks(node.children):
        yield child if child.type in kinds else Node(kinds[0], children=[child])


def rows(table: Node) -> Iterator[list[Node]]:
    """The cells of each row of a table."""
    for row in parts(table):
        yield list(parts(row))


def number(value: Any, default: int, least: int, most: int) -> int:
    try:
        return max(least, min(most, int(float(value))))
    except (TypeError, ValueError, OverflowError):
        return default


def start(node: Node) -> int:
    """The first number of an ordered list."""
    return number(node.attrs.get("start"), 1, 0, 10**6)


def checked(node: Node) -> bool:
    return str(node.attrs.get("checked", "")).lower() in ("true", "1", "1.0")


def mention(node: Node) -> str:
    return "@" + str(node.attrs.get("label") or node.attrs.get("id") or "")


def opaque(node: Node) -> str:
    """What is told of something that a document shows and does not know; nothing, where it is what
    somebody said of the words, or deleted."""
    told = node.attrs.get("kind") in ("comment", "deletion")
    return "" if told else str(node.attrs.get("text") or "")


def is_deleted(node: Node) -> bool:
    """Whether words are there only because the file tells who deleted them."""
    return "deletion" in node.marks


def in_words(nodes: Sequence[Node]) -> list[Node]:
    """The tree without what a format has no way to show: its text stands there instead, and words
    that somebody deleted do not."""
    made: list[Node] = []
    for node in nodes:
        text = [Node("text", text=opaque(node))] if opaque(node) else []
        if node.type == "opaque":
            made += text
        elif node.type == "opaqueBlock":
            made.append(Node("paragraph", children=text))
        elif node.type != "text":
            made.append(Node(node.type, node.attrs, in_words(node.children)))
        elif not is_deleted(node):
            made.append(node)
    return made


def link(node: Node) -> str | None:
    """The address a run of text leads to."""
    found = node.marks.get("link")
    return safe_url(found.get("href")) if isinstance(found, dict) else None


def picture_link(node: Node) -> dict[str, str]:
    """Where a picture leads, as the mark of a link; empty, where it leads nowhere."""
    href, title = node.attrs.get("href"), node.attrs.get("hrefTitle")
    if not href:
        return {}
    return {"href": str(href), "title": str(title)} if title else {"href": str(href)}


def resolve(nodes: Sequence[Node], pictures: Pictures) -> None:
    """Give pictures that are attachments the address where they are to be had."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type in ("image", "inlineImage"):
            found = _ATTACHMENT.fullmatch(str(node.attrs.get("src") or ""))
            if found is not None:
                node.attrs = {**node.attrs, "src": pictures(found[1])}


def safe_url(url: Any) -> str | None:
    """Only addresses that run nothing."""
    text = str(url or "").strip()
    if re.match(r"(https?://|mailto:|tel:|/|#)", text, re.IGNORECASE):
        return text
    return text if re.match(r"data:image/(png|jpeg|gif|webp);base64,", text) else None
