"""Where what takes long is done: in one thread, or tried in a process, for one person at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, thread_time
from typing import TypeVar
from weakref import WeakValueDictionary

import structlog

from hub.errors import TooLarge
from hub.rooms import trial

T = TypeVar("T")


class Bill:
    """What a connection's update has cost; it is not read on before it has waited for that."""

    def __init__(self) -> None:
        self.seconds = 0.0


log = structlog.get_logger()


class Scholar:
    """One per process."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "study")
        self._trying = asyncio.Semaphore(1)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, uid: str) -> asyncio.Lock:
        """To be held by a user's work, so that whoever has much of it leaves the others their turn.
        It is forgotten when nobody holds it or waits for it."""
        lock = self._turns.get(uid)
        if lock is None:
            lock = self._turns[uid] = asyncio.Lock()
        return lock

    async def study(self, work: Callable[[], T], bill: Bill) -> T:
        """Do something in the thread."""

        def timed() -> T:
            started = thread_time()
            try:
                return work()
            finally:
                bill.seconds += thread_time() - started

        return await asyncio.get_running_loop().run_in_executor(self._thread, timed)

    async def attempt(self, work: Callable[[], list[bytes]], bill: Bill) -> None:
        """Try in a process to apply what ``work`` gives, a state and pieces of an update.

        Raises:
            TooLarge: ``update_too_complex``.
            Unavailable: ``busy``.
        """
        updates = await self.study(work, bill)
        async with self._trying:
            started = monotonic()
            try:
                await trial.attempt(updates)
            except TooLarge:
                sizes = [len(one) for one in updates[:8]]
                log.warning("an update was refused after a trial", bytes=sizes)
                raise
            finally:
                bill.seconds += monotonic() - started
