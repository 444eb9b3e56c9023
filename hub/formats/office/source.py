"""What the blocks of a file keep of it: the elements that say them, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.formats.office.flat import Flat, nest
from hub.formats.office.xml import Element
from hub.formats.tree import Node


@dataclass(slots=True, eq=False)
class Unit:
    """Something that is written as a whole; ``wraps`` is around it, from the outermost in.

    Attributes:
        element: null for words that are the text of what is around them.
        run: that it is a child of, in files that have runs.
    """

    element: Element
    run: Element | None
    wraps: tuple[Element, ...] = ()


@dataclass(slots=True, eq=False)
class Piece:
    """Attributes:
    node: null for what shows nothing.
    box: of an item that can be checked, its box: text that the document has as an attribute.
    """

    node: Node | None
    units: list[Unit] = field(default_factory=list)
    box: str | None = None


@dataclass(slots=True, eq=False)
class Source:
    """Attributes:
    elements: siblings.
    pieces: of a paragraph.
    rows: of a table.
    properties: of a paragraph, as they were read.
    wraps: lists and their items that a paragraph is within, in files where these are elements.
    """

    elements: list[Element]
    pieces: list[Piece] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    properties: Element | None = None
    wraps: tuple[Element, ...] = ()


@dataclass(slots=True, eq=False)
class Row:
    """``cells``: null where a cell of an earlier row goes on; ``columns`` where each begins."""

    element: Element
    cells: list[Cell]


@dataclass(slots=True, eq=False)
class Cell:
    """``goes_on``: it is the lower part of a cell above."""

    element: Element | None
    column: int
    span: int
    goes_on: bool
    header: bool
    rows: int = 1
    flats: list[Flat] = field(default_factory=list)


def cell_node(cell: Cell) -> Node:
    """What a cell says."""
    attrs = {}
    if cell.span > 1:
        attrs["colspan"] = cell.span
    if cell.rows > 1:
        attrs["rowspan"] = cell.rows
    children = nest(cell.flats) or [Node("paragraph")]
    return Node("tableHeader" if cell.header else "tableCell", attrs, children)
