"""What waits for a clock that is missing, found again when that clock has come. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Kept in the order of arrival."""

    def __init__(self) -> None:
        self._items: dict[int, T] = {}
        self._by_client: dict[int, list[tuple[int, int]]] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._items.values()))

    def put(self, missing: Mapping[int, int], item: T) -> None:
        """Keep something until one of these clocks (by client) has come."""
        number = next(self._numbers)
        self._items[number] = item
        for client, clock in missing.items():
            heappush(self._by_client.setdefault(client, []), (clock, number))

    def due(self, clients: Iterable[int], clocks: Mapping[int, int]) -> list[T]:
        """Take out, in the order of arrival, what waited for clocks of these clients that are
        known now."""
        numbers = set()
        for client in clients:
            heap = self._by_client.get(client)
            while heap and heap[0][0] < clocks.get(client, 0):
                numbers.add(heappop(heap)[1])
            if heap is not None and not heap:
                del self._by_client[client]
        return [item for number in sorted(numbers) if (item := self._items.pop(number, None))]

    def discard(self, item: T) -> None:
        """Take something out, whatever it waits for."""
        for number, one in self._items.items():
            if one is item:
                del self._items[number]
                return

    def clear(self) -> None:
        self._items.clear()
        self._by_client.clear()
