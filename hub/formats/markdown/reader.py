"""Markdown as blocks, each with the place where it stands in its source.

Whatever stands in a file is in a block: front matter, HTML and definitions of links too, as their
source. Between blocks there is white space only.

Source: CommonMark 0.31, GitHub Flavored Markdown; events of pulldown-cmark (pyromark).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import pyromark

from hub.formats.tree import Node

_O: Final = pyromark.Options
OPTIONS: Final = (
    _O.ENABLE_TABLES | _O.ENABLE_FOOTNOTES | _O.ENABLE_STRIKETHROUGH | _O.ENABLE_TASKLISTS
    | _O.ENABLE_YAML_STYLE_METADATA_BLOCKS | _O.ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS
)  # fmt: skip
_EMPHASIS: Final = {"Emphasis": "italic", "Strong": "bold", "Strikethrough": "strike"}
_TAGS: Final = {
    "u": "underline", "mark": "highlight", "sub": "subscript", "sup": "superscript",
}  # fmt: skip
_TAG: Final = re.compile(r"<(/?)(u|mark|sub|sup)>", re.IGNORECASE)
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ALIGN: Final = {"Left": "left", "Center": "center", "Right": "right"}
_BLOCKS: Final = frozenset(("listItem", "taskItem", "blockquote", "footnote"))
"""What holds blocks; an item that says its words directly has them in a paragraph here."""
_UNTIL_BLOCK: Final = frozenset(("image", "source", "codeBlock", "table"))


class Block(NamedTuple):
    """Bytes ``start`` to ``end`` of the source, whole lines, say ``node``."""

    node: Node
    start: int
    end: int


class Source(NamedTuple):
    """``data``: in UTF-8. ``definitions``: of links and footnotes, for whoever reads a part of
    it."""

    data: bytes
    blocks: list[Block]
    definitions: str


def read(text: str) -> Source:
    """Never fails: every text is Markdown."""
    data = text.encode("utf-8", "surrogatepass")
    reading = _Reading(data)
    for event, where in pyromark.events_with_range(text, options=OPTIONS):
        reading.take(event, where["start"], where["end"])
    blocks = _with_rest(data, reading.blocks)
    return Source(data, blocks, _definitions(text, blocks))


def nodes_of(text: str) -> list[Node]:
    return [block.node for block in read(text).blocks]


def _definitions(text: str, blocks: Iterable[Block]) -> str:
    """One line each, that make references in a part of the text mean the same."""
    found = [
        f"[{name}]: <{one['dest']}>" + (f" {_quoted(one['title'])}" if one["title"] else "")
        for name, one in pyromark.reference_definitions(text).items()
        if not name.startswith("^")
    ]
    notes = [f"[^{block.node.attrs['id']}]: x" for block in blocks if block.node.type == "footnote"]
    return "\n\n" + "\n\n".join([*found, *notes]) + "\n"


def _quoted(title: str) -> str:
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _with_rest(data: bytes, blocks: list[Block]) -> list[Block]:
    """Blocks as whole lines without blank ones at their ends; what no event speaks of between them
    is source of its own."""
    found: list[Block] = []
    at = 0
    for block in [*blocks, Block(Node("end"), len(data), len(data))]:
        start = max(at, _line_start(data, block.start))
        if block.node.type == "end":
            start = len(data)
        found += _bare(data, at, start)
        if block.node.type == "end":
            break
        end = _text_end(data, start, block.end)
        found.append(Block(block.node, start, end))
        at = end
    return found


def _line_start(data: bytes, at: int) -> int:
    start = data.rfind(b"\n", 0, at) + 1
    return start if not data[start:at].strip(b" \t") else at


def _text_end(data: bytes, start: int, end: int) -> int:
    """Behind the line end of the last line that is not blank."""
    body = data[start:end].rstrip(b" \t\r\n")
    end = start + len(body)
    line = data.find(b"\n", end)
    rest = data[end : len(data) if line < 0 else line]
    if rest.strip(b" \t\r"):
        return end
    return len(data) if line < 0 else line + 1


def _bare(data: bytes, start: int, end: int) -> list[Block]:
    """What is no block's: definitions of links."""
    body = data[start:end]
    if not body.strip():
        return []
    begin = start + len(body) - len(body.lstrip())
    begin = max(start, data.rfind(b"\n", 0, begin) + 1)
    stop = _text_end(data, begin, end)
    text = data[begin:stop].decode("utf-8", "surrogatepass").rstrip("\r\n")
    return [Block(_source("definitions", text), begin, stop)]


def _source(kind: str, text: str) -> Node:
    return Node("source", {"kind": kind}, [Node("text", text=text)] if text else [])


class _Reading:
    """A stack of nodes that are open, and of the marks that hold."""

    def __init__(self, data: bytes) -> None:
        self.blocks: list[Block] = []
        self._data = data
        self._open: list[tuple[Node, int]] = []
        self._marks: dict[str, Any] = {}
        self._outer: list[dict[str, Any]] = []
        self._alt: list[str] | None = None  # of an image: its words only
        self._aligns: list[str | None] = []
        self._column = 0

    def take(self, event: Any, start: int, end: int) -> None:
        if isinstance(event, str):
            self._plain(event, start, end)
            return
        ((name, value),) = event.items()
        match name:
            case "Start":
                self._start(value, start, end)
            case "End":
                self._end(value, end)
            case "Text":
                self._text(value)
            case "Code":
                self._text(value, code=True)
            case "Html":
                self._text(value)
            case "InlineHtml":
                self._inline_html(value)
            case "FootnoteReference":
                self._inline(Node("footnoteReference", {"id": value}))
            case "TaskListMarker":
                self._task(value)
            case _:
                self._inline(Node("inlineSource", {"source": self._slice(start, end)}))

    # --- leaves -----------------------------------------------------------------------------------

    def _plain(self, event: str, start: int, end: int) -> None:
        match event:
            case "SoftBreak":
                self._text(" ")
            case "HardBreak":
                self._inline(Node("hardBreak"))
            case "Rule":
                self._block(Node("horizontalRule"), start, end)

    def _text(self, text: str, *, code: bool = False) -> None:
        if self._alt is not None:
            self._alt.append(text)
            return
        marks = {**self._marks, "code": {}} if code else self._marks
        self._inline(Node("text", text=text, marks=dict(marks)))

    def _inline_html(self, html: str) -> None:
        if _BREAK.fullmatch(html):
            self._inline(Node("hardBreak"))
        elif (tag := _TAG.fullmatch(html)) and self._alt is None:
            self._inline(
                Node("tag", {"mark": _TAGS[tag[2].lower()], "opens": not tag[1]}, text=html)
            )
        else:
            self._inline(Node("inlineSource", {"source": html}))

    def _inline(self, node: Node) -> None:
        if self._alt is not None:
            return
        if node.type != "text" and self._marks and node.type != "tag":
            node.marks = dict(self._marks)
        parent = self._open[-1][0]
        if parent.type in _BLOCKS:  # of a tight list
            last = parent.children[-1] if parent.children else None
            if last is None or last.type != "paragraph" or last.attrs.get("closed"):
                last = Node("paragraph", {"tight": True})
                parent.children.append(last)
            parent = last
        parent.children.append(node)

    def _task(self, done: bool) -> None:
        for node, _ in reversed(self._open):
            if node.type == "listItem":
                node.attrs = {**node.attrs, "task": done}
                return

    # --- what has an inside -----------------------------------------------------------------------

    def _start(self, tag: Any, start: int, end: int) -> None:
        name: str = tag if isinstance(tag, str) else next(iter(tag))
        value: Any = None if isinstance(tag, str) else tag[name]
        if name in _EMPHASIS:
            self._mark(_EMPHASIS[name], {})
        elif name == "Link":
            link = {"href": value["dest_url"]}
            if value["title"]:
                link["title"] = value["title"]
            self._mark("link", link)
        elif name == "Image":
            if self._alt is None:
                self._push(
                    Node("inlineImage", {"src": value["dest_url"], "title": value["title"]}), start
                )
                self._alt = []
        else:
            self._push(self._opened(name, value, start, end), start)

    def _opened(self, name: str, value: Any, start: int, end: int) -> Node:
        match name:
            case "Paragraph":
                return Node("paragraph")
            case "Heading":
                return Node("heading", {"level": int(value["level"][1:])})
            case "BlockQuote":
                return Node("blockquote")
            case "CodeBlock":
                language = value["Fenced"] if isinstance(value, Mapping) else None
                return Node("codeBlock", {"language": language or None})
            case "List":
                if value is None:
                    return Node("bulletList")
                return Node("orderedList", {"start": value})
            case "Item":
                return Node("listItem")
            case "FootnoteDefinition":
                return Node("footnote", {"id": value})
            case "Table":
                self._aligns = [_ALIGN.get(one) for one in value]
                return Node("table")
            case "TableHead" | "TableRow":
                self._column = 0
                return Node("tableRow")
            case "TableCell":
                row = self._open[-1][0]
                head = row is self._open[-2][0].children[0] if self._open[-2][0].children else True
                align = self._aligns[self._column] if self._column < len(self._aligns) else None
                self._column += 1
                return Node("tableHeader" if head else "tableCell", {"align": align})
            case "HtmlBlock":
                return Node("source", {"kind": "html"})
            case "MetadataBlock":
                return Node("source", {"kind": "frontmatter"})
            case _:
                return Node("paragraph")

    def _push(self, node: Node, start: int) -> None:
        if node.type == "tableRow":
            self._open[-1][0].children.append(node)
        self._open.append((node, start))

    def _end(self, tag: Any, end: int) -> None:
        name = tag if isinstance(tag, str) else next(iter(tag))
        if name in _EMPHASIS or name == "Link":
            self._marks = self._outer.pop()
            return
        if name == "Image":
            node, _ = self._open[-1]
            if node.type != "inlineImage":
                return
            self._open.pop()
            alt, self._alt = "".join(self._alt or ()), None
            node.attrs = {**node.attrs, "alt": alt}
            self._inline(node)
            return
        node, start = self._open.pop()
        if node.type == "tableRow":
            return
        self._finish(node, start, end)
        self._block(node, start, end)

    def _finish(self, node: Node, start: int, end: int) -> None:
        match node.type:
            case "codeBlock":
                text = "".join(child.text for child in node.children)
                node.children = [Node("text", text=text.removesuffix("\n"))] if text else []
            case "source":
                node.children = _source("", self._slice(start, end).rstrip("\r\n")).children
            case "tableCell" | "tableHeader":
                node.children = [Node("paragraph", children=_tagged(node.children))]
            case "bulletList" | "orderedList":
                _settle_list(node)
            case "heading":
                node.children = _tagged(node.children)
            case "paragraph":
                node.children = _tagged(node.children)
            case kind if kind in _BLOCKS:
                _settle(node)

    def _block(self, node: Node, start: int, end: int) -> None:
        if node.type == "paragraph" and len(node.children) == 1:
            only = node.children[0]
            if only.type == "inlineImage" and not only.marks:
                node = Node("image", only.attrs)
        if not self._open:
            self.blocks.append(Block(node, start, end))
            return
        parent = self._open[-1][0]
        if node.type == "paragraph":
            node.attrs = {**node.attrs, "closed": True}
        parent.children.append(node)

    def _mark(self, name: str, value: dict[str, Any]) -> None:
        self._outer.append(self._marks)
        self._marks = {**self._marks, name: value}

    def _slice(self, start: int, end: int) -> str:
        return self._data[start:end].decode("utf-8", "surrogatepass")


def _settle(node: Node) -> None:
    """Blocks only, and one at least."""
    for child in node.children:
        if child.type == "paragraph":
            if child.attrs.get("tight"):
                child.children = _tagged(child.children)
            child.attrs = {}
    node.children = [
        Node("image", child.children[0].attrs)
        if child.type == "paragraph" and len(child.children) == 1
        and child.children[0].type == "inlineImage" and not child.children[0].marks
        else child
        for child in node.children
    ]  # fmt: skip
    if node.type in ("listItem", "taskItem"):
        if not node.children or node.children[0].type != "paragraph":
            node.children.insert(0, Node("paragraph"))
    elif not node.children:
        node.children.append(Node("paragraph"))


def _settle_list(node: Node) -> None:
    """Of tasks when all of its items are; else their boxes are text."""
    items = node.children
    tasks = ["task" in item.attrs for item in items]
    if node.type == "bulletList" and items and all(tasks):
        node.type, node.attrs = "taskList", {}
        for item in items:
            item.type, item.attrs = "taskItem", {"checked": item.attrs["task"]}
        return
    for item, is_task in zip(items, tasks, strict=True):
        if is_task:
            box = "[x] " if item.attrs["task"] else "[ ] "
            first = item.children[0]
            first.children.insert(0, Node("text", text=box))
        item.attrs = {}


def _tagged(nodes: list[Node]) -> list[Node]:
    """Tags of marks that HTML has and Markdown has not: pairs become marks, others stay source."""
    if not any(node.type == "tag" for node in nodes):
        return nodes
    found: list[Node] = []
    opened: list[int] = []
    for node in nodes:
        if node.type == "tag" and node.attrs["opens"]:
            opened.append(len(found))
        elif node.type == "tag" and opened and _opens(found[opened[-1]], node):
            first = opened.pop()
            for one in found[first + 1 :]:
                one.marks = {**one.marks, node.attrs["mark"]: {}}
            del found[first]
            continue
        found.append(node)
    return [
        Node("inlineSource", {"source": node.text}, marks=node.marks)
        if node.type == "tag"
        else node
        for node in found
    ]


def _opens(tag: Node, end: Node) -> bool:
    return tag.type == "tag" and tag.attrs["mark"] == end.attrs["mark"]
