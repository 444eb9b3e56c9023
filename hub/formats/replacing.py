"""Words of a live document that somebody wants others for, found again by what stands around them.

People replace at the same time, and while others type: places are not told by numbers, which would
have moved, but by the words before and behind them. What is not there any more as it was seen is
left alone: what somebody else has replaced is not replaced again. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

AROUND: Final = 32
"""Characters on each side that tell a place."""


class Replacement(msgspec.Struct, frozen=True):
    """``old`` words, between ``before`` and ``after`` (fewer than ``AROUND`` characters at the ends
    of a text), become ``new``: of all that stand so, ``of`` in number, the ``nth``, from 0 on."""

    old: str
    new: str
    before: str
    after: str
    nth: int
    of: int


class Place(NamedTuple):
    """Characters ``start`` to ``end`` of a text become ``new``."""

    text: int
    start: int
    end: int
    new: str


def places(texts: Sequence[str], wanted: Sequence[Replacement]) -> list[Place]:
    """Where these words are, in the order of the texts, none over another.

    Args:
        texts: that follow one another; no word goes over their ends.
    """
    asked: dict[str, list[Replacement]] = defaultdict(list)
    for one in wanted:
        if one.old:
            asked[one.old].append(one)
    found: list[Place] = []
    for old, some in asked.items():
        there: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for number, start in _occurrences(texts, old):
            there[_around(texts[number], start, start + len(old))].append((number, start))
        for one in some:
            alike = there.get((one.before, one.after), [])
            if len(alike) == one.of and 0 <= one.nth < one.of:
                number, start = alike[one.nth]
                found.append(Place(number, start, start + len(old), one.new))
    kept: list[Place] = []
    for place in sorted(found):
        if not kept or place.text > kept[-1].text or place.start >= kept[-1].end:
            kept.append(place)
    return kept


def _occurrences(texts: Sequence[str], old: str) -> Iterator[tuple[int, int]]:
    for number, text in enumerate(texts):
        start = text.find(old)
        while start >= 0:
            yield number, start
            start = text.find(old, start + len(old))


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    return text[max(0, start - AROUND) : start], text[end : end + AROUND]
