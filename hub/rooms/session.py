"""One live connection: its commands, the rooms it follows, its open documents, its outbox.

Sans-transport: the endpoint hands it frames and drains its outbox. It holds no right of its own;
every command goes through the room's door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import msgspec
import structlog

from hub.bus.interface import Subscription
from hub.bus.messages import Message, Muted, ToSession, ToUser
from hub.errors import (
    BadRequest,
    Conflict,
    HubError,
    NotFound,
    RateLimited,
    TooLarge,
    Unavailable,
)
from hub.identity.service import Principal
from hub.ids import new_id
from hub.rooms import limits
from hub.rooms.access import Grounds, access
from hub.rooms.call_acts import CallActs
from hub.rooms.call_presence import SIGNAL, CallPresence
from hub.rooms.following import Following
from hub.rooms.opened import Opened, result_of
from hub.rooms.outbox import Outbox
from hub.rooms.permissions import Action, require
from hub.rooms.room import Room
from hub.rooms.services import Services
from hub.rooms.writes import Writes
from hub.storage import timeline
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire import reading
from hub.wire.api import DocumentInfo
from hub.wire.websocket import Outgoing

MARGIN_S = 60.0  # a commit may take so long to be announced

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


class Session:
    """``key`` names the connection on the wire. ``listen`` before the first frame."""

    def __init__(self, principal: Principal, outbox: Outbox, services: Services) -> None:
        self.key = new_id("c")
        self.principal = principal
        self.outbox = outbox
        self._services = services
        self._followings: dict[str, Following] = {}
        self._opened = Opened(services, self)
        self._acts = CallActs(services, self)
        self._in_call = CallPresence(services, self)
        self._entries: dict[str, ev.PresenceEntry] = {}
        self._writes = Writes(self._submit, self._accepted)
        self._signals = limits.Allowance(
            services.clock, limits.SIGNAL_BYTES_PER_S, limits.SIGNAL_BURST_BYTES
        )
        self._topics: list[Subscription] = []
        self._welcomed = False
        self._marked_s = services.clock.monotonic_s()
        outbox.on_full = self._opened.leave_behind
        outbox.on_drained = self._opened.resume
        services.connections.add(self)

    async def listen(self) -> None:
        """Hear what is for this user and this connection, then welcome it."""
        bus = self._services.bus
        for topic, on_gap in ((f"user:{self.uid}", self._missed), (f"session:{self.key}", None)):
            self._topics.append(await bus.subscribe(topic, self._on_message, on_gap))
        principal = self.principal
        self._services.people.add(self)
        welcome = ev.Welcome(
            session=self.key,
            uid=principal.uid,
            server_time=self._services.clock.now_ms(),
            expires_at=principal.expires_at_ms,
            scopes=sorted(principal.scopes) if principal.scopes is not None else None,
            people=self._services.people.revision,
            scanning=self._services.scanning,
        )
        self.send(_encode(welcome).decode())
        self._welcomed = True
        self._services.saving.add(self)

    @property
    def uid(self) -> str:
        return self.principal.uid

    # --- frames in --------------------------------------------------------------------------------

    def receive_text(self, text: str) -> Awaitable[float | None] | None:
        """Carry out a command and answer it; returns what the next frame must wait for.

        Raises:
            ProtocolError: no JSON object with an id; the connection must end.
        """
        try:
            command = reading.command(text)
        except reading.Unreadable as unreadable:
            self._reply_error(unreadable.id, unreadable.reason)
            return None
        if isinstance(command, cmd.CallAct):
            self._acts.act(command)
            return None
        if hasattr(command, "send_id"):
            # Waits for the disk: edits of documents and pings must not wait behind it.
            return self._writes.put(command)
        return self._answer(command)

    async def _answer(self, command: cmd.Command) -> None:
        try:
            await self._carry_out(command)
        except HubError as error:
            self._reply_error(command.id, error)
        except Exception:
            log.exception("a command failed", command=type(command).__name__)
            self._reply_error(command.id, HubError("The hub failed at this.", code="internal"))

    def receive_binary(self, frame: bytes) -> Awaitable[float | None] | None:
        """Hand a document its message; returns what the next frame must wait for.

        Raises:
            ProtocolError: malformed; the connection must end.
        """
        return self._opened.receive(frame)

    async def _submit(self, command: Any) -> Any:
        return await self._services.door.submit(self.principal, command)

    def _accepted(self, re: int, answer: ev.Accepted | HubError) -> None:
        self.answer(re, answer)

    # --- frames out (also what rooms and documents need of a connection) --------------------------

    def send(self, frame: Outgoing, *, counted: bool = True) -> None:
        self.outbox.put(frame, counted=counted)

    def send_event(self, thread: str, seq: int, frame: Outgoing) -> None:
        """An event of a thread; once, however many reasons there are to send it."""
        following = self._followings.get(thread)
        if following is None:
            self.send(frame)
        else:
            following.offer(seq, frame)

    def reply(self, re: int, result: Any = None) -> None:
        self.send(_encode(ev.Ok(re=re, result=result)).decode())

    def document_closed(self, info: DocumentInfo) -> None:
        self._opened.close_number(info.number)
        frame = ev.DocumentReset(info.document, info.number, "open")
        self.send(_encode(frame).decode())

    def refused(self, info: DocumentInfo, count: int, error: HubError) -> None:
        again = error.retry_after_s is not None
        frame = ev.Refused(info.document, info.number, count, error.code, error.detail, again)
        self.send(_encode(frame).decode())

    def answer(self, re: int, answer: Any | HubError) -> None:
        """The one answer to a command."""
        if isinstance(answer, HubError):
            self._reply_error(re, answer)
        else:
            self.reply(re, answer)

    def demoted(self) -> None:
        """The room has sent ``demoted``; open documents stay, for reading."""

    def call_changed(self, thread: str) -> None:
        """Who is in its call, or from where, is another thing than it was."""
        if (following := self._followings.get(thread)) is not None:
            self._in_call.changed(following.room)

    def call_taken_over(self, thread: str, call: ev.InCall) -> None:
        """Another connection of this user carries their part in a call."""
        self._in_call.taken_over(thread, call)

    def removed(self, thread: str) -> None:
        """No member any more: out of the room and of its documents."""
        self._unfollow(thread)
        self.send(_encode(ev.Removed(thread=thread)).decode())

    def end(self, reason: HubError) -> None:
        """The hub ends this connection; what is queued is still sent, then the reason."""
        self.outbox.put(
            _encode(
                ev.Closing(close_code=reason.close_code, code=reason.code, detail=reason.detail)
            ).decode()
        )
        self.outbox.end(reason)

    def close(self) -> None:
        """The connection is gone: leave everything."""
        self._writes.close()
        self._acts.close()
        self._opened.close_all()
        for thread in tuple(self._followings):
            self._unfollow(thread)
        self._services.inbox.end(self)
        self._services.people.discard(self)
        self._services.saving.discard(self)
        self._services.connections.discard(self)
        for topic in self._topics:
            topic.close()

    # --- commands ---------------------------------------------------------------------------------

    async def _carry_out(self, command: cmd.Command) -> None:
        rooms, library = self._services.rooms, self._services.library
        match command:
            case cmd.Ping():
                self.reply(command.id)
            case cmd.Auth():
                raise Conflict("This connection is signed in already.", code="already_signed_in")
            case cmd.WatchInbox():
                self.principal.require("read")
                await self._services.router.watch(self)
                self.reply(command.id)
            case cmd.Subscribe():
                await self._follow(command)
            case cmd.Unsubscribe():
                self._unfollow(command.thread)
                self.reply(command.id)
            case cmd.MarkRead():
                state = await self._services.door.mark_read(
                    self.principal, command.thread, command.seq, self.key
                )
                self.reply(command.id, state)
            case cmd.Typing():
                room = self.followed(command.thread)
                require(self.principal, room.role(self.uid), Action.WRITE)
                rooms.typing(command.thread, self.uid, self.key, command.on)
                self.reply(command.id)
            case cmd.Present():
                self.followed(command.thread)
                self._present(command.thread, state=command.state, document=command.document)
                self.reply(command.id)
            case cmd.PresentCall():
                self.reply(command.id, self._in_call.present(command))
            case cmd.MuteInCall():
                self._in_call.mute(command)
                self.reply(command.id)
            case cmd.Signal():
                await self._signal(command)
            case cmd.OpenDocument():
                live, grounds, role = await self._opened.open(command, self.principal)
                self.reply(command.id, result_of(live, command, role, grounds))
                self._opened.attach(live, role, grounds, lag=self.outbox.full)
            case cmd.CloseDocument():
                self._opened.close(command.document)
                self.reply(command.id)
            case cmd.LeaseClientIds():
                info = await library.info(command.document)
                async with rooms.hold(info.thread) as room:
                    role = room.role(self.uid)
                    require(self.principal, role, Action.READ)
                    # A reader may keep some for the day when the role changes.
                    editor = access(role, Grounds(self.principal.scopes, None), 0).edit
                    ids = await library.lease(
                        info, self.uid, command.count,
                        most=limits.MAX_LEASED if editor else limits.MAX_LEASED_BY_READER,
                    )  # fmt: skip
                self.reply(command.id, ev.Leased(ids))
            case _:
                raise BadRequest("There is no such command.", code="unknown_command")

    async def _follow(self, command: cmd.Subscribe) -> None:
        """Enter a room: the answer, what was missed, then the stream; no gap, no duplicate. When
        anything stands against it, all stays as it was."""
        others = self._followings.keys() - {command.thread}
        if len(others) >= limits.MAX_SUBSCRIPTIONS:
            raise RateLimited("Too many rooms on one connection.", code="too_many_rooms")
        services = self._services
        room = await services.rooms.take(command.thread)
        try:
            require(self.principal, room.role(self.uid), Action.READ)
            after = room.state.head if command.after is None else command.after
            if after > room.state.head:
                await self._require_known(command.thread, after)
            following = Following(room, self.uid, after, services.database, self.outbox, self.send)
            page = await following.first_page()
            role = room.role(self.uid)  # again: it was awaited
            require(self.principal, role, Action.READ)
        except BaseException:
            services.rooms.give_back(room)
            raise
        self._unfollow(command.thread)
        self._followings[command.thread] = following
        room.subscribers[self.key] = self
        self._entries.pop(room.thread, None)
        self._present(room.thread)
        present = list(room.presence.values())
        head = max(room.state.head, after)
        first = max(1, room.since(self.uid))
        self.reply(command.id, ev.SubscribeResult(head, first, role, present))  # type: ignore[arg-type]
        following.begin(page)

    async def _require_known(self, thread: str, seq: int) -> None:
        """Another process may have written what this room has not heard of yet.

        Raises:
            BadRequest: ``after_unknown``.
        """
        async with self._services.database.acquire() as connection:
            head = await timeline.head(connection, thread)
        if seq > head:
            raise BadRequest(
                f"The thread has no event {seq}: its last is {head}. Read it anew.",
                code="after_unknown",
            )

    def _unfollow(self, thread: str) -> None:
        following = self._followings.pop(thread, None)
        if following is None:
            return
        following.close()
        following.room.subscribers.pop(self.key, None)
        self._in_call.left(thread)
        self._entries.pop(thread, None)
        rooms = self._services.rooms
        rooms.present(thread, ev.PresenceEntry(self.key, self.uid), gone=True)
        rooms.give_back(following.room)

    def followed(self, thread: str) -> Room:
        """A room that this connection is in.

        Raises:
            NotFound: ``not_subscribed``.
        """
        following = self._followings.get(thread)
        if following is None:
            raise NotFound("Subscribe to the thread first.", code="not_subscribed")
        return following.room

    def present_call(self, thread: str, call: ev.InCall | None) -> None:
        """Tell the room how this connection is in its call."""
        self._present(thread, call=call)

    def _present(self, thread: str, **changes: Any) -> None:
        entry = self._entries.get(thread) or ev.PresenceEntry(self.key, self.uid)
        self._entries[thread] = msgspec.structs.replace(entry, **changes)
        self._services.rooms.present(thread, self._entries[thread])

    async def _signal(self, command: cmd.Signal) -> None:
        room = self.followed(command.thread)
        require(self.principal, room.role(self.uid), Action.SIGNAL)
        if len(command.payload) > limits.MAX_SIGNAL_BYTES:
            raise TooLarge("A signal is at most 64 KiB.", code="signal_too_large")
        if (entry := room.entry(command.to_session)) is None:
            raise NotFound("This connection is not in the room.", code="session_not_found")
        if command.kind == SIGNAL:
            self._in_call.require_may_signal(room, entry)
        frame = ev.SignalFrame(
            thread=command.thread,
            from_session=self.key,
            from_uid=self.uid,
            kind=command.kind,
            payload=command.payload,
        )
        bus, topic = self._services.bus, f"session:{command.to_session}"
        wait_s = self._signals.spend(len(command.payload))
        if bus.health.up or bus.hears(topic):
            bus.publish(topic, ToSession(command.to_session, _encode(frame).decode()))
            self.reply(command.id)
        else:
            away = Unavailable(
                "The process that serves this connection cannot be reached at the moment.",
                code="bus_down", retry_after_s=2,
            )  # fmt: skip
            self._reply_error(command.id, away)
        # Whoever sends much waits; who receives it is not to suffer.
        if wait_s:
            await asyncio.sleep(wait_s)

    # --- the bus ----------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        if not self._welcomed:
            return  # what it tells is read after the welcome
        if isinstance(message, ToUser):
            if message.except_session != self.key:
                self.send(message.frame)
        elif isinstance(message, Muted):
            self._in_call.muted(message)
        elif isinstance(message, ToSession) and not self.outbox.crowded:
            # Signals do not count as live traffic, and are not kept for who does not read.
            self.send(message.frame, counted=False)

    def _missed(self) -> None:
        """Something for this user was lost on the bus, nobody knows when: markers are told again
        that moved since they were last known."""
        before_s, self._marked_s = self._marked_s, self._services.clock.monotonic_s()
        self._services.router.remark(self, self._marked_s - before_s + MARGIN_S)

    def _reply_error(self, re: int, error: HubError) -> None:
        frame = ev.ErrorReply(
            re=re, code=error.code, detail=error.detail, retry_after_s=error.retry_after_s
        )
        self.send(_encode(frame).decode())
