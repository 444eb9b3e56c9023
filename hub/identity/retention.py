"""Forgetting sign-ins, tokens and links that ended long ago, and yesterday's attempts; never
accounts, never logs."""

from __future__ import annotations

import asyncio

import structlog

from hub.clock import Clock, to_datetime
from hub.errors import Unavailable
from hub.storage import attempts, links, sessions
from hub.storage.pool import Database

KEEP_DAYS = 90
DAY_MS = 86_400_000
INTERVAL_S = 3600.0

log = structlog.get_logger()


class Retention:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def forget(self) -> int:
        """Delete what ended more than ``KEEP_DAYS`` ago; returns how many rows."""
        before = to_datetime(self._clock.now_ms() - KEEP_DAYS * DAY_MS)
        async with self._database.acquire() as connection:
            await attempts.forget(connection, self._clock.now_ms() - DAY_MS)
            return sum(
                [
                    await sessions.forget(connection, before),
                    await sessions.forget_tokens(connection, before),
                    await links.forget(connection, before),
                ]
            )

    async def run(self) -> None:
        """Forget for ever, now and every hour."""
        while True:
            try:
                await self.forget()
            except Unavailable as away:
                log.warning("forgetting waits", reason=away.code)
            await asyncio.sleep(INTERVAL_S)
