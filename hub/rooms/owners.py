"""Whose the Yjs client ids of one document are: single ones of stock clients, leased blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from hub.storage.documents import Owner


class Owners:
    def __init__(self) -> None:
        self._single: dict[int, str] = {}
        self._firsts: list[int] = []
        self._blocks: list[tuple[int, str]] = []  # (last, uid)
        self._bound: Counter[str] = Counter()
        self._unwritten: set[int] = set()

    @classmethod
    def of(cls, known: Iterable[Owner]) -> Owners:
        """As the log has them."""
        owners = cls()
        for one in known:
            if one.bound:
                owners.bind(one.first, one.uid)
                owners.confirm((one.first,))
            else:
                owners.lease(one.first, one.last, one.uid)
        return owners

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
        """How many ids of stock clients are a user's."""
        return self._bound[uid]

    def bind(self, client: int, uid: str) -> None:
        """A stock client's id belongs to ``uid`` from now on; what is owned stays. It does so for
        certain once the claim is in the log (``confirm``)."""
        if self.get(client) is None:
            self._single[client] = uid
            self._bound[uid] += 1
            self._unwritten.add(client)

    def confirm(self, clients: Iterable[int]) -> None:
        """The claim of bound ids is in the log."""
        self._unwritten.difference_update(clients)

    def unwritten(self, clients: Iterable[int], uid: str) -> list[int]:
        """Those of them that were bound to ``uid``, and whose claim may not be in the log."""
        if not self._unwritten:
            return []
        return [one for one in clients if one in self._unwritten and self._single[one] == uid]

    def lease(self, first: int, last: int, uid: str) -> None:
        """Ids ``first`` to ``last`` were given to ``uid``; what is owned stays."""
        if self.get(first) is not None:
            return
        index = bisect_right(self._firsts, first)
        self._firsts.insert(index, first)
        self._blocks.insert(index, (last, uid))
