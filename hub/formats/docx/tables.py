"""Tables that say something else now, or are new: row by row, and cell by cell."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.formats import canon, diff, tree
from hub.formats.docx.making import Making
from hub.formats.docx.names import CELL_ORDER, NAMES, is_on
from hub.formats.docx.reader import Cell, Row, cell_node
from hub.formats.office.flat import Flat, flatten
from hub.formats.office.xml import Element, drop, etree, put
from hub.formats.tree import Node

MAX_COLUMNS: Final = 200


@dataclass(slots=True, eq=False)
class _Place:
    """A cell in a grid; ``node`` is null where one of an earlier row goes on, or none is."""

    column: int
    span: int
    node: Node | None
    goes_on: bool = False
    rows: int = 1


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
        places, width = _grid(node)
        had = [_row_key([_said(cell) for cell in row.cells]) for row in rows]
        have = [_row_key([_of(place) for place in row]) for row in places]
        pairs = _paired(had, have)
        at: Element | None = None
        like = rows[0]
        for number, row in enumerate(places):
            source = rows[pairs[number]] if number in pairs else None
            if source is None:
                element = _new_row(like)
                self._fill(element, like, row, fresh=True)
            else:
                element, like = source.element, source
                if had[pairs[number]] != have[number] or not _same_shape(source, row):
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
        places, width = _grid(node)
        table = self._making.table(width)
        for row in places:
            element = etree.SubElement(table, NAMES("w:tr"))
            _mark_header(element, row)
            for place in row:
                element.append(self._new_cell(place, None))
        return table

    def _fill(
        self, element: Element, source: Row, row: Sequence[_Place], *, fresh: bool = False
    ) -> None:
        """The cells of a row: those that it has say what they say now, others are made."""
        cells = [cell for cell in source.cells if cell.element is not None]
        if not fresh and _same_shape(source, row):
            changed = [
                (cell, place.node) for cell, place in zip(source.cells, row, strict=True)
                if place.node is not None and _said(cell) != _of(place)
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
        owners = _owners(old, [place for place in row if place.node is not None])
        for tag in ("w:tc", "w:sdt", "w:customXml"):
            drop(element, NAMES(tag))
        for place in row:
            owner = owners.get(id(place))
            if owner is None:
                near = _near(cells, place.column)
                element.append(self._new_cell(place, None if near is None else near.element))
                continue
            assert place.node is not None
            if _said(owner) != _of(place):
                self._patch(owner.flats, flatten(place.node.children), owner.element)
            _span(owner.element, place)
            element.append(owner.element)

    def _new_cell(self, place: _Place, like: Element | None) -> Element:
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


def _grid(node: Node) -> tuple[list[list[_Place]], int]:
    """Where each cell of a table stands, and how many columns there are."""
    above: dict[int, tuple[_Place, int]] = {}  # by column: what goes on, in how many rows more
    grid: list[list[_Place]] = []
    for cells in tree.rows(node):
        row: list[_Place] = []
        below: dict[int, tuple[_Place, int]] = {}
        waiting = list(reversed(cells))
        column = 0
        while True:
            if column in above:
                owner, left = above[column]
                row.append(_Place(column, owner.span, None, goes_on=True))
                if left > 1:
                    below[column] = owner, left - 1
            elif waiting:
                cell = waiting.pop()
                span = tree.number(cell.attrs.get("colspan"), 1, 1, MAX_COLUMNS)
                rows = tree.number(cell.attrs.get("rowspan"), 1, 1, 10_000)
                row.append(_Place(column, span, cell, rows=rows))
                if rows > 1:
                    below[column] = row[-1], rows - 1
            else:
                following = min((at for at in above if at > column), default=None)
                if following is None:
                    break
                row.append(_Place(column, following - column, None))
            column += row[-1].span
        above = below
        grid.append(row)
    width = max((row[-1].column + row[-1].span for row in grid if row), default=1)
    return grid, max(1, width)


def _said(cell: Cell) -> bytes:
    return b"" if cell.goes_on else canon.key(cell_node(cell))


def _of(place: _Place) -> bytes:
    return b"" if place.node is None else canon.key(place.node)


def _row_key(cells: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(one for one in cells if one)


def _paired(had: Sequence[tuple[bytes, ...]], have: Sequence[tuple[bytes, ...]]) -> dict[int, int]:
    """Of new rows, which of the file they are: the same, or else in the same place."""
    pairs: dict[int, int] = {}
    for match in diff.matches(had, have):
        pairs |= {match.b + at: match.a + at for at in range(match.size)}
    for one in diff.changes(had, have):
        pairs |= _alike(had, one, have)
    return pairs


def _alike(
    had: Sequence[tuple[bytes, ...]], change: diff.Change, have: Sequence[tuple[bytes, ...]]
) -> dict[int, int]:
    """Rows between others that are the same: with a cell in common first, then in order."""
    pairs = {}
    least = change.a
    for at in range(change.b, change.b_end):
        left = change.b_end - at
        most = change.a_end - (left - 1) if change.a_end - least >= left else change.a_end
        best = max(
            range(least, change.a_end),
            key=lambda one: (len({*had[one]} & {*have[at]}), one < most, -one), default=None,
        )  # fmt: skip
        if best is None:
            break
        shares = bool({*had[best]} & {*have[at]})
        if not shares and change.a_end - least < left and at + 1 < change.b_end:
            continue  # there are more than there were: a new one
        pairs[at] = best if shares else least
        least = pairs[at] + 1
    return pairs


def _same_shape(source: Row, row: Sequence[_Place]) -> bool:
    """Whether the cells stand where they stood."""
    mine = [
        (cell.column, cell.span, cell.goes_on, 1 if cell.goes_on else cell.rows)
        for cell in source.cells
    ]
    return mine == [(place.column, place.span, place.goes_on, place.rows) for place in row]


def _owners(old: Sequence[Cell], new: Sequence[_Place]) -> dict[int, Cell]:
    """Which cell of the file each is, by what they say, and then in order."""
    had = [canon.encode([canon.form(one) for one in _inner(cell)]) for cell in old]
    have = [canon.encode([canon.form(one) for one in place.node.children])
            for place in new if place.node is not None]  # fmt: skip
    found = {}
    for match in diff.matches(had, have):
        for at in range(match.size):
            found[id(new[match.b + at])] = old[match.a + at]
    for one in diff.changes(had, have):
        for at in range(min(one.a_end - one.a, one.b_end - one.b)):
            found[id(new[one.b + at])] = old[one.a + at]
    return found


def _inner(cell: Cell) -> list[Node]:
    return cell_node(cell).children


def _near(cells: Sequence[Cell], column: int) -> Cell | None:
    return min(cells, key=lambda one: abs(one.column - column), default=None)


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


def _mark_header(element: Element, row: Sequence[_Place]) -> None:
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


def _span(cell: Element, place: _Place) -> None:
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
