"""All rooms of this process: commands come in here, events go out from here.

Loads a room once for everybody who asks, keeps it while somebody needs it, and follows the log
through the bus topic ``events``. Sessions, HTTP routes and the Yjs endpoint all enter by ``write``,
``hold`` or ``subscribe``; permissions are asked in these and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from hub.bus.interface import Bus, Subscription
from hub.bus.messages import EventCommitted, Message, PresenceChanged, ToUser, TypingChanged
from hub.errors import HubError, NotFound
from hub.identity.service import Principal
from hub.mail.threads import Threads, event_of, require_an_owner
from hub.rooms.background import Background
from hub.rooms.inbox import Inbox
from hub.rooms.library import Library
from hub.rooms.permissions import Action, action_of, may_write, require
from hub.rooms.room import Room
from hub.rooms.subscriber import Subscriber
from hub.storage import streams, timeline
from hub.storage.pool import Database
from hub.storage.writer import Committed, GroupCommitWriter
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire.visibility import target_of, veiled
from hub.wire.websocket import shared

if TYPE_CHECKING:
    from hub.rooms.session import Session

TOPIC = "events"
PAGE = 500

_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(ev.Event).decode


class _Entry:
    def __init__(self) -> None:
        self.users = 0
        self.room: asyncio.Future[Room] = asyncio.get_running_loop().create_future()
        self.early: list[ev.Event] = []  # arrived while the room was being read
        self.subscription: Subscription | None = None


class Rooms:
    def __init__(
        self, database: Database, writer: GroupCommitWriter, bus: Bus, threads: Threads,
        library: Library, background: Background,
    ) -> None:  # fmt: skip
        self.library = library
        self.inbox = Inbox()
        self._database = database
        self._writer = writer
        self._bus = bus
        self._threads = threads
        self._background = background
        self._entries: dict[str, _Entry] = {}
        self._subscription = bus.subscribe(TOPIC, self._on_event)

    @property
    def open(self) -> int:
        """How many rooms are in memory."""
        return len(self._entries)

    # --- rooms ------------------------------------------------------------------------------------

    async def take(self, thread: str) -> Room:
        """The room, read once however many ask; ``give_back`` it.

        Raises:
            NotFound: ``thread_not_found``.
        """
        entry = self._entries.get(thread)
        if entry is None:
            entry = self._entries[thread] = _Entry()
            entry.subscription = self._bus.subscribe(f"room:{thread}", self._on_room)
            # Not in the caller's task: one who gives up must not take the others along.
            self._background.spawn(self._load(thread, entry), "load room")
        entry.users += 1
        try:
            return await asyncio.shield(entry.room)
        except BaseException:
            self._release(thread, entry)
            raise

    def give_back(self, thread: str) -> None:
        """Let go of a taken room; the last one out has it forgotten."""
        self._release(thread, self._entries[thread])

    def _release(self, thread: str, entry: _Entry) -> None:
        entry.users -= 1
        if entry.users == 0:
            if self._entries.get(thread) is entry:
                del self._entries[thread]
            if entry.subscription is not None:
                entry.subscription.close()

    @asynccontextmanager
    async def hold(self, thread: str) -> AsyncIterator[Room]:
        """A room for the length of a block."""
        room = await self.take(thread)
        try:
            yield room
        finally:
            self.give_back(thread)

    async def _load(self, thread: str, entry: _Entry) -> None:
        try:
            async with timeline.snapshot(self._database) as connection:
                state = await timeline.room_state(connection, thread)
            if state is None:
                raise NotFound(
                    "There is no such thread, or you are no member.", code="thread_not_found"
                )
        except BaseException as error:
            known = isinstance(error, HubError)
            entry.room.set_exception(
                error if known else HubError("The thread cannot be read.", code="unreadable")
            )
            entry.room.exception()
            # Whoever comes next tries anew; those who wait get this answer.
            if self._entries.get(thread) is entry:
                del self._entries[thread]
            if known:
                return
            raise
        room = Room(thread, state)
        for event in entry.early:
            room.apply(event)
        entry.early.clear()
        entry.room.set_result(room)

    # --- writing ----------------------------------------------------------------------------------

    async def write(self, principal: Principal, command: Any) -> ev.Accepted:
        """Carry out a command that writes an event; returns once it is on disk.

        Raises:
            HubError: what stands against it; nothing was written then.
        """
        async with self.hold(command.thread) as room:
            action = action_of(command, principal.uid)
            require(principal, room.role(principal.uid), action)
            if isinstance(command, cmd.SetMember):
                async with room.member_lock:
                    committed = await self._write(principal, command, room, action)
            else:
                committed = await self._write(principal, command, room, action)
        document = None
        if committed.type == "document.create":
            document = msgspec.json.decode(committed.body)["document"]
        return ev.Accepted(
            seq=committed.seq,
            at=committed.at_ms,
            duplicate=committed.duplicate,
            document=document,
        )

    async def _write(
        self, principal: Principal, command: Any, room: Room, action: Action
    ) -> Committed:
        try:
            append = await self._threads.prepare(
                principal.uid, command, room.state, since=room.since(principal.uid)
            )
        except HubError:
            # It may stand against the command that it was carried out already.
            async with self._database.acquire() as connection:
                known = await streams.find(
                    connection, command.thread, principal.uid, command.send_id
                )
            if known is None:
                raise
            return Committed(
                command.thread, known["seq"], known["type"], principal.uid, known["at_ms"],
                command.send_id, known["body"] or b"", duplicate=True,
            )  # fmt: skip
        # Nothing is awaited between these checks and the append.
        require(principal, room.role(principal.uid), action)
        if isinstance(command, cmd.SetMember):
            require_an_owner(command, room.state)
        return await self._writer.append(append)

    def announce(self, events: list[Committed]) -> None:
        """The writer's ``on_commit``: tell every process."""
        for committed in events:
            event = event_of(committed)
            self._bus.publish(
                TOPIC, EventCommitted(event.thread, event.seq, _encode(event).decode())
            )

    async def mark_read(
        self, principal: Principal, thread: str, seq: int, session: str | None = None
    ) -> ev.ReadState:
        """Move the private marker; the user's other connections hear of it."""
        async with self.hold(thread) as room:
            require(principal, room.role(principal.uid), Action.READ)
            async with self._database.acquire() as connection:
                await timeline.mark_read(connection, thread, principal.uid, seq)
                state = await timeline.read_state(connection, thread, principal.uid)
        if state is None:
            raise NotFound("You are no member any more.", code="thread_not_found")
        self._bus.publish(
            f"user:{principal.uid}", ToUser(principal.uid, _encode(state).decode(), session)
        )
        return state

    # --- following --------------------------------------------------------------------------------

    async def subscribe(self, session: Session, command: cmd.Subscribe) -> None:
        """Enter a room: the answer, what was missed, then the stream; no gap, no duplicate."""
        session.unsubscribe(command.thread)
        room = await self.take(command.thread)
        try:
            role = room.role(session.uid)
            require(session.principal, role, Action.READ)
        except HubError:
            self.give_back(command.thread)
            raise
        head = room.state.head
        after = head if command.after is None else min(command.after, head)
        subscription = session.subscribed(room)
        room.sessions[session.key] = session
        self.present(room.thread, ev.PresenceEntry(session.key, session.uid))
        session.reply(
            command.id,
            ev.SubscribeResult(head, role, list(room.presence.values())),  # type: ignore[arg-type]
        )
        from_seq = room.since(session.uid)
        while after < head and subscription.open:
            async with timeline.snapshot(self._database) as connection:
                events = await timeline.events_page(
                    connection, room.thread, from_seq=from_seq, after=after, limit=PAGE
                )
            for event in events:
                session.send(_encode(event).decode())
            if not events:
                break
            after = events[-1].seq
            await session.outbox.half_empty()
        subscription.catch_up(max(after, head))

    async def watch_inbox(self, session: Session) -> None:
        """Follow the events of all the user's threads."""
        session.principal.require("read")
        if self.inbox.begin(session):
            async with self._database.acquire() as connection:
                threads = await timeline.threads_of(connection, session.uid)
            self.inbox.loaded(session.uid, threads)

    def present(self, thread: str, entry: ev.PresenceEntry, *, gone: bool = False) -> None:
        self._bus.publish(f"room:{thread}", PresenceChanged(thread, entry, gone))

    def typing(self, thread: str, session: Session, on: bool) -> None:
        self._bus.publish(f"room:{thread}", TypingChanged(thread, session.uid, session.key, on))

    # --- the bus ----------------------------------------------------------------------------------

    def _loaded(self, thread: str) -> Room | None:
        entry = self._entries.get(thread)
        if entry is None or not entry.room.done() or entry.room.exception() is not None:
            return None
        return entry.room.result()

    def _on_room(self, message: Message) -> None:
        if isinstance(message, PresenceChanged):
            if (room := self._loaded(message.thread)) is not None:
                room.set_presence(message.entry, message.gone)
        elif isinstance(message, TypingChanged) and (room := self._loaded(message.thread)):
            room.send(
                ev.TypingState(thread=message.thread, uid=message.uid, on=message.on),
                except_session=message.session,
            )

    def _on_event(self, message: Message) -> None:
        if not isinstance(message, EventCommitted):
            return
        thread = message.thread
        entry = self._entries.get(thread)
        if entry is None and not self.inbox.watched(thread) and "member.set" not in message.frame:
            return
        event = _decode_event(message.frame)
        member = event.data if event.type == "member.set" else None
        if member is not None and member["role"] is not None:
            self.inbox.joined(member["uid"], thread, event.seq)
        if event.type == "thread.history" and event.data is not None:
            self.inbox.history_changed(thread, event.data["history"])
        receivers = {one.key: one for one in self.inbox.watching(thread)}
        room = self._loaded(thread)
        before = None
        if room is not None:
            before = room.role(member["uid"]) if member is not None else None
            room.apply(event)
            receivers.update(room.sessions)
        elif entry is not None:
            entry.early.append(event)
        self._deliver(event, message.frame, room, receivers.values())
        if member is not None:
            self._role_changed(thread, member["uid"], before, member["role"], receivers)

    def _deliver(
        self, event: ev.Event, frame: str, room: Room | None, receivers: Iterable[Subscriber]
    ) -> None:
        """Each gets what they may see of it, encoded once."""
        whole, veil = shared(frame), None
        target = target_of(event.type, event.data)
        for one in receivers:
            seen = whole
            if target is not None:
                since = (
                    room.since(one.uid) if room is not None
                    else self.inbox.since(one.uid, event.thread)
                )  # fmt: skip
                if target < since:
                    seen = veil = veil or shared(_encode(veiled(event)).decode())
            one.send_event(event.thread, event.seq, seen)

    def _role_changed(
        self, thread: str, uid: str, before: str | None, role: str | None,
        receivers: dict[str, Subscriber],
    ) -> None:  # fmt: skip
        concerned = [session for session in receivers.values() if session.uid == uid]
        if role is None:
            self.inbox.left(uid, thread)
            for live, peer in self.library.peers(thread, uid):
                live.detach(peer)
                peer.document_closed(live.number, "closed")
            for session in concerned:
                session.removed(thread)
            return
        self.library.set_role(thread, uid, role)
        if may_write(before) and not may_write(role):
            frame = _encode(ev.Demoted(thread=thread, role=role)).decode()  # type: ignore[arg-type]
            for session in concerned:
                session.send(frame)
            for _, peer in self.library.peers(thread, uid):
                peer.demoted()
