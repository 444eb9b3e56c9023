"""Footnotes of a document: they stand behind its blocks, in the order in which these refer to them.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hub.formats.office.flat import Flat, nest
from hub.formats.tree import Node


def references(nodes: Sequence[Node]) -> Iterator[str]:
    """The ids of footnotes that are referred to, in order, each as often as it is."""
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if node.type == "footnoteReference":
            yield str(node.attrs.get("id"))
        stack += reversed(node.children)


def with_notes(nodes: Sequence[Node], notes: Mapping[str, Sequence[Flat]]) -> list[Node]:
    """Blocks, and behind them the footnotes that they refer to.

    Args:
        notes: what each holds.
    """
    return [*nodes, *(
        Node("footnote", {"id": name}, nest(notes[name]) or [Node("paragraph")])
        for name in dict.fromkeys(references(nodes)) if name in notes
    )]  # fmt: skip
