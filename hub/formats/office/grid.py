"""Tables as grids, and which rows and cells of a file those of a document are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.formats import canon, diff, tree
from hub.formats.office.source import Cell, Row, cell_node
from hub.formats.tree import Node

MAX_COLUMNS: Final = 200


@dataclass(slots=True, eq=False)
class Place:
    """A cell in a grid; ``node`` is null where one of an earlier row goes on, or none is."""

    column: int
    span: int
    node: Node | None
    goes_on: bool = False
    rows: int = 1


def grid_of(node: Node) -> tuple[list[list[Place]], int]:
    """Where each cell of a table stands, and how many columns there are."""
    above: dict[int, tuple[Place, int]] = {}  # by column: what goes on, in how many rows more
    grid: list[list[Place]] = []
    for cells in tree.rows(node):
        row: list[Place] = []
        below: dict[int, tuple[Place, int]] = {}
        waiting = list(reversed(cells))
        column = 0
        while True:
            if column in above:
                owner, left = above[column]
                row.append(Place(column, owner.span, None, goes_on=True))
                if left > 1:
                    below[column] = owner, left - 1
            elif waiting:
                cell = waiting.pop()
                span = tree.number(cell.attrs.get("colspan"), 1, 1, MAX_COLUMNS)
                rows = tree.number(cell.attrs.get("rowspan"), 1, 1, 10_000)
                row.append(Place(column, span, cell, rows=rows))
                if rows > 1:
                    below[column] = row[-1], rows - 1
            else:
                following = min((at for at in above if at > column), default=None)
                if following is None:
                    break
                row.append(Place(column, following - column, None))
            column += row[-1].span
        above = below
        grid.append(row)
    width = max((row[-1].column + row[-1].span for row in grid if row), default=1)
    return grid, max(1, width)


def said(cell: Cell) -> bytes:
    return b"" if cell.goes_on else canon.key(cell_node(cell))


def says(place: Place) -> bytes:
    return b"" if place.node is None else canon.key(place.node)


def row_key(cells: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(one for one in cells if one)


def paired(had: Sequence[tuple[bytes, ...]], have: Sequence[tuple[bytes, ...]]) -> dict[int, int]:
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


def same_shape(source: Row, row: Sequence[Place]) -> bool:
    """Whether the cells stand where they stood."""
    mine = [
        (cell.column, cell.span, cell.goes_on, 1 if cell.goes_on else cell.rows)
        for cell in source.cells
    ]
    return mine == [(place.column, place.span, place.goes_on, place.rows) for place in row]


def owners_of(old: Sequence[Cell], new: Sequence[Place]) -> dict[int, Cell]:
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


def nearest(cells: Sequence[Cell], column: int) -> Cell | None:
    return min(cells, key=lambda one: abs(one.column - column), default=None)
