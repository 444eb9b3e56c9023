"""What another version of a text, or of a rich document, brings into one that was changed
meanwhile. Pure.

Lines, or blocks, are compared first, then, where both changed the same ones, their words; where
both changed the same words it is a conflict, and whoever asked says whose stand there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Literal, NamedTuple

from hub.formats import diff
from hub.formats.tree import Node

Take = Literal["all", "ours", "theirs"]

_WORDS: Final = re.compile(r"\w+|\s|[^\w\s]")


class Edit(NamedTuple):
    """Characters ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


class Merge(NamedTuple):
    """``edits`` of ours, in order and apart; ``changes`` of theirs that they are; ``conflicts``:
    places where both had changed the same."""

    edits: list[Edit]
    changes: int
    conflicts: int


def merge(base: str, mine: str, other: str, take: Take) -> Merge:
    """What of ``other`` goes into ``mine``; both come from ``base``."""
    lines = [one.splitlines(keepends=True) for one in (base, mine, other)]
    edits: list[Edit] = []
    changes = conflicts = 0
    at = 0
    for piece in diff.three_way(*lines):
        was, ours, theirs = (
            "".join(lines[0][piece.base]), "".join(lines[1][piece.mine]),
            "".join(lines[2][piece.other]),
        )  # fmt: skip
        if piece.theirs:
            found = _words(was, ours, theirs, take) if piece.ours else None
            if found is None:
                found = Merge(_between(ours, theirs), 1, 0)
            edits += [Edit(at + one.start, at + one.end, one.text) for one in found.edits]
            changes += found.changes
            conflicts += found.conflicts
        at += len(ours)
    return Merge(edits, changes, conflicts)


class BlockEdit(NamedTuple):
    """Blocks ``start`` to ``end`` become ``nodes``."""

    start: int
    end: int
    nodes: list[Node]


class BlockMerge(NamedTuple):
    """As ``Merge``, of blocks."""

    edits: list[BlockEdit]
    changes: int
    conflicts: int


Join = Callable[[list[Node], list[Node], list[Node], Take], tuple[list[Node], int] | None]
"""``(base, mine, other, take)``: what blocks that both changed come to, and how many conflicts that
leaves; null where nothing can be said."""


def merge_blocks(
    base: Sequence[Node], mine: Sequence[Node], other: Sequence[Node], take: Take,
    key: Callable[[Node], Hashable], join: Join,
) -> BlockMerge:  # fmt: skip
    """What of ``other`` goes into ``mine``, block by block."""
    keys = [[key(node) for node in nodes] for nodes in (base, mine, other)]
    edits: list[BlockEdit] = []
    changes = conflicts = 0
    for piece in diff.three_way(*keys):
        if not piece.theirs:
            continue
        theirs, left = list(other[piece.other]), 0
        if piece.ours:
            ours = list(mine[piece.mine])
            joined = join(list(base[piece.base]), ours, theirs, take)
            theirs, left = joined or (theirs if take == "theirs" else ours, 1)
            conflicts += left
        if [key(node) for node in theirs] != keys[1][piece.mine]:
            edits.append(BlockEdit(piece.mine.start, piece.mine.stop, theirs))
            changes += 1
    return BlockMerge(edits, changes, conflicts)


def applied(text: str, edits: Sequence[Edit]) -> str:
    for one in reversed(edits):
        text = text[: one.start] + one.text + text[one.end :]
    return text


def _words(base: str, mine: str, other: str, take: Take) -> Merge:
    """The same, word by word, within lines that both changed."""
    words = [_WORDS.findall(one) for one in (base, mine, other)]
    edits: list[Edit] = []
    conflicts = changed = 0
    at = 0
    for piece in diff.three_way(*words):
        ours, theirs = "".join(words[1][piece.mine]), "".join(words[2][piece.other])
        if piece.theirs and piece.ours:
            conflicts += 1
        if piece.theirs and (not piece.ours or take == "theirs"):
            edits.append(Edit(at, at + len(ours), theirs))
            changed = 1
        at += len(ours)
    return Merge(edits, changed, conflicts)


def _between(before: str, after: str) -> list[Edit]:
    """From one to the other by its words: who has the caret in the line keeps it."""
    words, new = _WORDS.findall(before), _WORDS.findall(after)
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return [
        Edit(starts[one.a], starts[one.a_end], "".join(new[one.b : one.b_end]))
        for one in diff.changes(words, new)
    ]
