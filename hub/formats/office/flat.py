"""A rich document as word processors have it: paragraphs and tables one after another, each saying
itself of which list and level it is. And back. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from hub.formats import canon, tree
from hub.formats.tree import Node

Kind = Literal["bullet", "ordered", "task", "more"]
"""``more``: a paragraph that goes on in an item."""

_LISTS: Final[dict[str, Kind]] = {
    "bulletList": "bullet", "orderedList": "ordered", "taskList": "task",
}  # fmt: skip
_NODES: Final = {kind: name for name, kind in _LISTS.items()}

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(slots=True, eq=False)
class Item:
    """Attributes:
    depth: from 0 on; of a file that was just read, any number that grows inwards (``settle``).
    list: the same for items of one list.
    start: the number it has, if it is of an ordered list.
    level: as the file counts it; ``depth`` may be less.
    number: what the file calls its list.
    """

    kind: Kind
    depth: int
    list: Any
    checked: bool = False
    start: int = 1
    level: int = 0
    number: str = ""


@dataclass(slots=True, eq=False)
class Flat:
    """``node``: a paragraph, heading, table, …: no list, no quote. ``source``: whatever whoever
    read it keeps with it."""

    node: Node
    item: Item | None = None
    quote: bool = False
    source: Any = None


def key(flat: Flat) -> bytes:
    """The same for what says the same; only paragraphs tell of which list or quote they are."""
    place: Any = None
    form = canon.form(flat.node)
    if flat.node.type == "paragraph" and (form[0] == "paragraph" or flat.item or flat.quote):
        item = flat.item
        place = [flat.quote, item and [item.kind, item.depth, item.checked]]
    return _encode([place, form])


# --- from a tree ----------------------------------------------------------------------------------


def flatten(nodes: Iterable[Node]) -> list[Flat]:
    """Footnotes are left out."""
    return list(_flat(nodes, None, -1, False))


def _flat(
    nodes: Iterable[Node], item: Item | None, depth: int, quote: bool
) -> Iterator[Flat]:  # fmt: skip
    for node in tree.blocks(list(nodes)):
        match node.type:
            case "bulletList" | "orderedList" | "taskList":
                yield from _list(node, depth + 1, quote)
            case "blockquote":
                yield from _flat(node.children, item, depth, True)
            case "footnote":
                continue
            case "listItem" | "taskItem" | "tableRow" | "tableCell" | "tableHeader":
                yield from _flat(node.children, item, depth, quote)
            case _:
                yield Flat(node, item, quote)


def _list(node: Node, depth: int, quote: bool) -> Iterator[Flat]:
    kind = _LISTS[node.type]
    number = tree.start(node)
    for part in tree.parts(node):
        blocks = list(tree.blocks(part.children))
        own = Item(kind, depth, id(node), tree.checked(part), number)
        more = Item("more", depth, id(node))
        number += 1
        if blocks and blocks[0].type == "paragraph":
            yield Flat(blocks[0], own, quote)
            blocks = blocks[1:]
        else:
            yield Flat(Node("paragraph"), own, quote)
        yield from _flat(blocks, more, depth, quote)


# --- to a tree ------------------------------------------------------------------------------------


def settle(flats: Sequence[Flat]) -> None:
    """Depths without gaps, as a tree has them; what goes on in no item is of no list."""
    levels: list[int] = []
    quote = False
    for flat in flats:
        item = flat.item
        if item is None or flat.quote != quote or flat.node.type != "paragraph":
            levels.clear()
        quote = flat.quote
        if item is None or flat.node.type != "paragraph":
            flat.item = None
            continue
        while levels and levels[-1] > item.depth:
            levels.pop()
        if item.kind == "more":
            if levels:
                item.depth = len(levels) - 1
            else:
                flat.item = None
            continue
        if not levels or levels[-1] < item.depth:
            levels.append(item.depth)
        item.depth = len(levels) - 1


def nest(flats: Sequence[Flat]) -> list[Node]:
    """Of settled ones."""
    made: list[Node] = []
    at = 0
    while at < len(flats):
        end = at + 1
        if flats[at].quote:
            while end < len(flats) and flats[end].quote:
                end += 1
            made.append(Node("blockquote", children=_nested(flats[at:end])))
        else:
            while end < len(flats) and not flats[end].quote:
                end += 1
            made += _nested(flats[at:end])
        at = end
    return made


def _nested(flats: Sequence[Flat]) -> list[Node]:
    made: list[Node] = []
    stack: list[tuple[Node, Any]] = []  # lists within one another, and which they are
    for flat in flats:
        item = flat.item
        if item is None:
            stack.clear()
            made.append(flat.node)
            continue
        if item.kind == "more":
            del stack[item.depth + 1 :]
            stack[-1][0].children[-1].children.append(flat.node)
            continue
        del stack[item.depth + 1 :]
        if len(stack) > item.depth and stack[-1][1] != (item.kind, item.list):
            stack.pop()
        if len(stack) <= item.depth:
            attrs = {"start": item.start} if item.kind == "ordered" and item.start != 1 else {}
            node = Node(_NODES[item.kind], attrs)
            (stack[-1][0].children[-1].children if stack else made).append(node)
            stack.append((node, (item.kind, item.list)))
        task = item.kind == "task"
        stack[-1][0].children.append(
            Node("taskItem" if task else "listItem", {"checked": item.checked} if task else {},
                 [flat.node])
        )  # fmt: skip
    return made
