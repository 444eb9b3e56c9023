"""Whether an update fits a document: what it lacks, whose client ids it uses, what it repeats.

Pure: clocks and owners in, answers out. The document applies what is admitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from hub.wire.yupdate import SKIP, STRING, Struct, Update

LEASED_FROM: Final = 1 << 32
"""Ids below were chosen by stock Yjs clients at random and are bound at first use."""


def is_incomplete(update: Update, clocks: Mapping[int, int]) -> bool:
    """Whether something it rests upon is not here yet."""
    ends: dict[int, int] = {}
    for client, structs in update.structs.items():
        if structs[0].clock > clocks.get(client, 0):
            return True
        if any(struct.kind == SKIP for struct in structs):
            return True
        ends[client] = structs[-1].clock + structs[-1].length
    for client, need in update.needs.items():
        if need > max(clocks.get(client, 0), ends.get(client, 0)):
            return True
    for client, ranges in update.deletes.items():
        known = max(clocks.get(client, 0), ends.get(client, 0))
        if any(clock + length > known for clock, length in ranges):
            return True
    return False


def writers(update: Update, clocks: Mapping[int, int]) -> list[int]:
    """Client ids under which it brings something new."""
    return [
        client
        for client, structs in update.structs.items()
        if structs[-1].clock + structs[-1].length > clocks.get(client, 0)
    ]


def overlapping(update: Update, clocks: Mapping[int, int]) -> list[int]:
    """Client ids of which it repeats clocks that are known already."""
    return [
        client
        for client, structs in update.structs.items()
        if structs[0].clock < clocks.get(client, 0)
    ]


def contradicts(given: Iterable[Struct], known: Iterable[Struct]) -> bool:
    """Whether two accounts of one client's clocks tell different texts: the id was used twice.

    Structs may be split in different places, and deleted ones have lost their text; only where
    both sides still have a text is it compared, in UTF-16 units as Yjs counts.
    """
    mine = [(struct.clock, _units(struct)) for struct in known if struct.kind == STRING]
    at = 0
    for struct in given:
        if struct.kind != STRING:
            continue
        units = _units(struct)
        end = struct.clock + struct.length
        while at < len(mine) and mine[at][0] + len(mine[at][1]) // 2 <= struct.clock:
            at += 1
        for clock, other in mine[at:]:
            if clock >= end:
                break
            first = max(clock, struct.clock)
            last = min(clock + len(other) // 2, end)
            if (
                units[2 * (first - struct.clock) : 2 * (last - struct.clock)]
                != other[2 * (first - clock) : 2 * (last - clock)]
            ):
                return True
    return False


def _units(struct: Struct) -> bytes:
    return (struct.text or "").encode("utf-16-le")


def advance(update: Update, clocks: dict[int, int]) -> None:
    """Count what was applied."""
    for client, structs in update.structs.items():
        end = structs[-1].clock + structs[-1].length
        if end > clocks.get(client, 0):
            clocks[client] = end
