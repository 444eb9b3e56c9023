"""One connection's place in one thread: what it missed is read page by page, then it hears live.

Nothing is kept for it meanwhile: what is committed is in the log, and read from there. So a slow
reader or a database that is away costs no memory, and the feed goes on by itself afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from hub.rooms.outbox import Outbox
from hub.rooms.room import Room
from hub.storage import timeline
from hub.storage.pool import Database
from hub.wire import events as ev
from hub.wire.websocket import Outgoing

PAGE = 500
LARGE_PAGE = 50  # where events are large
AGAIN_S = 1.0

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


class Following:
    """Args:
    after: seq of the last event that the client has.
    send: takes frames that do not count as live traffic, then, live ones that do.
    """

    def __init__(
        self, room: Room, uid: str, after: int, database: Database, outbox: Outbox,
        send: Callable[..., None],
    ) -> None:  # fmt: skip
        self.room = room
        self._uid = uid
        self._after = after
        self._database = database
        self._outbox = outbox
        self._send = send
        self._limit = PAGE
        self._live = False
        self._open = True
        self._task: asyncio.Task[None] | None = None

    def offer(self, seq: int, frame: Outgoing) -> None:
        """An event that happened now. One that comes too early comes again, in its order: the
        room lacks something, and reads it."""
        if not self._live or seq != self._after + 1:
            return
        self._after = seq
        self._send(frame)

    def close(self) -> None:
        self._open = False
        if self._task is not None:
            self._task.cancel()

    async def first_page(self) -> list[ev.Event]:
        """What comes next of what was missed.

        Raises:
            HubError: the database cannot be read.
        """
        if self._after >= self.room.state.head:
            return []
        async with timeline.snapshot(self._database) as connection:
            page = await timeline.events_page(
                connection, self.room.thread, uid=self._uid, from_seq=self.room.since(self._uid),
                after=self._after, limit=min(self._limit, PAGE),
            )  # fmt: skip
        # Not beyond what the room knows: who may see that is not known yet.
        return [event for event in page if event.seq <= self.room.state.head]

    def begin(self, page: list[ev.Event]) -> None:
        """Send the first page, and go on from there."""
        self._send_page(page)
        if not self._caught_up():
            self._task = asyncio.create_task(self._catch_up(), name="catch up")

    async def _catch_up(self) -> None:
        while self._open and not self._caught_up():
            await self._outbox.half_empty()
            if self._outbox.ended is not None:
                return
            try:
                page = await self.first_page()
            except Exception as error:
                log.warning("a feed waits", thread=self.room.thread, reason=repr(error))
                await asyncio.sleep(AGAIN_S)
                continue
            self._send_page(page)

    def _caught_up(self) -> bool:
        """Whether everything there is was sent; then it hears live."""
        self._live = self._after >= self.room.state.head
        return self._live

    def _send_page(self, page: list[ev.Event]) -> None:
        if not self._open:
            return
        for event in page:
            if self._outbox.crowded:  # the rest is read again once there is room for it
                self._limit = LARGE_PAGE
                return
            self._send(_encode(event).decode(), counted=False)
            self._after = event.seq
        if not page and self._after < self.room.state.head:
            self._after = self.room.state.head  # nothing of it may be seen
