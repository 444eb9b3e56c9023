"""What waits for a clock that is missing, found again when that clock has come. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Kept in the order of arrival."""

    def __init__(self) -> None:
        self._items: dict[int, tuple[T, Mapping[int, int]]] = {}
        self._by_client: dict[int, list[tuple[int, int]]] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter([item for item, _ in self._items.values()])

    def put(self, missing: Mapping[int, int], item: T) -> None:
        """Keep something until one of these clocks (by client) has come."""
        number = next(self._numbers)
        self._items[number] = item, missing
        self._index(number, missing)

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
        return [self._items.pop(number)[0] for number in sorted(numbers) if number in self._items]

    def take(self, wanted: Callable[[T], bool]) -> list[T]:
        """Take out what is wanted, whatever it waits for."""
        if not self._items:
            self._by_client.clear()
            return []
        taken = [number for number, (item, _) in self._items.items() if wanted(item)]
        if not taken:
            return []
        found = [self._items.pop(number)[0] for number in taken]
        self._by_client.clear()  # of what went before, too
        for number, (_, missing) in self._items.items():
            self._index(number, missing)
        return found

    def _index(self, number: int, missing: Mapping[int, int]) -> None:
        for client, clock in missing.items():
            heappush(self._by_client.setdefault(client, []), (clock, number))
