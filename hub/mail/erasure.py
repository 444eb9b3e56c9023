"""The eraser: takes deleted messages, and removed files, tasks and meetings away once nobody can
bring them back."""

from __future__ import annotations

import asyncio

import structlog

from hub.clock import Clock, to_datetime
from hub.errors import Unavailable
from hub.storage import attachments, entries
from hub.storage.erasure import erase_due
from hub.storage.pool import Database

# An undo accepted in its last moment may still wait for its commit (hub.storage.writer).
GRACE_MS = 15_000
INTERVAL_S = 5.0

log = structlog.get_logger()


class Eraser:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def erase(self) -> int:
        """Erase everything that is due; returns how many."""
        erased = 0
        while True:
            async with self._database.transaction() as connection:
                due = to_datetime(self._clock.now_ms() - GRACE_MS)
                count = await erase_due(connection, due)
                count += await attachments.erase_due(connection, due)
                count += await entries.erase_due(connection, due)
            erased += count
            if count == 0:
                return erased

    async def run(self) -> None:
        """Erase for ever, every few seconds."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self.erase()
            except Unavailable as away:
                log.warning("erasing waits", reason=away.code)
