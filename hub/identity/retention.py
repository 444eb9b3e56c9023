"""Forgetting sign-ins, tokens and links that ended long ago, notices that were seen, and attempts
soon; never accounts, never logs."""

from __future__ import annotations

import asyncio

import structlog

from hub.clock import Clock, to_datetime
from hub.errors import Unavailable
from hub.storage import attempts, links, reminders, sessions
from hub.storage.pool import Database

KEEP_DAYS = 90
DAY_MS = 86_400_000
INTERVAL_S = 3600.0
ATTEMPTS_S = 300.0
FULL_MS = 600_000
PAGE = 10_000

log = structlog.get_logger()


class Retention:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def forget(self) -> int:
        """Delete what ended more than ``KEEP_DAYS`` ago; returns how many rows."""
        before = to_datetime(self._clock.now_ms() - KEEP_DAYS * DAY_MS)
        async with self._database.acquire() as connection:
            return sum(
                [
                    await sessions.forget(connection, before),
                    await sessions.forget_tokens(connection, before),
                    await links.forget(connection, before),
                    await reminders.forget(connection, before),
                ]
            )

    async def forget_attempts(self) -> None:
        """Delete the buckets that nobody has drawn from since they were full: strangers choose
        their keys, so there must not be a day's of them."""
        before = self._clock.now_ms() - FULL_MS
        async with self._database.acquire() as connection:
            while await attempts.forget(connection, before, PAGE) == PAGE:
                pass

    async def run(self) -> None:
        """Forget for ever, now and every hour; attempts every few minutes."""
        due_s = 0.0
        while True:
            try:
                await self.forget_attempts()
                if (now_s := self._clock.monotonic_s()) >= due_s:
                    await self.forget()
                    due_s = now_s + INTERVAL_S
            except Unavailable as away:
                log.warning("forgetting waits", reason=away.code)
            await asyncio.sleep(ATTEMPTS_S)
