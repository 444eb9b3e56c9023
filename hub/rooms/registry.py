"""The rooms of this process: each read once for everybody who asks, kept while somebody needs it.

A room hears its topic before it is read, so that nothing falls between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from hub.bus.interface import Bus, Subscription
from hub.bus.mailbox import Mailbox
from hub.bus.messages import (
    Message,
    PresenceAsked,
    PresenceChanged,
    PresenceSnapshot,
    TypingChanged,
    UploadMoved,
    VersionJudged,
    VersionPreviewed,
)
from hub.clock import Clock
from hub.errors import HubError, NotFound
from hub.rooms.background import Background
from hub.rooms.room import Room
from hub.storage import timeline
from hub.storage.pool import Database
from hub.wire import events as ev

PRESENCE_S = 10.0
LINGER_S = 5.0


class _Entry:
    def __init__(self) -> None:
        self.users = 0
        self.room: asyncio.Future[Room] = asyncio.get_running_loop().create_future()
        self.subscription: Subscription | None = None
        self.closed = False
        self.heard = 0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def loaded(self) -> Room | None:
        if self.room.done() and not self.room.cancelled() and self.room.exception() is None:
            return self.room.result()
        return None


class Registry:
    def __init__(self, database: Database, bus: Bus, clock: Clock, background: Background) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._background = background
        self._entries: dict[str, _Entry] = {}
        self.on_behind: Callable[[str], None] | None = None

    def __contains__(self, thread: str) -> bool:
        """Whether a room is open, or being read."""
        return thread in self._entries

    def heard(self, thread: str, seq: int) -> None:
        """An event of a room that is being read, perhaps as it was before; then ``on_behind`` is
        called once it is there."""
        if (entry := self._entries.get(thread)) is not None:
            entry.heard = max(entry.heard, seq)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Room]:
        """Rooms that are open."""
        return iter([room for one in self._entries.values() if (room := one.loaded) is not None])

    def get(self, thread: str) -> Room | None:
        """A room that is open."""
        entry = self._entries.get(thread)
        return entry.loaded if entry is not None else None

    # --- holding ----------------------------------------------------------------------------------

    async def take(self, thread: str) -> Room:
        """The room; ``give_back`` it.

        Raises:
            NotFound: ``thread_not_found``.
        """
        entry = self._entries.get(thread)
        if entry is None:
            entry = self._entries[thread] = _Entry()
            # Not in the caller's task: one who gives up must not take the others along.
            self._background.spawn(self._load(thread, entry), "load room")
        entry.users += 1
        try:
            return await asyncio.shield(entry.room)
        except BaseException:
            self._release(thread, entry)
            raise

    def give_back(self, room: Room) -> None:
        """Let go of a taken room; the last one out has it forgotten."""
        entry = self._entries.get(room.thread)
        if entry is not None and entry.loaded is room:
            self._release(room.thread, entry)

    @asynccontextmanager
    async def hold(self, thread: str) -> AsyncIterator[Room]:
        """A room for the length of a block."""
        room = await self.take(thread)
        try:
            yield room
        finally:
            self.give_back(room)

    def _release(self, thread: str, entry: _Entry) -> None:
        entry.users -= 1
        if entry.users == 0 and entry.timer is None:
            # Whoever posts without being in the room soon posts again.
            loop = asyncio.get_running_loop()
            entry.timer = loop.call_later(LINGER_S, self._let_go, thread, entry)

    def _let_go(self, thread: str, entry: _Entry) -> None:
        entry.timer = None
        if entry.users == 0:
            self._forget(thread, entry)

    def _forget(self, thread: str, entry: _Entry) -> None:
        entry.closed = True
        if entry.timer is not None:
            entry.timer.cancel()
        if self._entries.get(thread) is entry:
            del self._entries[thread]
        if entry.subscription is not None:
            entry.subscription.close()

    async def _load(self, thread: str, entry: _Entry) -> None:
        heard = Mailbox()
        try:
            entry.subscription = await self._bus.subscribe(f"room:{thread}", heard.put, heard.gap)
            async with timeline.snapshot(self._database) as connection:
                state = await timeline.room_state(connection, thread)
            if state is None:
                raise NotFound(
                    "There is no such thread, or you are no member.", code="thread_not_found"
                )
        except BaseException as error:
            # Whoever comes next tries anew; those who wait get this answer.
            self._forget(thread, entry)
            known = isinstance(error, HubError)
            entry.room.set_exception(
                error if known else HubError("The thread cannot be read.", code="unreadable")
            )
            entry.room.exception()
            if known:
                return
            raise
        if entry.closed:  # whoever asked is gone
            entry.subscription.close()
        room = Room(thread, state)
        entry.room.set_result(room)
        heard.open(lambda message: self._on_message(room, message), lambda: self._doubt(room))
        self._ask(thread)
        if entry.heard > state.head and self.on_behind is not None:
            self.on_behind(thread)

    # --- who is here ------------------------------------------------------------------------------

    def present(self, thread: str, entry: ev.PresenceEntry, *, gone: bool = False) -> None:
        """A connection to this process is in the room, changed, or went."""
        message = PresenceChanged(thread, self._bus.process, entry, gone)
        self._bus.publish(f"room:{thread}", message)

    def typing(self, thread: str, uid: str, session: str, on: bool) -> None:
        self._bus.publish(f"room:{thread}", TypingChanged(thread, uid, session, on))

    def arriving(self, thread: str, key: str, received: int, size: int) -> None:
        """More of an upload is here."""
        self._bus.publish(f"room:{thread}", UploadMoved(thread, key, received, size))

    def judged(self, thread: str, key: str, verdict: ev.Verdict, finding: str | None) -> None:
        """A scanner has looked at a version."""
        self._bus.publish(f"room:{thread}", VersionJudged(thread, key, verdict, finding))

    def previewed(self, thread: str, key: str, preview: ev.Preview) -> None:
        """The preview of a version was made."""
        self._bus.publish(f"room:{thread}", VersionPreviewed(thread, key, preview))

    async def run(self) -> None:
        """Say again and again who is here, and forget whom nobody speaks of any more."""
        while True:
            await asyncio.sleep(PRESENCE_S)
            for room in self:
                self._say(room)
                room.expire(self._clock.monotonic_s())

    def _doubt(self, room: Room) -> None:
        """Who is elsewhere may have been lost on the way here, and who is here on the way there."""
        self._ask(room.thread)
        self._say(room)

    def _ask(self, thread: str) -> None:
        self._bus.publish(f"room:{thread}", PresenceAsked(thread))

    def _say(self, room: Room) -> None:
        if entries := room.here(self._bus.process):
            snapshot = PresenceSnapshot(room.thread, self._bus.process, entries)
            self._bus.publish(f"room:{room.thread}", snapshot)

    def _on_message(self, room: Room, message: Message) -> None:
        if isinstance(message, PresenceChanged | PresenceSnapshot):
            own = message.process == self._bus.process
            until_s = None if own else self._clock.monotonic_s() + 3 * PRESENCE_S
            room.alive(message.process, until_s)
        if isinstance(message, PresenceChanged):
            room.set_presence(message.process, message.entry, message.gone)
        elif isinstance(message, PresenceSnapshot):
            room.take_snapshot(message.process, message.entries)
        elif isinstance(message, PresenceAsked):
            self._say(room)
        elif isinstance(message, TypingChanged):
            typing = ev.TypingState(thread=message.thread, uid=message.uid, on=message.on)
            room.send(typing, except_session=message.session)
        elif isinstance(message, VersionJudged):
            room.send(
                ev.VersionVerdict(
                    thread=message.thread, key=message.key, verdict=message.verdict,
                    finding=message.finding,
                )
            )  # fmt: skip
        elif isinstance(message, VersionPreviewed):
            room.send(
                ev.VersionPreview(
                    thread=message.thread, key=message.key, preview=message.preview
                )
            )  # fmt: skip
        elif isinstance(message, UploadMoved):
            room.send(
                ev.UploadProgress(
                    thread=message.thread, key=message.key, received=message.received,
                    size=message.size,
                )
            )  # fmt: skip
