"""The blocks of a Word file, one after another, each with the elements that say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from hub.formats.docx.names import NAMES, is_on, value
from hub.formats.docx.parts import Parts
from hub.formats.docx.pieces import (
    field_depth,
    opaque,
    pieces_of,
    split_box,
    text_of,
    value_of,
)
from hub.formats.docx.styles import Styles
from hub.formats.office.code import joined_code
from hub.formats.office.flat import Flat, Item, settle
from hub.formats.office.grid import MAX_COLUMNS
from hub.formats.office.pictures import Gallery
from hub.formats.office.source import Cell, Row, Source, Unit, cell_node
from hub.formats.office.xml import Element
from hub.formats.refused import Refused
from hub.formats.tree import Node

MAX_TABLES: Final = 6
"""So many tables within one another are edited; what is deeper is kept."""
_ALIGN: Final = {"center": "center", "both": "justify", "distribute": "justify"}
_ENDS: Final = frozenset(("right", "end"))
_SIZE: Final = re.compile(r"\d{1,9}")
_EMU_PER_PX: Final = 9525


class Kept(NamedTuple):
    """Something of a part that may stand elsewhere, too."""

    part: str
    units: list[Unit]


class Reader:
    """Attributes:
    notices: codes of what people should know before they save.
    pictures: bytes of those that are shown, by the attachment that shows them.
    drawings: what shows them, by their address.
    opaque: what is kept, by its id.
    """

    def __init__(self, parts: Parts, document: str) -> None:
        """Args:
        document: whose attachments the pictures are.
        """
        self.parts = parts
        self.styles = Styles(parts.of("styles"), parts.of("numbering"))
        self.notices: set[str] = set()
        self._gallery = Gallery(document)
        self.open_comments: dict[str, Mapping[str, str]] = {}
        self.opaque: dict[str, Kept] = {}
        self.drawings: dict[str, Kept] = {}
        self._part = parts.main
        self._comments = _comments(parts.of("comments"))
        self._counts: dict[str, list[int]] = {}

    @property
    def body(self) -> Element:
        found = self.parts.root(self.parts.main).find(NAMES("w:body"))
        if found is None:
            raise Refused("damaged")
        return found

    @property
    def pictures(self) -> dict[str, bytes]:
        return self._gallery.pictures

    def blocks(self, container: Element, tables: int = 0) -> list[Flat]:
        """Of the body, a cell, a note."""
        found = joined_code(self._blocks(container, tables), apart=_ends_section)
        settle(found)
        return found

    def notes(self, kind: str) -> dict[str, tuple[Element, list[Flat]]]:
        """The ``footnotes`` or ``endnotes`` by the ids that references have."""
        part = self.parts.name_of(kind)
        prefix = "e" if kind == "endnotes" else ""
        found: dict[str, tuple[Element, list[Flat]]] = {}
        if part is None:
            return found
        self._part = part
        for one in self.parts.root(part):
            if isinstance(one.tag, str) and value(one, "w:type") in (None, "normal"):
                found[prefix + (value(one, "w:id") or "")] = one, self.blocks(one)
        self._part = self.parts.main
        return found

    def look_around(self) -> None:
        """Notices of what is beside the text."""
        kinds = {one.kind for one in self.parts.relationships(self.parts.main).values()}
        names = self.parts.names()
        if kinds & {"header", "footer"}:
            self.notice("headers")
        if any(one.endswith("vbaProject.bin") for one in names):
            self.notice("macros")
        if any(one.startswith("_xmlsignatures/") for one in names):
            self.notice("signature")

    # --- what pieces ask --------------------------------------------------------------------------

    def picture(self, relationship: str | None) -> str | None:
        found = self.parts.target(self._part, relationship)
        if found is None or found.external:
            return None
        return self._gallery.address(found.target, self.parts.bytes_of)

    def address(self, relationship: str | None) -> str | None:
        found = self.parts.target(self._part, relationship)
        return found.target if found is not None and found.external else None

    def comment(self, name: str) -> Mapping[str, str] | None:
        return self._comments.get(name)

    def notice(self, code: str) -> None:
        self.notices.add(code)

    # --- blocks -----------------------------------------------------------------------------------

    def _blocks(self, container: Element, tables: int) -> Iterator[Flat]:
        children = [one for one in container if isinstance(one.tag, str)]
        at = 0
        while at < len(children):
            end = _end_of_field(children, at)
            if end > at + 1:
                yield self._kept("field", children[at:end])
            else:
                yield from self._block(children[at], tables)
            at = end

    def _block(self, element: Element, tables: int) -> Iterator[Flat]:
        match element.tag.rpartition("}")[2]:
            case "p":
                flat = self.paragraph(element)
                if flat is not None:
                    yield flat
            case "tbl":
                if tables >= MAX_TABLES:
                    yield self._kept("table", [element])
                else:
                    yield self._table(element, tables)
            case "sdt":
                content = element.find(NAMES("w:sdtContent"))
                if content is None or element.find(f"{NAMES('w:sdtPr')}/{NAMES('w:docPartObj')}") \
                        is not None:  # fmt: skip
                    yield self._kept("field", [element])
                else:
                    yield from self._blocks(content, tables)
            case "customXml":
                yield from self._blocks(element, tables)
            case "altChunk" | "subDoc" | "AlternateContent" | "oMathPara" | "oMath":
                yield self._kept("object", [element])
            case _:
                pass

    def _kept(self, kind: str, elements: list[Element]) -> Flat:
        text = " ".join(text_of(one) for one in elements)[:200]
        node = opaque(kind, text, elements, block=True)
        self.notice({"field": "fields", "table": "tables"}.get(kind, "objects"))
        units = [Unit(one, None) for one in elements]
        self.opaque[node.attrs["id"]] = Kept(self._part, units)
        return Flat(node, source=Source(elements))

    def paragraph(self, element: Element) -> Flat | None:
        """Null for one that is only the end of a section."""
        properties = element.find(NAMES("w:pPr"))
        if _is_rule(element):
            return Flat(Node("horizontalRule"), source=Source([element]))
        pieces = pieces_of(element, self)
        for piece in pieces:
            if piece.node is None:
                continue
            if piece.node.type == "opaque":
                self.opaque[piece.node.attrs["id"]] = Kept(self._part, piece.units)
            elif piece.node.type == "inlineImage":
                self.drawings.setdefault(piece.node.attrs["src"], Kept(self._part, piece.units))
        seen = [piece.node for piece in pieces if piece.node is not None]
        ends = None if properties is None else properties.find(NAMES("w:sectPr"))
        if not seen and ends is not None:
            return None
        source = Source([element], pieces, properties=properties)
        style = self.styles.paragraph(_find(properties, "w:pStyle"))
        if not seen and _is_border(properties):
            return Flat(Node("horizontalRule"), source=source)
        attrs = self.turned(properties)
        if style.part == "code" and all(one.type in ("text", "hardBreak") for one in seen):
            text = "".join("\n" if one.type == "hardBreak" else one.text for one in seen)
            return Flat(Node("codeBlock", {}, [Node("text", text=text)] if text else []),
                        source=source)  # fmt: skip
        outline = _find(properties, "w:outlineLvl")
        level = style.level if style.part == "heading" else 0
        if not level and outline and outline.isdigit() and int(outline) < 9:
            level = min(6, int(outline) + 1)
        item = None if level else self._item(properties, style.numbering)
        if item is not None and item.kind == "bullet" and (box := split_box(pieces)) is not None:
            item.kind, item.checked = "task", box
            seen = [piece.node for piece in pieces if piece.node is not None]
        if level:
            return Flat(Node("heading", {"level": level, **attrs}, seen), source=source)
        if len(seen) == 1 and seen[0].type == "inlineImage" and item is None:
            given = {**seen[0].attrs, **_extent(element)}
            return Flat(Node("image", given), source=source)
        return Flat(Node("paragraph", attrs, seen), item, style.part == "quote", source)

    def turned(self, properties: Element | None) -> dict[str, str]:
        """Alignment and direction of a paragraph, where they are not what they are anyway."""
        style = self.styles.paragraph(_find(properties, "w:pStyle"))
        bidi = None if properties is None else properties.find(NAMES("w:bidi"))
        rtl = style.rtl if bidi is None else is_on(bidi)
        said = _find(properties, "w:jc") or style.align or ""
        found = {"dir": "rtl"} if rtl else {}
        if said in _ENDS:
            found["textAlign"] = "left" if rtl else "right"
        elif said in _ALIGN:
            found["textAlign"] = _ALIGN[said]
        return found

    def _item(self, properties: Element | None, styled: tuple[str, int] | None) -> Item | None:
        numbering = None if properties is None else properties.find(NAMES("w:numPr"))
        number, depth = styled or ("0", 0)
        if numbering is not None:
            number = _find(numbering, "w:numId") or number
            level = _find(numbering, "w:ilvl")
            depth = int(level) if level and level.isdigit() else depth if styled else 0
        depth = min(depth, 8)
        if number == "0" or (found := self.styles.level(number, depth)) is None:
            return None
        if found.kind == "more":
            return Item("more", depth, number, level=depth, number=number)
        if found.checked is not None:
            return Item("task", depth, "boxes", found.checked, level=depth, number=number)
        counts = self._counts.setdefault(number, [])
        del counts[depth + 1 :]
        while len(counts) < depth:
            counts.append(1)
        if len(counts) == depth:
            counts.append(found.start)
        else:
            counts[depth] += 1
        return Item(found.kind, depth, number, start=counts[depth], level=depth, number=number)

    # --- tables -----------------------------------------------------------------------------------

    def _table(self, element: Element, tables: int) -> Flat:
        rows = [
            self._row(one, tables, at == 0)
            for at, one in enumerate(_within(element, "w:tr"))
        ]  # fmt: skip
        width = max((one.cells[-1].column + one.cells[-1].span for one in rows if one.cells),
                    default=0)  # fmt: skip
        if not rows or not width or width > MAX_COLUMNS:
            return self._kept("table", [element])
        _join(rows)
        for row in rows:
            _fill(row, width)
        if any(sum(one.span for one in row.cells) != width for row in rows):
            return self._kept("table", [element])
        made = []
        for row in rows:
            cells = [cell_node(one) for one in row.cells if not one.goes_on]
            made.append(Node("tableRow", {}, cells))
        if any(not row.children for row in made):  # a row of which all goes on from above
            return self._kept("table", [element])
        return Flat(Node("table", {}, made), source=Source([element], rows=rows))

    def _row(self, element: Element, tables: int, first: bool) -> Row:
        properties = element.find(NAMES("w:trPr"))
        header = properties is not None and is_on(properties.find(NAMES("w:tblHeader")))
        column = _count(_find(properties, "w:gridBefore"), 0)
        cells = [Cell(None, 0, column, False, False)] if column else []
        for one in _within(element, "w:tc"):
            told = one.find(NAMES("w:tcPr"))
            span = _count(_find(told, "w:gridSpan"), 1) or 1
            merge = None if told is None else told.find(NAMES("w:vMerge"))
            goes_on = merge is not None and value(merge) != "restart" and not first
            flats = [] if goes_on else self.blocks(one, tables + 1)
            cells.append(Cell(one, column, span, goes_on, header, flats=flats))
            column += span
        return Row(element, cells)


def _join(rows: list[Row]) -> None:
    """Count the rows of cells that go on; what goes on from nothing is a cell of its own."""
    above: dict[int, Cell] = {}
    for row in rows:
        now: dict[int, Cell] = {}
        for cell in row.cells:
            owner = above.get(cell.column)
            if cell.goes_on and owner is not None and owner.span == cell.span:
                owner.rows += 1
                now[cell.column] = owner
            else:
                cell.goes_on = False
                now[cell.column] = cell
        above = now


def _fill(row: Row, width: int) -> None:
    """Rows that end early, as a grid has them."""
    end = row.cells[-1].column + row.cells[-1].span if row.cells else 0
    if end < width:
        row.cells.append(Cell(None, end, width - end, False, False))


def _within(element: Element, name: str) -> Iterator[Element]:
    """Children of a name, through what may stand around them."""
    for one in element:
        if one.tag == NAMES(name):
            yield one
        elif one.tag == NAMES("w:sdt"):
            content = one.find(NAMES("w:sdtContent"))
            if content is not None:
                yield from _within(content, name)
        elif one.tag == NAMES("w:customXml"):
            yield from _within(one, name)


def _is_rule(element: Element) -> bool:
    """A line across the page, drawn, and nothing else."""
    if any(one.text for one in element.iter(NAMES("w:t"), NAMES("w:delText"))):
        return False
    return any(one.get(NAMES("o:hr")) in ("t", "true") for one in element.iter(NAMES("v:rect")))


def _is_border(properties: Element | None) -> bool:
    """One that is the border of a paragraph without words."""
    if properties is None:
        return False
    border = properties.find(f"{NAMES('w:pBdr')}/{NAMES('w:bottom')}")
    return border is not None and value(border) not in (None, "nil", "none")


def _ends_section(flat: Flat) -> bool:
    place = f"{NAMES('w:pPr')}/{NAMES('w:sectPr')}"
    return flat.source.elements[-1].find(place) is not None


def _end_of_field(children: list[Element], at: int) -> int:
    """Behind the last of the elements that a field spans which begins in one; where it has no end
    it spans none."""
    depth, end = field_depth(children[at]), at + 1
    while depth > 0 and end < len(children) and children[end].tag != NAMES("w:sectPr"):
        depth += field_depth(children[end])
        end += 1
    return end if depth <= 0 else at + 1


def _extent(element: Element) -> dict[str, int]:
    extent = next(element.iter(NAMES("wp:extent")), None)
    if extent is None or not _SIZE.fullmatch(value_of(extent, "cx")):
        return {}
    width = int(value_of(extent, "cx")) // _EMU_PER_PX
    return {"width": width} if 0 < width < 10_000 else {}


def _comments(root: Element | None) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for one in () if root is None else root.iterfind(NAMES("w:comment")):
        found[value(one, "w:id") or ""] = {
            "author": (value(one, "w:author") or "")[:100], "text": text_of(one)
        }  # fmt: skip
    return found


def _find(parent: Element | None, name: str) -> str | None:
    return None if parent is None else value(parent.find(NAMES(name)))


def _count(text: str | None, default: int) -> int:
    return min(int(text), MAX_COLUMNS + 1) if text and text.isdigit() else default
