"""What is known of the years to come moves on with them: series are followed again before the end
of what was worked out comes near.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from hub.clock import Clock
from hub.errors import HubError, Unavailable
from hub.jobs.queue import Jobs
from hub.mail.agenda import texts
from hub.mail.agenda.moments import AHEAD, digest, expand
from hub.mail.agenda.reminders import Reminders
from hub.storage import accounts, occurrences
from hub.storage.jobs import Job
from hub.storage.occurrences import Expansion, Stale, expansion
from hub.storage.pool import Database

HORIZON: Final = "horizon"
SOON: Final = timedelta(days=60)
EVERY_S: Final = 6 * 3600
PAGE: Final = 50

log = structlog.get_logger()


class Horizon:
    """One worker of the hub's at a time does it."""

    def __init__(
        self, database: Database, clock: Clock, jobs: Jobs, reminders: Reminders
    ) -> None:  # fmt: skip
        self._database = database
        self._reminders = reminders
        self._clock = clock
        self._jobs = jobs
        jobs.handle(HORIZON, self._extend, at_once=1)

    async def run(self) -> None:
        """Ask for it for ever, a few times a day."""
        while True:
            try:
                async with self._database.transaction() as connection:
                    await self._jobs.put(connection, HORIZON, "")
                self._jobs.wake()
            except Unavailable as away:
                log.warning("the horizon waits", reason=away.code)
            await asyncio.sleep(EVERY_S)

    async def _extend(self, job: Job) -> None:
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        after = ""
        while True:
            async with self._database.acquire() as connection:
                page = await occurrences.stale(connection, now + AHEAD - SOON, after, PAGE)
                people = await accounts.of_threads(connection, {one.thread for one in page})
            for one in page:
                members = people.get(one.thread, {})
                found = await asyncio.to_thread(_expanded, one.entry, one.ical, now, members)
                async with self._jobs.holding(job) as connection:
                    await self._write(connection, one, found)
            if len(page) < PAGE:
                return
            after = page[-1].entry

    async def _write(self, connection: Any, one: Stale, found: Expansion) -> None:
        """Unless it was changed meanwhile. Moments that came in sight are reminded of as well."""
        is_open = await occurrences.is_open_with(connection, one.entry, one.ical)
        if is_open is None:
            return
        await occurrences.write(connection, one.entry, digest(one.ical), found)
        await self._reminders.follow(connection, one.entry, is_open=is_open)


def _expanded(
    entry: str, ical: str, now: datetime, members: Mapping[str, str]
) -> Expansion:  # fmt: skip
    """What cannot be followed any more is shown nowhere, and not tried again until it is changed or
    the years have moved on."""
    try:
        return expand(texts.read(ical), now, members)
    except HubError as refused:
        log.warning("a series cannot be followed", entry=entry, reason=refused.code)
        return expansion([], now + AHEAD)
