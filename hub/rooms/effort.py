"""How long yrs might take over an update, at worst: counted before it is given to it. Pure.

yrs walks over what stands at the place of an insertion already, and copies the rest of a string
that is split. Editors' updates cost next to nothing of that; some are made to cost minutes, in
every browser too that gets them. The figures are measured ones, rounded up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from hub.wire.yupdate import GC, Id, Update

STRUCT_S: Final = 2e-6
WALK_S: Final = 2e-7
"""Past one insertion."""
COPY_S: Final = 2e-10
"""Of one byte."""
BYTES_A_BLOCK: Final = 16
"""Of an encoded state there is hardly a struct in less."""
FEW_BYTES: Final = 64
FEW: Final = 8
"""So many insertions and deletions are never taken for long ones: typing in a large document."""


def effort(update: Update, clocks: Mapping[int, int], size: int) -> float:
    """Seconds.

    Args:
        update: lacks nothing and repeats nothing.
        clocks, size: of the document; ``size`` in bytes of its state.
    """
    if len(update.data) <= FEW_BYTES:
        return 0.0
    structs = sum(map(len, update.structs.values()))
    ranges = sum(map(len, update.deletes.values()))
    if structs <= FEW and ranges <= FEW:
        return 0.0
    among_known, among_own, steps = _insertions(update, clocks, structs)
    among_known, ranges = max(0, among_known - FEW), max(0, ranges - FEW)
    walks = among_known * (size // BYTES_A_BLOCK + structs) + steps
    copies = (among_known + ranges) * size + among_own * len(update.data)
    return (structs + ranges) * STRUCT_S + walks * WALK_S + copies * COPY_S


def _insertions(update: Update, clocks: Mapping[int, int], structs: int) -> tuple[int, int, int]:
    """How many begin at a place of the document, where anything may stand; how many at one of the
    update's own where something was put before, for the first one there meets nothing; and past
    how many these walk."""
    among_known = among_own = steps = 0
    used: Counter[tuple[Id, bool]] = Counter()
    for some in update.structs.values():
        for struct in some:
            if struct.kind == GC:
                continue
            at = struct.origin or (struct.parent if struct.right is None else None)
            if not isinstance(at, tuple) or at[1] < clocks.get(at[0], 0):
                among_known += 1
                continue
            place = at, struct.origin is None
            if (there := used[place]) > 0:
                among_own += 1
                steps += there if struct.sub else structs
            used[place] = there + 1
    return among_known, among_own, steps
