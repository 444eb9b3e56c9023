"""Tables that say something else now, or are new: row by row, and cell by cell."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from hub.formats.docx.making import Making
from hub.formats.docx.names import CELL_ORDER, NAMES, is_on
from hub.formats.office.flat import Flat, flatten
from hub.formats.office.grid import (
    Place,
    grid_of,
    nearest,
    owners_of,
    paired,
    row_key,
    said,
    same_shape,
    says,
)
from hub.formats.office.source import Row
from hub.formats.office.xml import Element, drop, etree, put
from hub.formats.tree import Node

Patch = Callable[[Sequence[Flat], Sequence[Flat], Element], None]
"""Makes a container that holds some blocks hold others."""


class Tables:
    def __init__(self, making: Making, patch: Patch) -> None:
        self._making = making
        self._patch = patch

    def patch(self, base: Flat, node: Node) -> None:
        """Make a table of the file say what a node says."""
        table = base.source.elements[0]
        rows: list[Row] = base.source.rows
        places, width = grid_of(node)
        had = [row_key([said(cell) for cell in row.cells]) for row in rows]
        have = [row_key([says(place) for place in row]) for row in places]
        pairs = paired(had, have)
        at: Element | None = None
        like = rows[0]
        for number, row in enumerate(places):
            source = rows[pairs[number]] if number in pairs else None
            if source is None:
                element = _new_row(like)
                self._fill(element, like, row, fresh=True)
            else:
                element, like = source.element, source
                if had[pairs[number]] != have[number] or not same_shape(source, row):
                    self._fill(element, source, row)
            _mark_header(element, row)
            if at is None:
                if source is None:
                    rows[0].element.addprevious(element)
            elif source is None:
                at.addnext(element)
            at = element
        kept = set(pairs.values())
        for number, old in enumerate(rows):
            if number not in kept:
                old.element.getparent().remove(old.element)
        before = sum(cell.span for cell in rows[0].cells)
        if width != before:
            _widen(table, width)

    def made(self, node: Node) -> Element:
        """A new table."""
        places, width = grid_of(node)
        table = self._making.table(width)
        for row in places:
            element = etree.SubElement(table, NAMES("w:tr"))
            _mark_header(element, row)
            for place in row:
                element.append(self._new_cell(place, None))
        return table

    def _fill(
        self, element: Element, source: Row, row: Sequence[Place], *, fresh: bool = False
    ) -> None:
        """The cells of a row: those that it has say what they say now, others are made."""
        cells = [cell for cell in source.cells if cell.element is not None]
        if not fresh and same_shape(source, row):
            changed = [
                (cell, place.node) for cell, place in zip(source.cells, row, strict=True)
                if place.node is not None and said(cell) != says(place)
            ]  # fmt: skip
            if all(cell.element is not None for cell, _ in changed):
                for cell, node in changed:
                    self._patch(cell.flats, flatten(node.children), cell.element)
                return
        properties = element.find(NAMES("w:trPr"))
        for tag in ("w:gridBefore", "w:gridAfter", "w:wBefore", "w:wAfter"):
            if properties is not None:
                drop(properties, NAMES(tag))
        old = [] if fresh else [cell for cell in cells if not cell.goes_on]
        owners = owners_of(old, [place for place in row if place.node is not None])
        for tag in ("w:tc", "w:sdt", "w:customXml"):
            drop(element, NAMES(tag))
        for place in row:
            owner = owners.get(id(place))
            if owner is None:
                near = nearest(cells, place.column)
                element.append(self._new_cell(place, None if near is None else near.element))
                continue
            assert place.node is not None
            if said(owner) != says(place):
                self._patch(owner.flats, flatten(place.node.children), owner.element)
            _span(owner.element, place)
            element.append(owner.element)

    def _new_cell(self, place: Place, like: Element | None) -> Element:
        cell = etree.Element(NAMES("w:tc"))
        properties = None if like is None else like.find(NAMES("w:tcPr"))
        if properties is not None:
            cell.append(copy.deepcopy(properties))
            drop(cell[0], NAMES("w:tcW"))
            drop(cell[0], NAMES("w:cellIns"))
            drop(cell[0], NAMES("w:cellDel"))
        _span(cell, place)
        self._patch([], [] if place.node is None else flatten(place.node.children), cell)
        if len(cell) == 0 or cell[-1].tag == NAMES("w:tcPr"):
            etree.SubElement(cell, NAMES("w:p"))
        return cell


# --- rows -----------------------------------------------------------------------------------------


def _new_row(like: Row) -> Element:
    """With the properties of a neighbour, but for those of a header."""
    element = etree.Element(NAMES("w:tr"))
    for name in ("w:tblPrEx", "w:trPr"):
        found = like.element.find(NAMES(name))
        if found is not None:
            element.append(copy.deepcopy(found))
    properties = element.find(NAMES("w:trPr"))
    for name in ("w:ins", "w:del", "w:trPrChange"):
        if properties is not None:
            drop(properties, NAMES(name))
    return element


def _mark_header(element: Element, row: Sequence[Place]) -> None:
    wanted = any(place.node is not None and place.node.type == "tableHeader" for place in row)
    properties = element.find(NAMES("w:trPr"))
    mark = None if properties is None else properties.find(NAMES("w:tblHeader"))
    if wanted == (mark is not None and is_on(mark)):
        return
    if not wanted:
        properties.remove(mark)
        return
    if properties is None:
        properties = etree.Element(NAMES("w:trPr"))
        exceptions = element.find(NAMES("w:tblPrEx"))
        element.insert(0 if exceptions is None else 1, properties)
    put(properties, etree.Element(NAMES("w:tblHeader")), (NAMES("w:tblHeader"),))


# --- cells ----------------------------------------------------------------------------------------


def _span(cell: Element, place: Place) -> None:
    properties = cell.find(NAMES("w:tcPr"))
    if properties is None:
        properties = etree.Element(NAMES("w:tcPr"))
        cell.insert(0, properties)
    drop(properties, NAMES("w:gridSpan"))
    drop(properties, NAMES("w:vMerge"))
    drop(properties, NAMES("w:hMerge"))
    if place.span > 1:
        put(
            properties, etree.Element(NAMES("w:gridSpan"), {NAMES("w:val"): str(place.span)}),
            CELL_ORDER,
        )  # fmt: skip
    if place.goes_on:
        put(properties, etree.Element(NAMES("w:vMerge")), CELL_ORDER)
    elif place.rows > 1:
        begins = etree.Element(NAMES("w:vMerge"), {NAMES("w:val"): "restart"})
        put(properties, begins, CELL_ORDER)
    if len(properties) == 0:
        cell.remove(properties)


def _widen(table: Element, width: int) -> None:
    """Columns that were added or taken out; the others keep their widths."""
    grid = table.find(NAMES("w:tblGrid"))
    if grid is None:
        grid = etree.Element(NAMES("w:tblGrid"))
        properties = table.find(NAMES("w:tblPr"))
        table.insert(0 if properties is None else 1, grid)
    columns = grid.findall(NAMES("w:gridCol"))
    for one in columns[width:]:
        grid.remove(one)
    for _ in range(width - len(columns)):
        made_ = copy.deepcopy(columns[-1]) if columns else etree.Element(NAMES("w:gridCol"))
        (columns[-1].addnext if columns else grid.append)(made_)
