"""What a document says, as the data that ``page.typ`` sets. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hub.formats import tree
from hub.formats.office.grid import Place, grid_of
from hub.formats.office.images import size_px, upright
from hub.formats.pictures import PREFIX, kind_of
from hub.formats.tree import Node

Data = dict[str, Any]

MAX_DEPTH: Final = 12
"""Of blocks within blocks, a table as two: deeper ones Typst refuses; theirs stand in the deepest
one that is kept."""
MAX_COLOURED: Final = 20_000
MAX_COLOURED_LINE: Final = 400
"""Characters of all code, and of a line, whose syntax is coloured: some grammars are slow."""
LINES: Final = 100
"""Of code that are set at a time: the time for more of them grows with their square."""
MAX_ADDRESS: Final = 2000
_WIDTH: Final = 72
"""Characters without a blank that fit into a line; in a table the columns share them."""
_LANGUAGE: Final = re.compile(r"[\w+#-]{1,30}")
_ADDRESS: Final = re.compile(r"(https?://|mailto:|tel:)", re.IGNORECASE)
_MARKS: Final = (
    "bold", "italic", "strike", "underline", "highlight", "subscript", "superscript", "insertion",
    "deletion",
)  # fmt: skip
_ALIGNMENTS: Final = ("left", "right", "center", "justify")
_LONG: Final = re.compile(r"\S{88}(?=\S)")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
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
        self._width = _WIDTH
        self._coloured = 0
        self._levels: list[int] = []  # of the headings that what comes next is within

    def of(self, title: str, nodes: Sequence[Node]) -> Data:
        """A rich document."""
        body = [one for one in nodes if one.type != "footnote"]
        others: list[Node] = []  # notes that go by the name of another one
        for node in nodes:
            name = str(node.attrs.get("id") or "")
            if node.type == "footnote" and name and name not in self._notes:
                self._notes[name] = node
            elif node.type == "footnote":
                others.append(node)
        made = self._blocks(body, MAX_DEPTH)
        unread = [note for name, note in self._notes.items() if name not in self._labels]
        for note in unread + others:
            made.append(_paragraph([*self._text(f"[{note.attrs.get('id') or ''}]")]))
            made += self._blocks(note.children, MAX_DEPTH)
        title = _clean(title)
        shown = "" if _begins_with(body, title) else title
        return {"title": title or "–", "shown": shown, "nodes": made, "pictures": self._drawn}

    def of_text(self, title: str, text: str) -> Data:
        """A document of plain text."""
        title = _clean(title)
        listing = self._listing(text, None)
        return {"title": title or "–", "shown": title, "nodes": [listing], "pictures": {}}

    # --- blocks -----------------------------------------------------------------------------------

    def _blocks(self, nodes: Sequence[Node], left: int) -> list[Data]:
        return [made for node in tree.blocks(list(nodes)) for made in self._block(node, left)]

    def _block(self, node: Node, left: int) -> Iterator[Data]:
        match node.type:
            case "paragraph":
                yield self._turned(node, _paragraph(self._inline(node.children)))
            case "heading" if not _words(node).strip():
                yield self._turned(node, _paragraph(self._inline(node.children)))
            case "heading":
                yield self._turned(node, self._heading(node))
            case "codeBlock":
                yield self._listing(_words(node), node.attrs.get("language"))
            case "source":
                yield self._listing(_words(node), None)
            case "horizontalRule":
                yield {"kind": "rule"}
            case "image":
                yield self._picture(node, "picture") or _paragraph([*self._text(_alt(node))])
            case "opaqueBlock":
                yield _paragraph([*self._text(tree.opaque(node))])
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
        width, self._width = self._width, max(4, self._width // columns)
        head: list[Data] = []
        cells: list[Data] = []
        taken: set[tuple[int, int]] = set()
        notes, repeats = len(self._labels), True
        for y, row in enumerate(grid):
            for place in row:
                if place.node is None:
                    continue
                wide, high = _free(
                    taken, place.column, y, place.span, min(place.rows, len(grid) - y)
                )
                body = self._blocks(place.node.children, left)
                cell = {"x": place.column, "y": y, "wide": wide, "high": high, "body": body}
                if place.node.type == "tableHeader":
                    cell["strong"] = True
                if (align := place.node.attrs.get("align")) in _ALIGNMENTS:
                    cell["align"] = align
                (head if y == 0 and _is_head(row) else cells).append(cell)
            if y == 0:
                repeats = len(self._labels) == notes  # a note is there once
        self._width = width
        return {
            "kind": "table", "columns": columns, "head": head, "cells": cells, "repeats": repeats,
        }  # fmt: skip

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
                yield from self._runs(node)
            case "hardBreak":
                yield {"kind": "break"}
            case "mention":
                yield from self._text(tree.mention(node), {"marks": ["bold"]})
            case "inlineImage" | "image":
                if (shown := self._picture(node, "inline-picture")) is not None:
                    yield shown
                else:
                    yield from self._text(_alt(node))
            case "inlineSource":
                yield from self._text(str(node.attrs.get("source") or ""), {"code": True})
            case "opaque":
                yield from self._text(tree.opaque(node))
            case "footnoteReference":
                yield from self._note(str(node.attrs.get("id") or ""))
            case _:
                yield from self._inline(node.children)

    def _runs(self, node: Node) -> Iterator[Data]:
        """A run of text; what breaks a line in it does so."""
        more: Data = {"code": True} if "code" in node.marks else {}
        if marks := [one for one in _MARKS if one in node.marks]:
            more["marks"] = marks
        if (href := _address(tree.link(node))) is not None:
            more["href"] = href
        for index, text in enumerate(node.text.expandtabs(4).split("\n")):
            if index:
                yield {"kind": "break"}
            yield from self._text(text, more)

    def _text(self, text: str, more: Data | None = None) -> Iterator[Data]:
        """Words; where they are longer than a line, they may be broken."""
        text = _clean(text)
        at = 0
        for found in re.finditer(rf"\S{{{self._width}}}(?=\S)", text):
            yield {"kind": "text", "text": text[at : found.end()], **(more or {})}
            yield {"kind": "cut"}
            at = found.end()
        if at < len(text):
            yield {"kind": "text", "text": text[at:], **(more or {})}

    def _listing(self, text: str, language: Any) -> Data:
        text = _clean(text.replace("\r\n", "\n").expandtabs(4))
        lines = _LONG.sub("\\g<0>\u200b", text).split("\n")
        known = isinstance(language, str) and _LANGUAGE.fullmatch(language)
        slow = self._coloured + len(text) > MAX_COLOURED
        if known and not slow and max(map(len, lines)) <= MAX_COLOURED_LINE:
            self._coloured += len(text)
        else:
            language = None
        texts = ["\n".join(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]
        return {"kind": "code", "lang": language, "texts": texts}

    def _note(self, name: str) -> Iterator[Data]:
        if name not in self._notes or self._in_note:
            yield from self._text(f"[{name}]", {"marks": ["superscript"]})
            return
        if name in self._labels:
            yield {"kind": "note", "label": self._labels[name]}
            return
        self._labels[name] = label = f"note-{len(self._labels)}"
        self._in_note = True
        first, *rest = [*tree.blocks(self._notes[name].children)] or [Node("paragraph")]
        if first.type == "paragraph":
            body, more = self._inline(first.children), self._blocks(rest, 2)
        else:
            body, more = [], self._blocks([first, *rest], 2)
        self._in_note = False
        yield {"kind": "note", "label": label, "body": body, "more": more}

    def _picture(self, node: Node, kind: str) -> Data | None:
        """Null where there is none to be shown."""
        src = str(node.attrs.get("src") or "")
        if src not in self._drawn:
            if (drawn := self._draw(src)) is None:
                return None
            self._drawn[src] = drawn
        made = {"kind": kind, "picture": src, "alt": _clean(_alt(node))}
        if (href := _address(tree.picture_link(node).get("href"))) is not None:
            made |= {"href": href, "alt": made["alt"] or href}
        return made

    def _draw(self, src: str) -> str | None:
        data = self._given.get(src.removeprefix(PREFIX)) if src.startswith(PREFIX) else _data(src)
        sound = None if data is None or kind_of(data) is None else upright(data)
        if sound is None or (kind := kind_of(sound)) is None or (size := size_px(sound)) is None:
            return None
        return _BOX.format(*size, kind[1], base64.b64encode(sound).decode())


def _begins_with(nodes: Sequence[Node], title: str) -> bool:
    """Whether a document says its title by itself."""
    first = nodes[0] if nodes else None
    return first is not None and first.type == "heading" and _words(first).strip() == title.strip()


def _words(node: Node) -> str:
    return "".join(_word(one) for one in node.children)


def _word(node: Node) -> str:
    match node.type:
        case "hardBreak":
            return "\n"
        case "mention":
            return tree.mention(node)
        case "inlineSource":
            return str(node.attrs.get("source") or "")
        case "opaque":
            return tree.opaque(node)
        case "footnoteReference":
            return f"[{node.attrs.get('id') or ''}]"
        case "image" | "inlineImage":
            return _alt(node)
        case _:
            return node.text or _words(node)


def _paragraph(body: list[Data]) -> Data:
    return {"kind": "paragraph", "body": body}


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)


def _is_head(row: Sequence[Place]) -> bool:
    return all(
        one.node is None or (one.node.type == "tableHeader" and one.rows == 1) for one in row
    )


def _free(
    taken: set[tuple[int, int]], column: int, row: int, wide: int, high: int
) -> tuple[int, int]:
    """How many columns and rows a cell may have where others go on; they are taken then."""
    while wide > 1 and any((column + at, row) in taken for at in range(wide)):
        wide -= 1
    taken |= {(column + x, row + y) for x in range(wide) for y in range(high)}
    return wide, high


def _address(href: str | None) -> str | None:
    """One that leads somewhere also from a file."""
    url = tree.safe_url(href)
    led = url is not None and len(url) <= MAX_ADDRESS and _ADDRESS.match(url)
    return url if led else None


def _alt(node: Node) -> str:
    return str(node.attrs.get("alt") or "")


def _data(src: str) -> bytes | None:
    found = _PICTURE.fullmatch(src)
    try:
        return None if found is None else base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
