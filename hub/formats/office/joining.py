"""Blocks that both sides changed, merged block by block, row by row, item by item, and at last by
the words of a paragraph, with their marks. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hub.formats import canon, diff
from hub.formats.merging import Take, merge_blocks
from hub.formats.tree import Node

_TEXTS: Final = frozenset(("paragraph", "heading", "codeBlock"))
_CONTAINERS: Final = frozenset((
    "blockquote", "bulletList", "orderedList", "taskList", "listItem", "taskItem", "table",
    "tableRow", "tableCell", "tableHeader", "footnote",
))  # fmt: skip
_WORDS: Final = re.compile(r"\w+|\s|[^\w\s]")


def join(
    base: list[Node], mine: list[Node], other: list[Node], take: Take
) -> tuple[list[Node], int] | None:
    """As ``hub.formats.merging.Join``: what stands beside each other is taken from either side;
    where both changed as many blocks, these are joined one by one."""
    keys = [[canon.key(node, loose=True) for node in nodes] for nodes in (base, mine, other)]
    ours, theirs = diff.changes(keys[0], keys[1]), diff.changes(keys[0], keys[2])
    made: list[Node] = []
    conflicts = at = mine_at = other_at = 0
    for group in _groups(ours, theirs):
        same = group.start - at
        made += mine[mine_at : mine_at + same]
        mine_at, other_at = mine_at + same, other_at + same
        own = mine[mine_at : mine_at + group.mine]
        their = other[other_at : other_at + group.other]
        if group.both:
            found = _one_by_one(base[group.start : group.end], own, their, take)
            joined, left = found or (their if take == "theirs" else own, 1)
            made += joined
            conflicts += left
        else:
            made += their if group.theirs else own
        at, mine_at, other_at = group.end, mine_at + group.mine, other_at + group.other
    return made + mine[mine_at:], conflicts


class _Group(NamedTuple):
    """Blocks ``start`` to ``end`` of the base, which are so many on either side, and were changed
    on one of them, or on ``both``."""

    start: int
    end: int
    mine: int
    other: int
    theirs: bool
    both: bool


def _groups(ours: Sequence[diff.Change], theirs: Sequence[diff.Change]) -> Iterator[_Group]:
    """Changes of the two sides that lie over each other; those that only touch are apart."""
    left = sorted([(one, False) for one in ours] + [(one, True) for one in theirs])
    while left:
        taken = [left.pop(0)]
        start, end = taken[0][0].a, taken[0][0].a_end
        while left and (left[0][0].a < end or left[0][0].a == left[0][0].a_end == start == end):
            taken.append(left.pop(0))
            end = max(end, taken[-1][0].a_end)
        grown = {True: end - start, False: end - start}
        for one, side in taken:
            grown[side] += (one.b_end - one.b) - (one.a_end - one.a)
        sides = {side for _, side in taken}
        yield _Group(start, end, grown[False], grown[True], True in sides, len(sides) == 2)


def _one_by_one(
    base: list[Node], mine: list[Node], other: list[Node], take: Take
) -> tuple[list[Node], int] | None:
    if not len(base) == len(mine) == len(other):
        return None
    made: list[Node] = []
    conflicts = 0
    for was, ours, theirs in zip(base, mine, other, strict=True):
        found = _one(was, ours, theirs, take)
        if found is None:
            return None
        made.append(found[0])
        conflicts += found[1]
    return made, conflicts


def _one(was: Node, ours: Node, theirs: Node, take: Take) -> tuple[Node, int] | None:
    keys = [canon.key(node, loose=True) for node in (was, ours, theirs)]
    if keys[0] == keys[2] or keys[1] == keys[2]:
        return ours, 0
    if keys[0] == keys[1]:
        return theirs, 0
    if not was.type == ours.type == theirs.type:
        return None
    attrs, left = _attributes(was.attrs, ours.attrs, theirs.attrs, take)
    if ours.type in _TEXTS:
        children, conflicts = _words(was.children, ours.children, theirs.children, take)
        return Node(ours.type, attrs, children), conflicts + left
    if ours.type in _CONTAINERS:
        merged = merge_blocks(
            was.children, ours.children, theirs.children, take,
            lambda node: canon.key(node, loose=True), join,
        )  # fmt: skip
        children = list(ours.children)
        for one in reversed(merged.edits):
            children[one.start : one.end] = one.nodes
        return Node(ours.type, attrs, children), merged.conflicts + left
    return None


def _attributes(
    was: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], take: Take
) -> tuple[dict[str, Any], int]:
    made = dict(ours)
    conflicts = 0
    for name in {*was, *theirs}:
        if _same(was.get(name), theirs.get(name)) or _same(ours.get(name), theirs.get(name)):
            continue
        if not _same(was.get(name), ours.get(name)):
            conflicts += 1
            if take != "theirs":
                continue
        made[name] = theirs.get(name)
    return made, conflicts


def _same(one: Any, other: Any) -> bool:
    return bool(one == other)


def _words(
    was: Sequence[Node], ours: Sequence[Node], theirs: Sequence[Node], take: Take
) -> tuple[list[Node], int]:
    pieces = [_pieces(nodes) for nodes in (was, ours, theirs)]
    keys = [[(canon.encode(canon.runs([one])), one.text) for one in some] for some in pieces]
    made: list[Node] = []
    conflicts = 0
    for piece in diff.three_way(*keys):
        take_theirs = piece.theirs and not piece.ours
        if piece.theirs and piece.ours:
            conflicts += 1
            take_theirs = take == "theirs"
        made += pieces[2][piece.other] if take_theirs else pieces[1][piece.mine]
    return _joined(made), conflicts


def _pieces(nodes: Iterable[Node]) -> list[Node]:
    """Words, each a run of its own."""
    return [
        part
        for node in nodes
        for part in (
            [Node("text", text=word, marks=node.marks) for word in _WORDS.findall(node.text)]
            if node.type == "text" else [node]
        )
    ]  # fmt: skip


def _joined(nodes: Iterable[Node]) -> list[Node]:
    made: list[Node] = []
    for node in nodes:
        last = made[-1] if made else None
        if last and last.type == node.type == "text" and last.marks == node.marks:
            made[-1] = Node("text", text=last.text + node.text, marks=node.marks)
        else:
            made.append(node)
    return made
