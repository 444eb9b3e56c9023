"""The blocks of an OpenDocument text, one after another, each with the elements that say so."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Final

from hub.formats.odt.names import NAMES, count, local, pixels, value
from hub.formats.odt.parts import Parts
from hub.formats.odt.pieces import opaque, pieces_of, split_box, text_of
from hub.formats.odt.styles import Styles
from hub.formats.office.code import joined_code
from hub.formats.office.flat import Flat, Item, settle
from hub.formats.office.grid import MAX_COLUMNS
from hub.formats.office.pictures import Gallery
from hub.formats.office.source import Cell, Row, Source, Unit, cell_node
from hub.formats.office.xml import Element, etree
from hub.formats.tree import Node

MAX_TABLES: Final = 6
"""So many tables within one another are edited; what is deeper is kept."""
MAX_LISTS: Final = 10
MAX_COPIES: Final = 20_000
"""Elements that a file has by saying how often a row or a cell of a table is repeated."""
MAX_SECTIONS: Final = 30
MAX_NOTES: Final = 3
"""Notes within one another."""
_AROUND: Final = frozenset((
    "table-rows", "table-row-group", "table-header-rows", "table-columns", "table-column-group",
    "table-header-columns",
))  # fmt: skip
_REPEATED: Final = {
    "table-row": "table:number-rows-repeated", "table-cell": "table:number-columns-repeated",
    "covered-table-cell": "table:number-columns-repeated",
}  # fmt: skip
_INDEXES: Final = frozenset((
    "table-of-content", "illustration-index", "table-index", "object-index", "user-index",
    "alphabetical-index", "bibliography", "index-title",
))  # fmt: skip
_ALIGN: Final = {"center": "center", "justify": "justify", "left": "left", "right": "right"}


class Reader:
    """Attributes:
    notices: codes of what people should know before they save.
    pictures: bytes of those that are shown, by the attachment that shows them.
    drawings: what shows them, by their address.
    opaque, opaque_blocks: what is kept, by its id.
    notes: footnotes by their ids: their bodies, and what these hold.
    """

    def __init__(self, parts: Parts, document: str) -> None:
        """Args:
        document: whose attachments the pictures are.
        """
        self.parts = parts
        self.styles = Styles(parts.content, parts.styles)
        self.notices: set[str] = set()
        self._gallery = Gallery(document)
        self.open_comments: dict[str, Mapping[str, str]] = {}
        self.open_changes: dict[str, Mapping[str, str]] = {}
        self.opaque: dict[str, list[Unit]] = {}
        self.opaque_blocks: dict[str, Element] = {}
        self.drawings: dict[str, list[Unit]] = {}
        self.notes: dict[str, tuple[Element, list[Flat]]] = {}
        self._numbering = _Numbering()
        self._changes = {
            value(one, "text:id") or value(one, "xml:id"): one
            for one in parts.body.iter(NAMES("text:changed-region"))
        }
        self._told: dict[str, tuple[Mapping[str, str], str]] = {}
        self._ends = {
            value(one, "office:name") for one in parts.body.iter(NAMES("office:annotation-end"))
        }
        self._copies = MAX_COPIES
        self._notes_within = 0
        _name_notes(parts.body)

    @property
    def pictures(self) -> dict[str, bytes]:
        return self._gallery.pictures

    def blocks(self, container: Element, tables: int = 0) -> list[Flat]:
        """Of the body, a cell, a note."""
        found = joined_code(self._blocks(container, tables, 0), apart=_stands_apart)
        settle(found)
        return found

    def look_around(self) -> None:
        """Notices of what is beside the text."""
        names = self.parts.names()
        if self.parts.styles is not None and any(
            len(one) for one in self.parts.styles.iter(NAMES("style:header"), NAMES("style:footer"))
        ):  # fmt: skip
            self.notice("headers")
        if any(one.startswith(("Basic/", "Scripts/")) and one[-1] != "/" for one in names):
            self.notice("macros")
        if any(one.startswith("META-INF/") and "signatures" in one for one in names):
            self.notice("signature")

    def turned(self, style: str) -> dict[str, str]:
        """Alignment and direction of a style of paragraphs, where they are not what they are
        anyway."""
        told = self.styles.paragraph(style)
        found = {"dir": "rtl"} if told.rtl else {}
        align = _ALIGN.get(told.align, "")
        if told.align == "end" and not told.rtl:
            align = "right"  # LibreOffice says "end" of words from the right that begin there
        if align and align != ("right" if told.rtl else "left"):
            found["textAlign"] = align
        return found

    # --- what pieces ask --------------------------------------------------------------------------

    def picture(self, address: str) -> str | None:
        name = self.parts.target(address)
        return None if name is None else self._gallery.address(name, self.parts.bytes_of)

    def kind(self, address: str) -> str:
        found = self.parts.media_type(address.removeprefix("./").rstrip("/"))
        for kind in ("formula", "chart"):
            if found.endswith(f"opendocument.{kind}"):
                return kind
        return "object"

    def has_end(self, comment: str) -> bool:
        return comment in self._ends

    def change(self, name: str) -> tuple[Mapping[str, str], str]:
        if name not in self._told:
            self._told[name] = self._change(name)
        return self._told[name]

    def _change(self, name: str) -> tuple[Mapping[str, str], str]:
        region = self._changes.get(name)
        if region is None:
            return {}, ""
        told = {
            "author": "".join(one.text or "" for one in region.iter(NAMES("dc:creator")))[:100],
            "at": "".join(one.text or "" for one in region.iter(NAMES("dc:date")))[:40],
        }
        if region.find(NAMES("text:insertion")) is None and region.find(NAMES("text:deletion")) \
                is None:  # fmt: skip
            return {}, ""
        deletion = region.find(NAMES("text:deletion"))
        words = "" if deletion is None else " ".join(
            text_of(one) for one in deletion if one.tag != NAMES("office:change-info")
        )  # fmt: skip
        return told, words.strip()[:200]

    def notice(self, code: str) -> None:
        self.notices.add(code)

    # --- blocks -----------------------------------------------------------------------------------

    def _blocks(self, container: Element, tables: int, sections: int) -> Iterator[Flat]:
        for element in container:
            name = local(element)
            match name:
                case "p" | "h":
                    yield self._paragraph(element, (), None, tables)
                case "list":
                    with_numbers = self._numbering.begun(element)
                    yield from self._list(element, (), "", with_numbers, tables)
                case "table" if tables < MAX_TABLES:
                    yield self._table(element, tables)
                case "table":
                    yield self._kept("table", element)
                case "section" if _is_linked(element) or sections >= MAX_SECTIONS:
                    yield self._kept("object", element)
                case "section" | "numbered-paragraph":
                    yield from self._blocks(element, tables, sections + 1)
                case "change-start" | "change-end" | "change":
                    self._between(element)
                case _ if name in _INDEXES:
                    yield self._kept("field", element)
                case _ if element.tag.startswith(NAMES("draw:")):
                    self.notice("drawings")
                case _:
                    pass

    def _between(self, element: Element) -> None:
        """A change that begins or ends between paragraphs."""
        name = value(element, "text:change-id")
        told, _ = self.change(name)
        if local(element) == "change-end":
            self.open_changes.pop(name, None)
        elif told:
            self.notice("changes")
            if local(element) == "change-start":
                self.open_changes[name] = told

    def _list(
        self, element: Element, wraps: tuple[Element, ...], around: str, counts: list[int],
        tables: int,
    ) -> Iterator[Flat]:  # fmt: skip
        style = value(element, "text:style-name") or around
        depth = len(wraps) // 2
        for item in element:
            if local(item) not in ("list-item", "list-header"):
                continue
            own = value(item, "text:style-override") or style
            inner = (*wraps, element, item)
            first = local(item) == "list-item"
            for child in item:
                match local(child):
                    case "p" | "h":
                        yield self._item(child, inner, own, counts, first)
                        first = False
                    case "list" if depth < MAX_LISTS:
                        if first:  # an item without words
                            self._numbering.skipped(counts, depth)
                            first = False
                        yield from self._list(child, inner, own, counts, tables)
                    case "list":
                        yield self._kept("object", child, inner)
                    case _:
                        yield from self._blocks([child], tables, 0)

    def _item(
        self, element: Element, wraps: tuple[Element, ...], style: str, counts: list[int],
        first: bool,
    ) -> Flat:  # fmt: skip
        depth = len(wraps) // 2 - 1
        list_, item = wraps[-2], wraps[-1]
        name = style or self.styles.list_of(value(element, "text:style-name"))
        level = self.styles.level(name, depth)
        kind = level.kind if first else "more"
        start = self._numbering.next(counts, depth, item, level.start) if first else 1
        found = Item(kind, depth, list_, start=start, level=depth, number=name)
        return self._paragraph(element, wraps, found, 0)

    def _kept(self, kind: str, element: Element, wraps: tuple[Element, ...] = ()) -> Flat:
        node = opaque(kind, text_of(element), [element], block=True)
        self.notice({"field": "fields", "table": "tables"}.get(kind, "objects"))
        self.opaque_blocks[node.attrs["id"]] = element
        return Flat(node, source=Source([element], wraps=wraps))

    def _paragraph(
        self, element: Element, wraps: tuple[Element, ...], item: Item | None, tables: int
    ) -> Flat:
        pieces = pieces_of(element, self)
        for piece in pieces:
            self._look_at(piece.node, piece.units, tables)
        seen = [piece.node for piece in pieces if piece.node is not None]
        bare = etree.Element(element.tag, dict(element.attrib), nsmap=element.nsmap)
        source = Source([element], pieces, properties=bare, wraps=wraps)
        name = value(element, "text:style-name")
        style = self.styles.paragraph(name)
        if style.part == "rule" and not seen:
            return Flat(Node("horizontalRule"), source=source)
        attrs = self.turned(name)
        if style.part == "code" and all(one.type in ("text", "hardBreak") for one in seen):
            text = "".join("\n" if one.type == "hardBreak" else one.text for one in seen)
            return Flat(
                Node("codeBlock", {}, [Node("text", text=text)] if text else []), source=source
            )
        level = style.level
        if local(element) == "h":
            level = max(1, min(6, count(value(element, "text:outline-level"), 1, 10)))
        if level:
            return Flat(Node("heading", {"level": level, **attrs}, seen), source=source)
        if item is not None and item.kind == "bullet" and (box := split_box(pieces)) is not None:
            item.kind, item.checked = "task", box
            seen = [piece.node for piece in pieces if piece.node is not None]
        if len(seen) == 1 and seen[0].type == "inlineImage" and item is None:
            return Flat(Node("image", {**seen[0].attrs, **_extent(element)}), source=source)
        return Flat(Node("paragraph", attrs, seen), item, style.part == "quote", source)

    def _look_at(self, node: Node | None, units: list[Unit], tables: int) -> None:
        if node is None:
            return
        if node.type == "opaque":
            self.opaque[node.attrs["id"]] = units
        elif node.type == "inlineImage":
            self.drawings.setdefault(node.attrs["src"], units)
        elif node.type == "footnoteReference":
            body = units[0].element.find(NAMES("text:note-body"))
            if body is not None and self._notes_within < MAX_NOTES:
                numbering, self._numbering = self._numbering, _Numbering()
                self._notes_within += 1
                self.notes[node.attrs["id"]] = body, self.blocks(body, tables)
                self._notes_within -= 1
                self._numbering = numbering

    # --- tables -----------------------------------------------------------------------------------

    def _table(self, element: Element, tables: int) -> Flat:
        if not self._unrepeat(element):
            return self._kept("table", element)
        above: dict[int, tuple[Cell, int]] = {}
        rows: list[Row] = []
        for one in within(element, "table-row"):
            row, above = self._row(one, above, tables)
            if row is None:
                return self._kept("table", element)
            rows.append(row)
        widths = {sum(cell.span for cell in row.cells) for row in rows}
        if len(widths) != 1 or not 0 < min(widths) <= MAX_COLUMNS or above:
            return self._kept("table", element)
        made = [
            Node("tableRow", {}, [cell_node(one) for one in row.cells if not one.goes_on])
            for row in rows
        ]  # fmt: skip
        if any(not row.children for row in made):  # a row of which all goes on from above
            return self._kept("table", element)
        return Flat(Node("table", {}, made), source=Source([element], rows=rows))

    def _unrepeat(self, table: Element) -> bool:
        """Have what is repeated stand there as often as it is; whether that is not too often."""
        rows = [*within(table, "table-row")]
        for one in [*(cell for row in rows for cell in row), *rows]:
            if local(one) not in _REPEATED:
                continue
            name = _REPEATED[local(one)]
            times = count(value(one, name), 1, MAX_COPIES) - 1
            self._copies -= times * sum(1 for _ in one.iter()) if times > 0 else 0
            if self._copies < 0:
                return False
            one.attrib.pop(NAMES(name), None)
            for _ in range(times):
                one.addnext(copy.deepcopy(one))
        return True

    def _row(
        self, element: Element, above: Mapping[int, tuple[Cell, int]], tables: int
    ) -> tuple[Row | None, dict[int, tuple[Cell, int]]]:
        """And what goes on below it, in how many rows more. Null for one that is no grid."""
        header = local(element.getparent()) == "table-header-rows"
        cells: list[Cell] = []
        below: dict[int, tuple[Cell, int]] = {}
        column = 0
        waiting = [one for one in element if local(one) in ("table-cell", "covered-table-cell")]
        while waiting:
            one = waiting.pop(0)
            covered = local(one) == "covered-table-cell"
            if covered != (column in above):
                return None, {}
            if covered:
                owner, left = above[column]
                cells.append(Cell(None, column, owner.span, True, header))
            else:
                span = count(value(one, "table:number-columns-spanned"), 1, MAX_COLUMNS + 1)
                rows = count(value(one, "table:number-rows-spanned"), 1, 10_000)
                owner, left = Cell(one, column, max(1, span), False, header, max(1, rows)), rows
                owner.flats = self.blocks(one, tables + 1)
                cells.append(owner)
            if left > 1:
                below[column] = owner, left - 1
            for _ in range(owner.span - 1):
                if not waiting or local(waiting.pop(0)) != "covered-table-cell":
                    return None, {}
            column += owner.span
        return Row(element, cells), below


class _Numbering:
    """The numbers of items, over the lists that go on with them."""

    def __init__(self) -> None:
        self._by_id: dict[str, list[int]] = {}
        self._by_style: dict[str, list[int]] = {}

    def begun(self, element: Element) -> list[int]:
        """The counts of a list, by depth."""
        style = value(element, "text:style-name")
        if continued := value(element, "text:continue-list"):
            counts = self._by_id.get(continued, [])
        elif value(element, "text:continue-numbering") == "true":
            counts = self._by_style.get(style, [])
        else:
            counts = []
        self._by_style[style] = counts
        if name := value(element, "xml:id"):
            self._by_id[name] = counts
        return counts

    def next(self, counts: list[int], depth: int, item: Element, start: int) -> int:
        """The number of an item."""
        del counts[depth + 1 :]
        while len(counts) < depth:
            counts.append(1)
        if given := value(item, "text:start-value"):
            counts[depth:] = [count(given, 1, 10**6)]
        elif len(counts) == depth:
            counts.append(start)
        else:
            counts[depth] += 1
        return counts[depth]

    def skipped(self, counts: list[int], depth: int) -> None:
        """An item without words around a list."""
        while len(counts) <= depth:
            counts.append(1)


def within(element: Element, name: str) -> Iterator[Element]:
    """Rows or columns of a table, through what may stand around them."""
    for one in element:
        if local(one) == name:
            yield one
        elif local(one) in _AROUND:
            yield from within(one, name)


def _is_linked(section: Element) -> bool:
    """Whether its words are those of another file, and come from there again."""
    return any(local(one) in ("section-source", "dde-source") for one in section)


def _stands_apart(flat: Flat) -> bool:
    """Whether a line of code is not one with the next, wherever that is."""
    following = flat.source.elements[-1].getnext()
    return bool(flat.source.wraps) or following is None or local(following) != "p"


def _name_notes(body: Element) -> None:
    """Each has an id of its own; those that have none get one."""
    known: set[str] = set()
    for number, one in enumerate(body.iter(NAMES("text:note"))):
        name = value(one, "text:id")
        if not name or name in known:
            name = f"hub{number + 1}"
            while name in known:
                name += "x"
            one.set(NAMES("text:id"), name)
        known.add(name)


def _extent(element: Element) -> dict[str, int]:
    frame = next(element.iter(NAMES("draw:frame")), None)
    width = pixels(value(frame, "svg:width"))
    return {"width": width} if width and 0 < width < 10_000 else {}
