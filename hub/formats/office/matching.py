"""Which blocks of a file those of a document are. Pure."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from hub.formats import canon, diff, tree
from hub.formats.office.flat import Flat
from hub.formats.office.xml import Element


def same(had: Sequence[bytes], have: Sequence[bytes]) -> dict[int, int]:
    """By places of the second, which of the first they are, in order."""
    found: dict[int, int] = {}
    for match in diff.matches(had, have):
        found |= {match.b + at: match.a + at for at in range(match.size)}
    return found


def likest(tables: Sequence[Flat], flat: Flat) -> Flat:
    """The table that has most of its cells in common with one."""
    wanted = _cells(flat)
    return max(tables, key=lambda one: len(wanted & _cells(one)))


def _cells(table: Flat) -> set[bytes]:
    return {canon.key(cell) for row in tree.rows(table.node) for cell in row}


WHOLE: Final = frozenset(("image", "table", "opaqueBlock", "horizontalRule"))
"""Blocks that are copied as they are where they are there twice."""


def remember(
    known: dict[bytes, list[Element]], before: Sequence[Flat], had: Sequence[bytes],
    stay: Collection[int],
) -> None:  # fmt: skip
    """Keep of blocks what may be wanted again, as it is now: those that do not ``stay`` are
    written over."""
    for at, (flat, name) in enumerate(zip(before, had, strict=True)):
        if flat.node.type in WHOLE and name not in known:
            elements = flat.source.elements
            known[name] = elements if at in stay else copy.deepcopy(elements)


def moved(had: Sequence[bytes], have: Sequence[bytes], same: Mapping[int, int]) -> dict[int, int]:
    """New places of blocks that are elsewhere now."""
    kept = set(same.values())
    left: dict[bytes, list[int]] = defaultdict(list)
    for at, name in enumerate(had):
        if at not in kept:
            left[name].append(at)
    found = {}
    for at, name in enumerate(have):
        if at not in same and left.get(name):
            found[at] = left[name].pop(0)
    return found


def gaps(
    before: int, after: int, same: Mapping[int, int]
) -> Iterator[tuple[range, range, int | None]]:
    """What lies between blocks that are the same, and the one that follows it."""
    a = b = 0
    for at in sorted(same):
        yield range(a, same[at]), range(b, at), same[at]
        a, b = same[at] + 1, at + 1
    yield range(a, before), range(b, after), None
