"""One live connection: its commands, its subscriptions, its open documents, its outbox.

Sans-transport: the endpoint hands it frames and drains its outbox. It holds no right of its own;
every command goes through the room's door.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import msgspec
import structlog

from hub.bus.interface import Bus
from hub.bus.messages import Message, ToSession, ToUser
from hub.clock import Clock
from hub.errors import (
    BadRequest,
    Conflict,
    HubError,
    NotFound,
    ProtocolError,
    RateLimited,
    TooLarge,
)
from hub.identity.service import Principal
from hub.ids import new_id
from hub.rooms import limits
from hub.rooms.access import Grounds, access
from hub.rooms.connections import Connections
from hub.rooms.documents import LiveDocument
from hub.rooms.outbox import Outbox
from hub.rooms.permissions import Action, require
from hub.rooms.room import Room
from hub.rooms.rooms import Rooms
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire import frames
from hub.wire.websocket import Outgoing

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(cmd.AnyCommand).decode
_decode_id = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Subscription:
    """A session's place in one thread: events wait here until the missed ones are sent."""

    def __init__(self, session: Session, room: Room) -> None:
        self.room = room
        self.open = True
        self.last: int | None = None
        self._session = session
        self._waiting: list[tuple[int, Outgoing]] = []

    def offer(self, seq: int, frame: Outgoing) -> None:
        if self.last is None:
            self._waiting.append((seq, frame))
        elif seq > self.last:
            self.last = seq
            self._session.send(frame)

    def catch_up(self, last: int) -> None:
        """Everything up to ``last`` has been sent."""
        self.last = last
        for seq, frame in self._waiting:
            self.offer(seq, frame)
        self._waiting.clear()


class Session:
    """``key`` names the connection on the wire."""

    def __init__(
        self, principal: Principal, outbox: Outbox, rooms: Rooms, connections: Connections,
        bus: Bus, clock: Clock,
    ) -> None:  # fmt: skip
        self.key = new_id("c")
        self.principal = principal
        self.outbox = outbox
        self._rooms = rooms
        self._connections = connections
        self._bus = bus
        self._clock = clock
        self._subscriptions: dict[str, Subscription] = {}
        self._documents: dict[int, LiveDocument] = {}
        self._writes: asyncio.Queue[cmd.Command] = asyncio.Queue(limits.MAX_QUEUED_WRITES)
        self._writing: asyncio.Task[None] | None = None
        self._topics = [
            bus.subscribe(f"user:{principal.uid}", self._on_message),
            bus.subscribe(f"session:{self.key}", self._on_message),
        ]
        outbox.on_full = self._on_full
        outbox.on_drained = self._on_drained
        connections.add(self)
        self.send(
            _encode(
                ev.Welcome(
                    session=self.key,
                    uid=principal.uid,
                    server_time=clock.now_ms(),
                    expires_at=principal.expires_at_ms,
                    scopes=sorted(principal.scopes) if principal.scopes is not None else None,
                )
            ).decode()
        )

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
            command = _decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._reply_error(_command_id(text), BadRequest(str(error), code="bad_command"))
            return None
        if not hasattr(command, "send_id"):
            return self._answer(command)
        # Waits for the disk: edits of documents and pings must not wait behind it.
        if self._writing is None:
            self._writing = asyncio.create_task(self._carry_out_writes())
        if self._writes.full():
            return self._writes.put(command)
        self._writes.put_nowait(command)
        return None

    async def _carry_out_writes(self) -> None:
        """Carry out the commands that write events, in their order."""
        while not self._writes.empty():
            await self._answer(self._writes.get_nowait())
        self._writing = None

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
        kind, number, message = frames.split(frame)
        live = self._documents.get(number)
        if live is None:
            return None  # closed a moment ago
        if kind == frames.AWARENESS:
            live.receive_awareness(self, message)
            return None
        subtype, payload = frames.read_sync(message)
        return live.receive(self, subtype, payload)

    # --- frames out (also what a document needs of a peer) ----------------------------------------

    def send(self, frame: Outgoing, *, counted: bool = True) -> None:
        self.outbox.put(frame, counted=counted)

    def send_event(self, thread: str, seq: int, frame: Outgoing) -> None:
        """An event of a thread; once, however many reasons there are to send it."""
        subscription = self._subscriptions.get(thread)
        if subscription is None:
            self.send(frame)
        else:
            subscription.offer(seq, frame)

    def reply(self, re: int, result: Any = None) -> None:
        self.send(_encode(ev.Ok(re=re, result=result)).decode())

    def document_closed(self, number: int, reason: str) -> None:
        self._close_document(number)
        self.send(_encode(ev.DocumentReset(number=number, reason=reason)).decode())  # type: ignore[arg-type]

    def refused(self, number: int, count: int, error: HubError) -> None:
        frame = ev.Refused(number=number, count=count, code=error.code, detail=error.detail)
        self.send(_encode(frame).decode())

    def demoted(self) -> None:
        """The room has sent ``demoted``; open documents stay, for reading."""

    def removed(self, thread: str) -> None:
        """No member any more: out of the room and of its documents."""
        self.unsubscribe(thread)
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
        if self._writing is not None:
            self._writing.cancel()
        for number in tuple(self._documents):
            self._close_document(number)
        for thread in tuple(self._subscriptions):
            self.unsubscribe(thread)
        self._rooms.inbox.end(self)
        self._connections.discard(self)
        for topic in self._topics:
            topic.close()

    # --- rooms ------------------------------------------------------------------------------------

    def subscribed(self, room: Room) -> Subscription:
        subscription = self._subscriptions[room.thread] = Subscription(self, room)
        return subscription

    def unsubscribe(self, thread: str) -> None:
        subscription = self._subscriptions.pop(thread, None)
        if subscription is None:
            return
        subscription.open = False
        subscription.room.sessions.pop(self.key, None)
        self._rooms.present(thread, ev.PresenceEntry(self.key, self.uid), gone=True)
        self._rooms.give_back(thread)

    async def _carry_out(self, command: cmd.Command) -> None:
        match command:
            case cmd.Ping():
                self.reply(command.id)
            case cmd.Auth():
                raise Conflict("This connection is signed in already.", code="already_signed_in")
            case cmd.WatchInbox():
                await self._rooms.watch_inbox(self)
                self.reply(command.id)
            case cmd.Subscribe():
                if len(self._subscriptions) >= limits.MAX_SUBSCRIPTIONS:
                    raise RateLimited("Too many rooms on one connection.", code="too_many_rooms")
                await self._rooms.subscribe(self, command)
            case cmd.Unsubscribe():
                self.unsubscribe(command.thread)
                self.reply(command.id)
            case cmd.MarkRead():
                state = await self._rooms.mark_read(
                    self.principal, command.thread, command.seq, self.key
                )
                self.reply(command.id, state)
            case cmd.Typing():
                room = self._room(command.thread)
                require(self.principal, room.role(self.uid), Action.WRITE)
                self._rooms.typing(command.thread, self, command.on)
                self.reply(command.id)
            case cmd.Present():
                self._room(command.thread)
                entry = ev.PresenceEntry(self.key, self.uid, command.state, command.document)
                self._rooms.present(command.thread, entry)
                self.reply(command.id)
            case cmd.Signal():
                self._signal(command)
                self.reply(command.id)
            case cmd.OpenDocument():
                await self._open_document(command)
            case cmd.CloseDocument():
                for number, live in tuple(self._documents.items()):
                    if live.info.document == command.document:
                        self._close_document(number)
                self.reply(command.id)
            case cmd.LeaseClientIds():
                info = await self._rooms.library.info(command.document)
                async with self._rooms.hold(info.thread) as room:
                    role = room.role(self.uid)
                    require(self.principal, role, Action.READ)
                    # A reader may keep some for the day when the role changes.
                    editor = access(role, Grounds(self.principal.scopes, None), 0).edit
                    ids = await self._rooms.library.lease(
                        info, self.uid, command.count,
                        most=limits.MAX_LEASED if editor else limits.MAX_LEASED_BY_READER,
                    )  # fmt: skip
                self.reply(command.id, ev.Leased(ids))
            case _:
                self.reply(command.id, await self._rooms.write(self.principal, command))

    def _room(self, thread: str) -> Room:
        subscription = self._subscriptions.get(thread)
        if subscription is None:
            raise NotFound("Subscribe to the thread first.", code="not_subscribed")
        return subscription.room

    def _signal(self, command: cmd.Signal) -> None:
        room = self._room(command.thread)
        require(self.principal, room.role(self.uid), Action.SIGNAL)
        if len(command.payload) > limits.MAX_SIGNAL_BYTES:
            raise TooLarge("A signal is at most 64 KiB.", code="signal_too_large")
        if command.to_session not in room.presence:
            raise NotFound("This connection is not in the room.", code="session_not_found")
        frame = ev.SignalFrame(
            thread=command.thread,
            from_session=self.key,
            from_uid=self.uid,
            kind=command.kind,
            payload=command.payload,
        )
        self._bus.publish(
            f"session:{command.to_session}",
            ToSession(command.to_session, _encode(frame).decode()),
        )

    # --- documents --------------------------------------------------------------------------------

    async def _open_document(self, command: cmd.OpenDocument) -> None:
        if len(self._documents) >= limits.MAX_DOCUMENTS:
            raise RateLimited("Too many documents on one connection.", code="too_many_documents")
        info = await self._rooms.library.info(command.document)
        self._close_document(info.number)
        room = await self._rooms.take(info.thread)
        try:
            require(self.principal, room.role(self.uid), Action.READ)
            live = await self._rooms.library.take(info)
        except BaseException:
            self._rooms.give_back(info.thread)
            raise
        role = room.role(self.uid)  # again: it may have changed while the document was read
        if role is None or info.number in self._documents:
            self._rooms.library.give_back(live)
            self._rooms.give_back(info.thread)
            require(self.principal, role, Action.READ)
            raise Conflict("The document is being opened already.", code="already_open")
        grounds = Grounds(self.principal.scopes, command.schema_version)
        editable = access(role, grounds, info.schema_version).edit
        self._documents[info.number] = live
        self.reply(
            command.id,
            ev.OpenResult(
                number=info.number,
                lineage=info.lineage,
                kind=info.kind,
                schema_version=info.schema_version,
                mode="edit" if editable else "read",
                reset=command.lineage not in (None, info.lineage),
                state_bytes=len(live.state()),
                owners=live.caret_owners(),
            ),
        )
        live.attach(self, role, grounds, stock=False)
        if self.outbox.full:
            live.leave_behind(self)

    def _close_document(self, number: int) -> None:
        live = self._documents.pop(number, None)
        if live is not None:
            live.detach(self)
            self._rooms.library.give_back(live)
            self._rooms.give_back(live.info.thread)

    def _on_full(self) -> None:
        for live in self._documents.values():
            live.leave_behind(self)

    def _on_drained(self) -> None:
        for live in self._documents.values():
            live.resume(self)

    # --- the bus ----------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        if isinstance(message, ToUser):
            if message.except_session != self.key:
                self.send(message.frame)
        elif isinstance(message, ToSession):
            self.send(message.frame)

    def _reply_error(self, re: int, error: HubError) -> None:
        frame = ev.ErrorReply(
            re=re, code=error.code, detail=error.detail, retry_after_s=error.retry_after_s
        )
        self.send(_encode(frame).decode())


def _command_id(text: str | bytes) -> int:
    """The id of a command that cannot be read otherwise.

    Raises:
        ProtocolError: there is none to answer to.
    """
    try:
        id_: int = msgspec.json.decode(_decode_id(text)["id"], type=int)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        raise ProtocolError("A text frame is no command.", code="bad_command") from error
    return id_
