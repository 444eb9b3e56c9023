"""Time in calls: who is heard of is kept; who is not any more has left; a ring comes to its end.

Every process looks at all calls; what two find is written once, since the call has moved for the
second.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import structlog

from hub.clock import Clock
from hub.errors import HubError
from hub.rtc import rules
from hub.rtc.service import Calls
from hub.storage import calls as rows
from hub.storage.calls import Heard, Running
from hub.storage.pool import Database

LOOK_S: Final = 1.0
FORGET_S: Final = 60.0

log = structlog.get_logger()


class Watch:
    def __init__(self, database: Database, calls: Calls, clock: Clock) -> None:
        self._database = database
        self._calls = calls
        self._clock = clock
        self._heard: dict[tuple[str, str], Heard] = {}
        self._soon = asyncio.Event()
        self._sure_at_s = 0.0
        self._forget_at_s = 0.0

    def heard(self, call: str, uid: str, device: str) -> None:
        """Somebody who is in a call spoke, from the device that is in."""
        self._heard[call, uid] = Heard(call, uid, device)

    def soon(self) -> None:
        """Somebody is no member of a thread any more."""
        self._soon.set()

    async def run(self) -> None:
        """Look every second, for ever."""
        self._doubt()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._soon.wait()
            self._soon.clear()
            try:
                await self._look()
            except HubError as error:
                log.warning("calls wait", reason=error.code)
                self._doubt()

    def _doubt(self) -> None:
        """Nobody could be heard for a while: everybody gets the time to speak."""
        self._sure_at_s = self._clock.monotonic_s() + rules.LOST_MS / 1000

    async def _look(self) -> None:
        heard, self._heard = self._heard, {}
        now_s = self._clock.monotonic_s()
        async with self._database.acquire() as connection:
            if heard:
                await rows.heard(connection, sorted(heard.values()))
            if now_s >= self._forget_at_s:
                self._forget_at_s = now_s + FORGET_S
                await rows.forget(connection)
            found = await rows.all_running(connection)
        for one in found:
            await self._end_what_is_over(one, sure=now_s >= self._sure_at_s)

    async def _end_what_is_over(self, one: Running, *, sure: bool) -> None:
        now = self._clock.now_ms()
        inside = one.call.who("in")
        ages = one.silent_ms if sure else dict.fromkeys(inside, 0)
        heard = {uid: now - ages[uid] for uid in inside if uid in ages}
        if not rules.overdue(one.call, now, heard, one.members):
            return
        try:
            await self._calls.overdue(one.thread, one.call.call, heard, one.members)
        except HubError as error:
            log.warning("a call waits", thread=one.thread, reason=error.code)
