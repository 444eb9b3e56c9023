"""Blocks that both sides changed, merged by the words of their Markdown. Pure."""

from __future__ import annotations

from hub.formats.markdown import reader, writer
from hub.formats.merging import Take, applied, merge
from hub.formats.tree import Node


def join(
    base: list[Node], mine: list[Node], other: list[Node], take: Take
) -> tuple[list[Node], int]:
    """As ``hub.formats.merging.Join``: lines first, then words."""
    texts = [writer.text_of(nodes) for nodes in (base, mine, other)]
    found = merge(texts[0], texts[1], texts[2], take)
    return reader.nodes_of(applied(texts[1], found.edits)), found.conflicts
