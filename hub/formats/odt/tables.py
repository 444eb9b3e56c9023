"""Tables that say something else now, or are new: row by row, and cell by cell."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Final

from hub.formats.odt.making import Making
from hub.formats.odt.names import NAMES, count, local, new, value
from hub.formats.odt.reader import within
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
from hub.formats.office.source import Cell, Row
from hub.formats.office.xml import Element, etree
from hub.formats.tree import Node

_CELLS: Final = ("table-cell", "covered-table-cell")
_VALUES: Final = (
    "table:formula", "office:value", "office:date-value", "office:time-value",
    "office:boolean-value", "office:string-value", "office:currency",
)  # fmt: skip
_NOT_ROWS: Final = frozenset((
    "title", "desc", "table-source", "forms", "table-columns", "table-column-group",
    "table-header-columns", "table-column", "dde-source", "scenario", "shapes",
))  # fmt: skip

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
        places, width = _even(node)
        had = [row_key([said(cell) for cell in row.cells]) for row in rows]
        have = [row_key([says(place) for place in row]) for row in places]
        pairs = paired(had, have)
        like = rows[0]
        made: list[Element] = []
        for number, row in enumerate(places):
            source = rows[pairs[number]] if number in pairs else None
            if source is None:
                element = _new_row(like)
                self._fill(element, like, row, fresh=True)
            else:
                element, like = source.element, source
                if had[pairs[number]] != have[number] or not same_shape(source, row):
                    self._fill(element, source, row)
            made.append(element)
        before = sum(cell.span for cell in rows[0].cells)
        if width != before:
            _widen(table, width)
        _arrange(table, made, _headers(places))

    def made(self, node: Node) -> Element:
        """A new table."""
        places, width = _even(node)
        table = self._making.table(width)
        made = []
        for row in places:
            element = new("table:table-row")
            for place in row:
                self._append(element, place, None, None)
            made.append(element)
        _arrange(table, made, _headers(places))
        return table

    def _fill(
        self, element: Element, source: Row, row: Sequence[Place], *, fresh: bool = False
    ) -> None:
        """The cells of a row: those that it has say what they say now, others are made."""
        if not fresh and same_shape(source, row):
            for cell, place in zip(source.cells, row, strict=True):
                if place.node is not None and said(cell) != says(place):
                    self._say(cell, place.node)
            return
        cells = [cell for cell in source.cells if cell.element is not None]
        old = [] if fresh else cells
        owners = owners_of(old, [place for place in row if place.node is not None])
        for one in [*element]:
            if local(one) in _CELLS:
                element.remove(one)
        for place in row:
            owner = owners.get(id(place))
            near = nearest(cells, place.column)
            self._append(element, place, owner, None if near is None else near.element)

    def _append(
        self, row: Element, place: Place, owner: Cell | None, like: Element | None
    ) -> None:  # fmt: skip
        """A cell of the file or a new one, and what it covers."""
        covered = place.span
        if not place.goes_on:
            covered -= 1
            if owner is not None and owner.element is not None and place.node is not None:
                if said(owner) != says(place):
                    self._say(owner, place.node)
                cell = owner.element
            else:
                cell = self._new_cell(place, like)
            for name, number in (
                ("table:number-columns-spanned", place.span),
                ("table:number-rows-spanned", place.rows),
            ):
                if place.span > 1 or place.rows > 1:
                    cell.set(NAMES(name), str(number))
                else:
                    cell.attrib.pop(NAMES(name), None)
            row.append(cell)
        for _ in range(covered):
            etree.SubElement(row, NAMES("table:covered-table-cell"))

    def _say(self, cell: Cell, node: Node) -> None:
        """It holds words then, and no number that is computed."""
        element: Element = cell.element
        for name in _VALUES:
            element.attrib.pop(NAMES(name), None)
        if value(element, "office:value-type"):
            element.set(NAMES("office:value-type"), "string")
        self._patch(cell.flats, flatten(node.children), element)

    def _new_cell(self, place: Place, like: Element | None) -> Element:
        cell = self._making.cell()
        if like is not None and (style := like.get(NAMES("table:style-name"))) is not None:
            cell.set(NAMES("table:style-name"), style)
        self._patch([], [] if place.node is None else flatten(place.node.children), cell)
        if len(cell) == 0:
            etree.SubElement(cell, NAMES("text:p"))
        return cell


def _even(node: Node) -> tuple[list[list[Place]], int]:
    """The cells of a table in rows of the same width, none over its end; and that width."""
    places, width = grid_of(node)
    for number, row in enumerate(places):
        end = row[-1].column + row[-1].span if row else 0
        if end < width:
            row.append(Place(end, width - end, None))
        for place in row:
            place.rows = min(place.rows, len(places) - number)
    return places, width


def _new_row(like: Row) -> Element:
    made = new("table:table-row")
    for name, given in like.element.attrib.items():
        if name != NAMES("xml:id"):
            made.set(name, given)
    return made


def _headers(places: Sequence[Sequence[Place]]) -> list[bool]:
    """Which rows are of the head of a table."""
    return [
        all(place.node is None or place.node.type == "tableHeader" for place in row)
        for row in places
    ]  # fmt: skip


def _arrange(table: Element, rows: Sequence[Element], headers: Sequence[bool]) -> None:
    """Have a table hold these rows."""
    now = [*within(table, "table-row")]
    if now == rows and headers == [_is_head(one) for one in now]:
        return
    heads = [one for one in table if local(one) == "table-header-rows"]
    for one in now:
        one.getparent().remove(one)
    for one in [*table]:
        if local(one) not in _NOT_ROWS:
            table.remove(one)
    head: Element | None = None
    for row, header in zip(rows, headers, strict=True):
        if not header:
            head = None
            table.append(row)
            continue
        if head is None:
            head = heads.pop(0) if heads else new("table:table-header-rows")
            table.append(head)
        head.append(row)


def _is_head(row: Element) -> bool:
    return local(row.getparent()) == "table-header-rows"


def _widen(table: Element, width: int) -> None:
    """Columns that were added or taken out; the others keep their widths."""
    columns: list[Element] = []
    for one in [*within(table, "table-column")]:
        times = count(value(one, "table:number-columns-repeated"), 1, 1000)
        one.attrib.pop(NAMES("table:number-columns-repeated"), None)
        columns.append(one)
        for _ in range(times - 1):
            columns[-1].addnext(copy.deepcopy(one))
            columns.append(columns[-1].getnext())
    for one in columns[width:]:
        one.getparent().remove(one)
    for _ in range(width - len(columns)):
        if columns:
            columns[-1].addnext(copy.deepcopy(columns[-1]))
        else:
            table.insert(0, new("table:table-column"))
