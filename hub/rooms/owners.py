"""Whose the Yjs client ids of one document are: single ones of stock clients, leased blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter


class Owners:
    def __init__(self) -> None:
        self._single: dict[int, str] = {}
        self._firsts: list[int] = []
        self._blocks: list[tuple[int, str]] = []  # (last, uid)
        self._bound: Counter[str] = Counter()

    def get(self, client: int) -> str | None:
        """Whose a client id is; null for an id that nobody owns."""
        uid = self._single.get(client)
        if uid is not None:
            return uid
        index = bisect_right(self._firsts, client) - 1
        if index >= 0 and client <= self._blocks[index][0]:
            return self._blocks[index][1]
        return None

    def bound_to(self, uid: str) -> int:
        """How many single ids are a user's."""
        return self._bound[uid]

    def learn(self, first: int, last: int, uid: str) -> None:
        """Ids ``first`` to ``last`` belong to ``uid`` (the log says so); what is owned stays."""
        if self.get(first) is not None:
            return
        if first == last:
            self._single[first] = uid
            self._bound[uid] += 1
            return
        index = bisect_right(self._firsts, first)
        self._firsts.insert(index, first)
        self._blocks.insert(index, (last, uid))
