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
from hub.rtc import rules
from hub.rtc.service import Calls, all_away, due
from hub.storage import calls as rows
from hub.storage.calls import Heard, Running
from hub.storage.pool import Database

LOOK_S: Final = 1.0
FORGET_S: Final = 60.0
START_S: Final = 30.0
"""After a start: all who were in have to connect anew, and some have waited long already."""
STALL_S: Final = 3.0
"""This process did nothing for so long: what was said to it meanwhile is not read yet."""
AT_ONCE: Final = 8

log = structlog.get_logger()


class Watch:
    def __init__(self, database: Database, calls: Calls, clock: Clock) -> None:
        self._database = database
        self._calls = calls
        self._clock = clock
        self._heard: dict[Heard, None] = {}
        self._soon = asyncio.Event()
        self._sure_at_s = 0.0
        self._looked_s = self._looked_ms = 0.0
        self._forget_at_s = 0.0
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._at_work: set[str] = set()
        self._was_away: set[str] = set()
        self._back_at_s: dict[str, float] = {}  # by thread: until then nobody is lost

    def heard(self, call: str, uid: str, device: str) -> None:
        """Somebody who is in a call spoke, from the device that is in."""
        self._heard[Heard(call, uid, device)] = None

    def soon(self) -> None:
        """Somebody is no member of a thread any more: look now, not only within a second."""
        self._soon.set()

    async def run(self) -> None:
        """Look every second, for ever."""
        async with asyncio.TaskGroup() as group:
            self._doubt(START_S)
            self._looked_s, self._looked_ms = self._clock.monotonic_s(), self._clock.now_ms()
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._soon.wait()
                self._soon.clear()
                try:
                    await self._look(group)
                except Exception as error:  # the next look may fare better
                    log.warning("calls wait", reason=repr(error))
                    self._doubt()

    def _doubt(self, for_s: float | None = None) -> None:
        """Nobody could be heard for a while: everybody gets the time to speak."""
        for_s = rules.LOST_MS / 1000 if for_s is None else for_s
        self._sure_at_s = max(self._sure_at_s, self._clock.monotonic_s() + for_s)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        now_s, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        if max(now_s - self._looked_s, (now_ms - self._looked_ms) / 1000) > STALL_S:
            self._doubt()
        self._looked_s, self._looked_ms = now_s, now_ms
        heard, self._heard = self._heard, {}
        async with self._database.acquire() as connection:
            if heard:
                await rows.heard(connection, sorted(heard))
            if now_s >= self._forget_at_s:
                self._forget_at_s = now_s + FORGET_S
                await rows.forget(connection)
            found = await rows.all_running(connection)
        self._note_who_is_away(found, now_s, now_ms)
        for one in found:
            sure = now_s >= max(self._sure_at_s, self._back_at_s.get(one.thread, 0.0))
            if one.thread not in self._at_work and due(one, now_ms, sure=sure):
                self._at_work.add(one.thread)
                group.create_task(self._end_what_is_over(one.thread, sure=sure))

    def _note_who_is_away(self, found: list[Running], now_s: float, now_ms: int) -> None:
        """Once the first of those who were all away is back, the others get the time to come."""
        away = {one.thread for one in found if all_away(one, now_ms)}
        until = now_s + rules.LOST_MS / 1000
        self._was_away, was = away, self._was_away
        back = {one.thread: until for one in found if one.thread in was - away}
        waited = {thread: at for thread, at in self._back_at_s.items() if at > now_s}
        self._back_at_s = waited | back

    async def _end_what_is_over(self, thread: str, *, sure: bool) -> None:
        try:
            async with self._turns:
                await self._calls.overdue(thread, sure=sure)
        except Exception as error:  # of one call; others go on
            log.warning("a call waits", thread=thread, reason=repr(error))
            self._doubt()
        finally:
            self._at_work.discard(thread)
