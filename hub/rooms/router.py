"""From the log to whoever follows: each event once and in order, to rooms and to inboxes.

The bus rings, the log is the truth. An event that comes out of order, a hole in what the bus
brings, a database that was away, and every few seconds the poll: then what is missing is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from hub.bus.interface import Bus
from hub.bus.messages import EventCommitted, Message, StreamCommitted
from hub.errors import HubError
from hub.mail.threads import event_of
from hub.rooms.background import Background
from hub.rooms.documents import topic_of
from hub.rooms.inbox import Inbox
from hub.rooms.library import Library
from hub.rooms.permissions import may_write
from hub.rooms.poll import Poll
from hub.rooms.registry import Registry
from hub.rooms.subscriber import Subscriber
from hub.storage import timeline
from hub.storage.pool import Database
from hub.storage.timeline import Membership
from hub.storage.writer import CLAIM, UPDATES, Committed
from hub.wire import events as ev
from hub.wire.visibility import shown_to, target_of, veiled
from hub.wire.websocket import shared

TOPIC = "events"
MEMBERS_EVERY = 12  # polls
PAGE = 500

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ev.Event).decode


class Router:
    """Attributes:
    on_removed: called each time that somebody is no member any more, of a thread that somebody
        here follows.
    """

    def __init__(
        self, database: Database, bus: Bus, rooms: Registry, inbox: Inbox, library: Library,
        background: Background,
    ) -> None:  # fmt: skip
        self._database = database
        self._bus = bus
        self._rooms = rooms
        self._inbox = inbox
        self._library = library
        self._background = background
        self._filling: dict[str, bool] = {}  # thread → whether to look once more
        self._poll = Poll("threads", self._look)
        self._polls = 0
        self._doubted = False
        self.on_removed: Callable[[], None] | None = None
        rooms.on_behind = self.fill

    async def start(self) -> None:
        """Begin to hear."""
        await self._bus.subscribe(TOPIC, self._on_message, self.look)

    # --- saying -----------------------------------------------------------------------------------

    def announce(self, committed: list[Committed]) -> None:
        """The writer's ``on_commit``: tell every process."""
        for one in committed:
            if one.type == CLAIM:
                row = StreamCommitted("", one.seq, claim=one.body)
                self._bus.publish(topic_of(one.stream_id), row)
            elif one.type not in UPDATES:  # of those their live document tells
                event = event_of(one)
                frame = _encode(event).decode()
                self._bus.publish(TOPIC, EventCommitted(event.thread, event.seq, frame))

    # --- hearing ----------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        if not isinstance(message, EventCommitted):
            return
        followed = message.thread in self._rooms or self._inbox.watched(message.thread)
        # Somebody who watches may join a thread that nobody follows yet.
        if followed or "member.set" in message.frame:
            self._take(_decode(message.frame), message.frame)

    def _take(self, event: ev.Event, frame: str | None = None) -> None:
        """The next event for whoever has had all before it; the others read what is missing."""
        thread = event.thread
        self._note(event)
        room, before = self._rooms.get(thread), None
        if room is None:
            self._rooms.heard(thread, event.seq)
        here: list[Subscriber] = []
        watching: list[Subscriber] = []
        by_room = by_inbox = missing = False
        if room is not None and event.seq > room.state.head:
            if event.seq == room.state.head + 1:
                by_room = True
                if event.type == "member.set" and event.data is not None:
                    before = room.role(event.data["uid"])
                room.apply(event)
                here = list(room.subscribers.values())
            else:
                missing = True
        if self._inbox.watched(thread) and event.seq > self._inbox.head(thread):
            if event.seq == self._inbox.head(thread) + 1:
                by_inbox = True
                self._inbox.advance(thread, event.seq)
                known = {one.key for one in here}
                watching = [one for one in self._inbox.watching(thread) if one.key not in known]
            else:
                missing = True
        if room is not None:
            self._deliver(event, frame, here, room.since)
        self._deliver(event, frame, watching, partial(self._inbox.since, thread))
        if by_room and event.type.startswith("call."):
            for one in here:
                one.call_changed(thread)
        if event.type == "member.set" and event.data is not None:
            uid, role = event.data["uid"], event.data["role"]
            if by_room or (by_inbox and room is None):
                self._role_changed(thread, uid, before, role, [*here, *watching])
            if by_inbox and role is None:
                self._inbox.left(uid, thread)
        if missing:
            self.fill(thread)

    def _note(self, event: ev.Event) -> None:
        """Who watches the thread from now on."""
        thread, data = event.thread, event.data
        if data is None or (
            self._inbox.watched(thread) and event.seq != self._inbox.head(thread) + 1
        ):
            return
        if event.type == "member.set" and data["role"] is not None:
            room = self._rooms.get(thread)
            history = room.state.history if room is not None else "joined"
            since = Membership(data["uid"], thread, event.seq, history, event.seq - 1)
            self._inbox.joined(since)
        elif event.type == "thread.history":
            self._inbox.history_changed(thread, data["history"])

    def _deliver(
        self, event: ev.Event, frame: str | None, receivers: list[Subscriber],
        since: Callable[[str], int],
    ) -> None:  # fmt: skip
        """Each gets what they may see of it, encoded once."""
        whole = veil = None
        target, shown = target_of(event.type, event.data), shown_to(event.data)
        for one in receivers:
            if target is not None and target < since(one.uid) and one.uid not in shown:
                seen = veil = veil or shared(_encode(veiled(event)).decode())
            else:
                seen = whole = whole or shared(frame or _encode(event).decode())
            one.send_event(event.thread, event.seq, seen)

    def _role_changed(
        self, thread: str, uid: str, before: str | None, role: str | None,
        receivers: list[Subscriber],
    ) -> None:  # fmt: skip
        """What it means for the user's connections, followers of the thread or not."""
        concerned = [one for one in receivers if one.uid == uid]
        if role is None:
            for live, peer in self._library.peers(thread, uid):
                live.detach(peer)
                peer.document_closed(live.info)
            for one in concerned:
                one.removed(thread)
            if self.on_removed is not None:
                self.on_removed()
            return
        self._library.set_role(thread, uid, role)
        if may_write(before) and not may_write(role):
            frame = _encode(ev.Demoted(thread=thread, role=role)).decode()  # type: ignore[arg-type]
            for one in concerned:
                one.send(frame)
            for _, peer in self._library.peers(thread, uid):
                peer.demoted()

    async def watch(self, subscriber: Subscriber) -> None:
        """Let a connection follow the events of all its user's threads."""
        if self._inbox.begin(subscriber):
            async with self._database.acquire() as connection:
                threads = await timeline.memberships(connection, [subscriber.uid])
            self._inbox.loaded(subscriber.uid, threads)
            self._poll.soon()  # for what happened while they were read

    def remark(self, subscriber: Subscriber, within_s: float) -> None:
        """Markers of this user may have moved unheard in the last seconds: tell them again."""
        self._background.spawn(self._remark(subscriber, within_s), "tell markers again")

    async def _remark(self, subscriber: Subscriber, within_s: float) -> None:
        async with self._database.acquire() as connection:
            states = await timeline.moved_marks(connection, subscriber.uid, within_s)
        for state in states:
            subscriber.send(_encode(state).decode())

    # --- what is missing --------------------------------------------------------------------------

    def look(self) -> None:
        """Something may have been missed: look at everything that is followed, soon."""
        self._doubted = True
        self._poll.soon()

    async def run(self) -> None:
        """The poll behind the bell, for ever."""
        await self._poll.run()

    async def _look(self) -> None:
        """Who is a member of what is read more rarely: that takes time by the threads of all who
        watch, and is missed only where the bus is."""
        members, self._doubted = self._doubted or self._polls % MEMBERS_EVERY == 0, False
        try:
            await self._read(members=members)
        except BaseException:
            self._doubted = self._doubted or members
            raise
        self._polls += 1

    async def _read(self, *, members: bool) -> None:
        known = {room.thread: room.state.head for room in self._rooms}
        for thread, head in self._inbox.heads().items():
            known[thread] = min(head, known.get(thread, head))
        documents = self._library.heads()
        if not known and not documents and not self._inbox.people:
            return
        async with self._database.acquire() as connection:
            ahead = await timeline.ahead(connection, {**known, **documents})
            people = self._inbox.people if members else []
            joined = await timeline.memberships(connection, people) if people else []
        for one in joined:
            if self._inbox.watched(one.thread) and one.head == self._inbox.head(one.thread):
                self._inbox.history_changed(one.thread, one.history)
            room = self._rooms.get(one.thread)
            heads = [room.state.head] if room is not None else []
            if self._inbox.watched(one.thread):
                heads.append(self._inbox.head(one.thread))
            if one.head < max(heads, default=0):
                continue  # read before what has been heard since
            if not self._inbox.watches(one.uid, one.thread):
                self._inbox.joined(one._replace(head=one.since - 1))
                ahead.add(one.thread)
        for stream in ahead:
            if stream in documents:
                self._library.read_on(stream)
            else:
                self.fill(stream)

    def fill(self, thread: str) -> None:
        """Read on in a thread, for those who have not had everything."""
        if thread in self._filling:
            self._filling[thread] = True
            return
        self._filling[thread] = False
        self._background.spawn(self._fill(thread), "read on in a thread")

    async def _fill(self, thread: str) -> None:
        try:
            while True:
                self._filling[thread] = False
                after = self._behind(thread)
                if after is None:
                    return
                async with timeline.snapshot(self._database) as connection:
                    page = await timeline.events_page(
                        connection, thread, uid=None, from_seq=0, after=after, limit=PAGE
                    )
                for event in page:
                    self._take(event)
                if not page and not self._filling[thread]:
                    return
        except HubError as error:
            log.warning("a thread waits", thread=thread, reason=error.code)
            self._poll.soon()
        finally:
            self._filling.pop(thread, None)

    def _behind(self, thread: str) -> int | None:
        """The last event that all who follow a thread have had."""
        heads = []
        if (room := self._rooms.get(thread)) is not None:
            heads.append(room.state.head)
        if self._inbox.watched(thread):
            heads.append(self._inbox.head(thread))
        return min(heads, default=None)
