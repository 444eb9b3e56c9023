"""What was delivered under client ids of others: it is said, not proven, to be theirs. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import itemgetter


class Relays:
    """Ranges of clocks per client id."""

    def __init__(self, known: Iterable[tuple[int, int, int]] = ()) -> None:
        self._ranges: dict[int, list[tuple[int, int]]] = {}
        for client, clock, length in known:
            self.add(client, clock, clock + length)

    def add(self, client: int, first: int, end: int) -> None:
        """Clocks from ``first`` to before ``end``; what is known already stays known."""
        ranges = self._ranges.setdefault(client, [])
        low = bisect_left(ranges, first, key=itemgetter(1))  # the first that ends here or later
        high = bisect_right(ranges, end, key=itemgetter(0))  # behind the last that begins here
        if low < high:
            first, end = min(first, ranges[low][0]), max(end, ranges[high - 1][1])
        ranges[low:high] = [(first, end)]

    def of(self, client: int) -> list[tuple[int, int]]:
        """``(first, end)``, ascending."""
        return self._ranges.get(client, [])

    def __bool__(self) -> bool:
        return bool(self._ranges)
