"""Surrogate pairs of a document's text, and which an update takes apart.

Clocks count UTF-16 units, so an edit can come to stand between the two halves of a character. Yjs
then turns both into U+FFFD, on every client and in every order; yrs, which holds UTF-8, miscounts
and the document is spoilt. So the hub finds the cut first and does as Yjs does. Pure.

Source: https://github.com/yjs/yjs src/structs/ContentString.js (splice).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from hub.wire.yupdate import Id, Struct, Update

_ASTRAL = re.compile(rb"[\xf0-\xf4]")


def may_hold_pairs(data: bytes) -> bool:
    """Whether bytes can hold a character of two UTF-16 units at all."""
    return _ASTRAL.search(data) is not None


def pairs_of(struct: Struct) -> list[int]:
    """Clocks at which a pair of a string begins."""
    text = struct.text
    if text is None or len(text) == struct.length:
        return []
    clocks = []
    clock = struct.clock
    for char in text:
        if char > "\uffff":
            clocks.append(clock)
            clock += 1
        clock += 1
    return clocks


class Pairs:
    """Where pairs begin, per client in ascending clock. Some may have been deleted since."""

    def __init__(self) -> None:
        self._clocks: dict[int, array[int]] = {}
        self._cut: set[Id] = set()

    def __bool__(self) -> bool:
        return bool(self._clocks)

    def __contains__(self, at: Id) -> bool:
        """Whether a pair that is still whole begins there."""
        clocks = self._clocks.get(at[0])
        if clocks is None or at in self._cut:
            return False
        index = bisect_left(clocks, at[1])
        return index < len(clocks) and clocks[index] == at[1]

    def add(self, client: int, structs: Iterable[Struct]) -> None:
        """Take in strings of a client, which must come in ascending clock."""
        for struct in structs:
            found = pairs_of(struct)
            if not found:
                continue
            clocks = self._clocks.setdefault(client, array("Q"))
            known = clocks[-1] if clocks else -1
            clocks.extend(clock for clock in found if clock > known)

    def hold_any(self, cuts: Iterable[Id]) -> bool:
        """Whether any of these pairs is the document's, and whole."""
        return any(at in self for at in cuts)

    def taken_apart(self, cuts: Iterable[Id]) -> None:
        """These are pairs no more."""
        self._cut.update(cuts)


def boundaries(update: Update) -> Iterator[Id]:
    """``(client, clock)``: something comes to stand, or ends, right before this clock."""
    for structs in update.structs.values():
        for struct in structs:
            if struct.origin is not None:
                yield struct.origin[0], struct.origin[1] + 1
            if struct.right is not None:
                yield struct.right
    for client, ranges in update.deletes.items():
        for clock, length in ranges:
            yield client, clock
            yield client, clock + length


def cuts(update: Update, pairs: Pairs) -> set[Id]:
    """Where the pairs begin, of the document or of the update itself, that it takes apart.

    Args:
        update: repeats nothing that the document holds.
    """
    if not pairs and not update.astral:
        return set()
    own: set[Id] = set()
    if update.astral:
        for client, structs in update.structs.items():
            own.update((client, clock) for struct in structs for clock in pairs_of(struct))
    return {
        at
        for client, clock in boundaries(update)
        if (at := (client, clock - 1)) in own or at in pairs
    }


def mended(update: Update, cut: set[Id]) -> dict[Id, list[int]]:
    """For the structs of an update that hold such pairs, the clocks at which they begin."""
    touched: dict[Id, list[int]] = {}
    if cut:
        for client, structs in update.structs.items():
            for struct in structs:
                if found := [clock for clock in pairs_of(struct) if (client, clock) in cut]:
                    touched[client, struct.clock] = found
    return touched
