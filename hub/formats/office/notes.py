"""Footnotes of a document: they stand behind its blocks, in the order in which these refer to them.
Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.formats.tree import Node


def referred(nodes: Sequence[Node]) -> list[str]:
    """The ids of footnotes in the order in which they are referred to."""
    found: dict[str, None] = {}
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if node.type == "footnoteReference":
            found[str(node.attrs.get("id"))] = None
        stack += reversed(node.children)
    return list(found)
