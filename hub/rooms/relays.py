"""What was delivered under client ids of others: it is said, not proven, to be theirs. Pure."""

from __future__ import annotations

from collections.abc import Iterable


class Relays:
    """Ranges of clocks per client id."""

    def __init__(self, known: Iterable[tuple[int, int, int]] = ()) -> None:
        self._ranges: dict[int, list[tuple[int, int]]] = {}
        for client, clock, length in known:
            self.add(client, clock, clock + length)

    def add(self, client: int, first: int, end: int) -> None:
        """Clocks of one client come in ascending order; what is known already is passed over."""
        ranges = self._ranges.setdefault(client, [])
        if ranges and ranges[-1][1] >= first:
            first, end = ranges[-1][0], max(end, ranges[-1][1])
            ranges.pop()
        ranges.append((first, end))

    def of(self, client: int) -> list[tuple[int, int]]:
        """``(first, end)``, ascending."""
        return self._ranges.get(client, [])

    def __bool__(self) -> bool:
        return bool(self._ranges)
