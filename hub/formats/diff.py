"""What two sequences have in common, and three-way merges built on that. Pure.

Sequences are trimmed at both ends, parted at what stands in both exactly once (patience), and only
the small rest is compared closely: it stays quick where a plain comparison takes the square of the
length, and its answers are the ones that people expect of a diff. A large rest with few changes is
compared by their number (E. Myers, An O(ND) difference algorithm, 1986).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

CLOSELY: Final = 1_000_000
"""Items of one times items of the other that are compared closely."""
QUICKLY: Final = 10_000
"""The same, up to which nothing quicker is tried first."""
FEW: Final = 60
MAX_CHANGED: Final = 1000
MAX_STEPS: Final = 4_000_000
"""Of a large rest; where more has changed, nothing of it matches."""


class Match(NamedTuple):
    """``size`` items from ``a`` of the first and from ``b`` of the second are the same."""

    a: int
    b: int
    size: int


class Change(NamedTuple):
    """Items ``a`` to ``a_end`` of the first stand as ``b`` to ``b_end`` in the second."""

    a: int
    a_end: int
    b: int
    b_end: int


def matches(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[Match]:
    """Runs that are the same in both, in order, apart from each other."""
    found: list[Match] = []
    stack = [(0, len(first), 0, len(second))]
    while stack:
        a, a_end, b, b_end = stack.pop()
        head = 0
        while a + head < a_end and b + head < b_end and first[a + head] == second[b + head]:
            head += 1
        if head:
            found.append(Match(a, b, head))
            a, b = a + head, b + head
        tail = 0
        while a < a_end - tail and b < b_end - tail and (
            first[a_end - tail - 1] == second[b_end - tail - 1]
        ):  # fmt: skip
            tail += 1
        if tail:
            a_end, b_end = a_end - tail, b_end - tail
            found.append(Match(a_end, b_end, tail))
        if a == a_end or b == b_end:
            continue
        anchors = _unique(first, a, a_end, second, b, b_end)
        if anchors:
            before = a, b
            for at, other in anchors:
                stack.append((before[0], at, before[1], other))
                found.append(Match(at, other, 1))
                before = at + 1, other + 1
            stack.append((before[0], a_end, before[1], b_end))
        elif (a_end - a) * (b_end - b) > QUICKLY and (
            few := _by_changes(first, a, a_end, second, b, b_end, FEW)
        ):
            found += few
        elif (a_end - a) * (b_end - b) <= CLOSELY:
            matcher = SequenceMatcher(None, first[a:a_end], second[b:b_end], autojunk=False)
            found += [
                Match(a + one.a, b + one.b, one.size)
                for one in matcher.get_matching_blocks()
                if one.size
            ]
        else:
            found += _by_changes(first, a, a_end, second, b, b_end, MAX_CHANGED)
    found.sort()
    return _joined(found)


def changes(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[Change]:
    """What is different, in order."""
    found: list[Change] = []
    a = b = 0
    for match in [*matches(first, second), Match(len(first), len(second), 0)]:
        if a < match.a or b < match.b:
            found.append(Change(a, match.a, b, match.b))
        a, b = match.a + match.size, match.b + match.size
    return found


def _unique(
    first: Sequence[Hashable], a: int, a_end: int, second: Sequence[Hashable], b: int, b_end: int
) -> list[tuple[int, int]]:
    """Places of what stands in both exactly once, the longest line of them that is in order."""
    counts = Counter(first[a:a_end])
    others = Counter(second[b:b_end])
    places = {
        item: at
        for at in range(b, b_end)
        if others[item := second[at]] == 1 and counts.get(item) == 1
    }
    if not places:
        return []
    pairs = [(at, places[item]) for at in range(a, a_end) if (item := first[at]) in places]
    tails: list[int] = []  # the least end of a line of each length
    ends: list[int] = []  # which pair that is
    before: list[int] = []
    for index, (_, other) in enumerate(pairs):
        length = bisect_left(tails, other)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [other]
        ends[length : length + 1] = [index]
    line: list[tuple[int, int]] = []
    index = ends[-1]
    while index >= 0:
        line.append(pairs[index])
        index = before[index]
    return line[::-1]


def _by_changes(
    first: Sequence[Hashable], a: int, a_end: int,
    second: Sequence[Hashable], b: int, b_end: int, most: int,
) -> list[Match]:  # fmt: skip
    """The shortest way from one to the other, if it is of at most so many changes."""
    width, height = a_end - a, b_end - b
    reached = {1: 0}  # by diagonal (x - y): the furthest x
    ways: list[dict[int, int]] = []
    steps = 0
    for changed in range(most + 1):
        ways.append(dict(reached))
        for diagonal in range(-changed, changed + 1, 2):
            x = _from(reached, diagonal, changed)
            began = x
            while (
                x < width
                and 0 <= x - diagonal < height
                and first[a + x] == second[b + x - diagonal]
            ):
                x += 1
            steps += x - began + 1
            reached[diagonal] = x
            if x >= width and x - diagonal >= height:
                return _way_back(ways, a, b, width, height)
        if steps > MAX_STEPS:
            break
    return []


def _from(reached: dict[int, int], diagonal: int, changed: int) -> int:
    """Where a diagonal begins after one change more."""
    down = diagonal == -changed or (
        diagonal != changed and reached[diagonal - 1] < reached[diagonal + 1]
    )
    return reached[diagonal + 1] if down else reached[diagonal - 1] + 1


def _way_back(
    ways: Sequence[dict[int, int]], a: int, b: int, width: int, height: int
) -> list[Match]:
    found: list[Match] = []
    x, y = width, height
    for changed in range(len(ways) - 1, -1, -1):
        reached, diagonal = ways[changed], x - y
        began = _from(reached, diagonal, changed) if changed else 0
        if x > began:
            found.append(Match(a + began, b + began - diagonal, x - began))
        if changed:
            down = diagonal == -changed or (
                diagonal != changed and reached[diagonal - 1] < reached[diagonal + 1]
            )
            x, y = (began, began - diagonal - 1) if down else (began - 1, began - diagonal)
    return found[::-1]


def _joined(found: Sequence[Match]) -> list[Match]:
    joined: list[Match] = []
    for one in found:
        last = joined[-1] if joined else None
        if last and (last.a + last.size, last.b + last.size) == (one.a, one.b):
            joined[-1] = last._replace(size=last.size + one.size)
        else:
            joined.append(one)
    return joined


# --- three ways -----------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A stretch of a three-way comparison: ranges in the base, in ours and in theirs. ``ours`` and
    ``theirs`` say who changed it; both, and not in the same way: they are in conflict."""

    base: slice
    mine: slice
    other: slice
    ours: bool
    theirs: bool


def three_way(
    base: Sequence[Hashable], mine: Sequence[Hashable], other: Sequence[Hashable]
) -> list[Piece]:
    """All of the three, in order, in stretches that somebody changed or nobody did. What both did
    in the same way is not theirs any more: there is nothing to take over."""
    mine_at, other_at = _aligned(base, mine), _aligned(base, other)
    pieces: list[Piece] = []
    at = m = o = 0
    end = len(base)
    while at <= end:
        # As far as base, mine and theirs go on together.
        same = at
        while same < end and mine_at[same] == m + same - at and other_at[same] == o + same - at:
            same += 1
        if same > at:
            size = same - at
            pieces.append(
                Piece(slice(at, same), slice(m, m + size), slice(o, o + size), False, False)
            )
            at, m, o = same, m + size, o + size
        # To the next item of the base that stands in all three.
        stop = at
        while stop < end and (mine_at[stop] < 0 or other_at[stop] < 0):
            stop += 1
        m_end = mine_at[stop] if stop < end else len(mine)
        o_end = other_at[stop] if stop < end else len(other)
        if (at, m, o) != (stop, m_end, o_end):
            was, ours, theirs = base[at:stop], mine[m:m_end], other[o:o_end]
            by_me, by_them = list(ours) != list(was), list(theirs) != list(was)
            if by_me and by_them and list(ours) == list(theirs):
                by_them = False
            pieces.append(Piece(slice(at, stop), slice(m, m_end), slice(o, o_end), by_me, by_them))
        if stop == end:
            break
        at, m, o = stop, m_end, o_end
    return pieces


def _aligned(base: Sequence[Hashable], other: Sequence[Hashable]) -> list[int]:
    """For each item of the base where it stands in the other, or -1."""
    at = [-1] * len(base)
    for match in matches(base, other):
        for index in range(match.size):
            at[match.a + index] = match.b + index
    return at
