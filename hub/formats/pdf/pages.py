"""What a document says, as the data that ``page.typ`` sets. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hub.formats import tree
from hub.formats.office.grid import grid_of
from hub.formats.office.images import size_px
from hub.formats.pictures import PREFIX, kind_of
from hub.formats.tree import Node

Data = dict[str, Any]

MAX_DEPTH: Final = 12
"""Of blocks within blocks, a table as two: deeper ones Typst refuses; theirs stand in the deepest
one that is kept."""
MAX_COLOURED: Final = 100_000
"""Characters of one code block whose syntax is coloured."""
_LANGUAGE: Final = re.compile(r"[\w+#-]{1,30}")
_ADDRESS: Final = re.compile(r"(https?://|mailto:|tel:)", re.IGNORECASE)
_MARKS: Final = (
    "bold", "italic", "strike", "underline", "highlight", "subscript", "superscript", "insertion",
    "deletion",
)  # fmt: skip
_ALIGNMENTS: Final = ("left", "right", "center", "justify")
_LONG: Final = re.compile(r"\S{60}(?=\S)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,([A-Za-z0-9+/=]+)")
_BOX: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">'
    '<image width="{0}" height="{1}" href="data:{2};base64,{3}"/></svg>'
)
"""Data is text here, and Typst has no way from base64 to bytes but this."""


class Pages:
    """Args:
    pictures: bytes, by the attachments that a document shows.
    """

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        self._given = pictures
        self._drawn: dict[str, str] = {}
        self._notes: dict[str, Node] = {}
        self._labels: dict[str, str] = {}
        self._in_note = False
        self._levels: list[int] = []  # of the headings that what comes next is within

    def of(self, title: str, nodes: Sequence[Node]) -> Data:
        """A rich document."""
        self._notes = {str(node.attrs.get("id")): node for node in nodes if node.type == "footnote"}
        body = [one for one in nodes if one.type != "footnote"]
        made = self._blocks(body, MAX_DEPTH)
        for name, note in self._notes.items():
            if name not in self._labels:
                made.append(_paragraph([_text(f"[{name}]")]))
                made += self._blocks(note.children, MAX_DEPTH)
        shown = "" if _begins_with(body, title) else title
        return {"title": title, "shown": shown, "nodes": made, "pictures": self._drawn}

    def of_text(self, title: str, text: str) -> Data:
        """A document of plain text."""
        listing = {"kind": "code", "lang": None, "text": _code(text)}
        return {"title": title, "shown": title, "nodes": [listing], "pictures": {}}

    # --- blocks -----------------------------------------------------------------------------------

    def _blocks(self, nodes: Sequence[Node], left: int) -> list[Data]:
        return [made for node in tree.blocks(list(nodes)) for made in self._block(node, left)]

    def _block(self, node: Node, left: int) -> Iterator[Data]:
        match node.type:
            case "paragraph":
                yield self._turned(node, _paragraph(self._inline(node.children)))
            case "heading":
                yield self._turned(node, self._heading(node))
            case "codeBlock":
                yield _listing(_words(node), node.attrs.get("language"))
            case "source":
                yield _listing(_words(node), None)
            case "horizontalRule":
                yield {"kind": "rule"}
            case "image":
                yield self._picture(node, "picture") or _paragraph([_text(_alt(node))])
            case "opaqueBlock":
                yield _paragraph([_text(tree.opaque(node))])
            case "bulletList" | "orderedList" | "taskList" if left > 0:
                yield self._list(node, left - 1)
            case "blockquote" if left > 0:
                yield {"kind": "quote", "body": self._blocks(node.children, left - 1)}
            case "table" if left > 1:
                yield self._table(node, left - 2)
            case _:
                yield from self._blocks(node.children, left)

    def _heading(self, node: Node) -> Data:
        """``size``: the level that it has; ``level``: without those that were left out, which a
        reader of screens would look for."""
        size = tree.number(node.attrs.get("level"), 1, 1, 6)
        while self._levels and self._levels[-1] >= size:
            self._levels.pop()
        self._levels.append(size)
        body = self._inline(node.children)
        return {"kind": "heading", "size": size, "level": len(self._levels), "body": body}

    def _list(self, node: Node, left: int) -> Data:
        parts = list(tree.parts(node))
        items = [self._blocks(one.children, left) for one in parts]
        if node.type == "orderedList":
            return {"kind": "numbers", "start": tree.start(node), "items": items}
        if node.type == "taskList":
            done = [tree.checked(one) for one in parts]
            return {"kind": "tasks", "done": done, "items": items}
        return {"kind": "bullets", "items": items}

    def _table(self, node: Node, left: int) -> Data:
        grid, columns = grid_of(node)
        head: list[Data] = []
        cells: list[Data] = []
        for y, row in enumerate(grid):
            for place in row:
                if place.node is None:
                    continue
                high = min(place.rows, len(grid) - y)
                is_head = y == 0 and all(
                    one.node is None or (one.node.type == "tableHeader" and one.rows == 1)
                    for one in row
                )
                body = self._blocks(place.node.children, left)
                cell = {"x": place.column, "y": y, "wide": place.span, "high": high, "body": body}
                if place.node.type == "tableHeader":
                    cell["strong"] = True
                if (align := place.node.attrs.get("align")) in _ALIGNMENTS:
                    cell["align"] = align
                (head if is_head else cells).append(cell)
        return {"kind": "table", "columns": columns, "head": head, "cells": cells}

    def _turned(self, node: Node, made: Data) -> Data:
        if node.attrs.get("dir") == "rtl":
            made["rtl"] = True
        if (align := node.attrs.get("textAlign")) in _ALIGNMENTS:
            made["align"] = align
        return made

    # --- within lines -----------------------------------------------------------------------------

    def _inline(self, nodes: Sequence[Node]) -> list[Data]:
        return [made for node in nodes for made in self._run(node)]

    def _run(self, node: Node) -> Iterator[Data]:
        match node.type:
            case "text":
                yield from _runs(node)
            case "hardBreak":
                yield {"kind": "break"}
            case "mention":
                yield _text(tree.mention(node)) | {"marks": ["bold"]}
            case "inlineImage" | "image":
                yield self._picture(node, "inline-picture") or _text(_alt(node))
            case "inlineSource":
                source = _code(str(node.attrs.get("source") or ""))
                yield {"kind": "text", "text": source, "code": True}
            case "opaque":
                yield _text(tree.opaque(node))
            case "footnoteReference":
                yield self._note(str(node.attrs.get("id")))
            case _:
                yield from self._inline(node.children)

    def _note(self, name: str) -> Data:
        if name not in self._notes or self._in_note:
            return _text(f"[{name}]") | {"marks": ["superscript"]}
        if name in self._labels:
            return {"kind": "note", "label": self._labels[name]}
        self._labels[name] = label = f"note-{len(self._labels)}"
        self._in_note = True
        first, *rest = [*tree.blocks(self._notes[name].children)] or [Node("paragraph")]
        if first.type == "paragraph":
            body, more = self._inline(first.children), self._blocks(rest, 2)
        else:
            body, more = [], self._blocks([first, *rest], 2)
        self._in_note = False
        return {"kind": "note", "label": label, "body": body, "more": more}

    def _picture(self, node: Node, kind: str) -> Data | None:
        """Null where there is none to be shown."""
        src = str(node.attrs.get("src") or "")
        if src not in self._drawn:
            if (drawn := self._draw(src)) is None:
                return None
            self._drawn[src] = drawn
        made = {"kind": kind, "picture": src, "alt": _alt(node)}
        if (href := _address(tree.picture_link(node).get("href"))) is not None:
            made["href"] = href
        return made

    def _draw(self, src: str) -> str | None:
        data = self._given.get(src.removeprefix(PREFIX)) if src.startswith(PREFIX) else _data(src)
        if data is None or (kind := kind_of(data)) is None or (size := size_px(data)) is None:
            return None
        encoded = base64.b64encode(data).decode()
        return _BOX.format(size[0], size[1], kind[1], encoded)


def _begins_with(nodes: Sequence[Node], title: str) -> bool:
    """Whether a document says its title by itself."""
    first = nodes[0] if nodes else None
    return first is not None and first.type == "heading" and _words(first).strip() == title.strip()


def _words(node: Node) -> str:
    return "".join(
        "\n" if one.type == "hardBreak" else one.text or _words(one) for one in node.children
    )


def _paragraph(body: list[Data]) -> Data:
    return {"kind": "paragraph", "body": body}


def _text(text: str) -> Data:
    return {"kind": "text", "text": _LONG.sub("\\g<0>\u200b", _CONTROL.sub("", text))}


def _runs(node: Node) -> Iterator[Data]:
    """A run of text; what breaks a line in it does so."""
    is_code = "code" in node.marks
    for index, text in enumerate(node.text.expandtabs(4).split("\n")):
        if index:
            yield {"kind": "break"}
        if not text:
            continue
        made = _text(text)
        if is_code:
            made["code"] = True
        if marks := [one for one in _MARKS if one in node.marks]:
            made["marks"] = marks
        if (href := _address(tree.link(node))) is not None:
            made["href"] = href
        yield made


def _listing(text: str, language: Any) -> Data:
    known = isinstance(language, str) and _LANGUAGE.fullmatch(language)
    coloured = known and len(text) <= MAX_COLOURED
    return {"kind": "code", "lang": language if coloured else None, "text": _code(text)}


def _code(text: str) -> str:
    return _LONG.sub("\\g<0>\u200b", _CONTROL.sub("", text.replace("\r\n", "\n").expandtabs(4)))


def _address(href: str | None) -> str | None:
    """One that leads somewhere also from a file."""
    url = tree.safe_url(href)
    return url if url is not None and _ADDRESS.match(url) else None


def _alt(node: Node) -> str:
    return str(node.attrs.get("alt") or "")


def _data(src: str) -> bytes | None:
    found = _PICTURE.fullmatch(src)
    try:
        return None if found is None else base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
