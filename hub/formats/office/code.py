"""Code of a file, a paragraph a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hub.formats.office.flat import Flat
from hub.formats.office.source import Piece
from hub.formats.tree import Node


def joined_code(flats: Iterable[Flat], *, apart: Callable[[Flat], bool]) -> list[Flat]:
    """Paragraphs of code that follow one another are one block.

    Args:
        apart: whether a paragraph is none with the one behind it.
    """
    found: list[Flat] = []
    lines: list[list[str]] = []
    for flat in flats:
        before = found[-1] if found else None
        code = flat.node.type == "codeBlock"
        if code and before and before.node.type == "codeBlock" and not apart(before):
            before.source.elements += flat.source.elements
            before.source.pieces += [Piece(Node("hardBreak")), *flat.source.pieces]
        else:
            found.append(flat)
            lines.append([])
        if code:
            lines[-1].append("".join(one.text for one in flat.node.children))
    for flat, code_lines in zip(found, lines, strict=True):
        if len(code_lines) > 1:
            flat.node = Node("codeBlock", {}, [Node("text", text="\n".join(code_lines))])
    return found
