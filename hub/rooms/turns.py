"""One slow thing at a time for each person: whoever has many takes the others no time."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Turns:
    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, uid: str) -> asyncio.Lock:
        """A user's turn; it is forgotten when nobody holds it or waits for it."""
        lock = self._locks.get(uid)
        if lock is None:
            lock = self._locks[uid] = asyncio.Lock()
        return lock
