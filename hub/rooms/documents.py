"""A live document: the one place where updates of people meet, are admitted and become durable.

An update is checked (``hub.rooms.admission``), given to the writer, applied, relayed at once, and
acknowledged to its sender when it is on disk. Everything here is synchronous but loading and
parsing large updates, so nothing comes between reading and writing the document. It never
decides who may open it.

pycrdt's traps (held GIL, lost pending structs, PanicException) are dealt with here, nowhere else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import structlog
from pycrdt import Doc

from hub.bus.interface import Bus
from hub.bus.messages import CaretsRelayed, Message, UpdateRelayed
from hub.clock import Clock
from hub.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    HubError,
    ProtocolError,
    TooLarge,
    Unavailable,
)
from hub.rooms import admission, limits
from hub.rooms.attachment import Attachment, Mode, Peer, Receipt
from hub.rooms.carets import Carets
from hub.storage import documents as rows
from hub.storage import timeline
from hub.storage.pool import Database
from hub.storage.writer import Append, Committed, GroupCommitWriter
from hub.wire import awareness, frames, yupdate
from hub.wire import events as ev
from hub.wire.api import DocumentInfo
from hub.wire.websocket import shared

PARSE_IN_THREAD_BYTES = 128 * 1024
SNAPSHOT_ROWS = 500
CROWD = 100  # more connections than this get their updates a little later, in fewer writes
SNAPSHOT_BYTES = 256 * 1024

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Pending:
    """An update that lacks something earlier, kept for a while."""

    peer: Peer
    receipt: Receipt
    update: yupdate.Update
    raw: bytes
    since_s: float


class LiveDocument:
    """Made by ``load``; ``attach`` and ``detach`` connections; ``settle`` before letting go."""

    def __init__(
        self, info: DocumentInfo, writer: GroupCommitWriter, clock: Clock, bus: Bus, max_bytes: int
    ) -> None:
        self.info = info
        self.number = info.number
        self.broken = False
        self.rows_since_snapshot = 0
        self.bytes_since_snapshot = 0
        self._writer = writer
        self._clock = clock
        self._bus = bus
        self._max_bytes = max_bytes
        self._doc: Doc[Any] = Doc()
        self._clocks: dict[int, int] = {}
        self._owners: dict[int, str] = {}
        self._carets = Carets()
        self._attached: dict[str, Attachment] = {}
        self._pending: deque[_Pending] = deque()
        self._appended = 0
        self._committed = 0
        self._last_seq = 0
        self._owing: set[Attachment] = set()
        self._relayed = 0
        self._outgoing: list[tuple[str, bytes]] = []
        self._state: bytes | None = None
        self._size = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._sync_header = frames.header(frames.SYNC, self.number)
        self._awareness_header = frames.header(frames.AWARENESS, self.number)
        self._subscription = bus.subscribe(f"document:{self.number}", self._on_message)

    # --- life -------------------------------------------------------------------------------------

    @classmethod
    async def load(
        cls, info: DocumentInfo, *, database: Database, writer: GroupCommitWriter, clock: Clock,
        bus: Bus, max_bytes: int,
    ) -> LiveDocument:  # fmt: skip
        """Read a document from disk."""
        async with timeline.snapshot(database) as connection:
            stored = await rows.load(connection, info.document)
            owners = await rows.owners(connection, info.document)
        document = cls(info, writer, clock, bus, max_bytes)
        for owner in owners:
            document.learn_owner(owner.first, owner.last, owner.uid)
        if stored.state is not None:
            document._doc.apply_update(stored.state)
        for row in stored.rows:
            document.rows_since_snapshot += 1
            for update in row.updates:
                _apply(document._doc, update)
                document.bytes_since_snapshot += len(update)
            await asyncio.sleep(0)
        document._clocks = yupdate.read_state_vector(document._doc.get_state())
        document._size = len(document.state())
        return document

    def close(self) -> None:
        """Hear nothing more. Call it when nobody is attached and all is settled."""
        self._subscription.close()

    async def settled(self) -> None:
        """Until everything in memory is on disk."""
        await self._settled.wait()

    @property
    def wants_compaction(self) -> bool:
        return self.rows_since_snapshot >= SNAPSHOT_ROWS or (
            self.bytes_since_snapshot >= SNAPSHOT_BYTES
        )

    def compacted(self) -> None:
        """A snapshot holds what was on disk until now."""
        self.rows_since_snapshot = self.bytes_since_snapshot = 0

    @property
    def in_use(self) -> int:
        return len(self._attached)

    # --- reading ----------------------------------------------------------------------------------

    def state(self) -> bytes:
        """The whole document as one update, encoded once for a crowd."""
        if self._state is None:
            self._state = self._doc.get_update()
            self._size = len(self._state)
        return self._state

    def copy(self) -> Doc[Any]:
        """A document of one's own with the same content."""
        copied: Doc[Any] = Doc()
        copied.apply_update(self.state())
        return copied

    def owner(self, client: int) -> str | None:
        return self._owners.get(client)

    def learn_owner(self, first: int, last: int, uid: str) -> None:
        """Client ids ``first`` to ``last`` belong to ``uid`` (the log says so)."""
        for client in range(first, last + 1):
            self._owners.setdefault(client, uid)

    def caret_owners(self) -> dict[str, str]:
        return {str(client): uid for client, uid in self._carets.owners().items()}

    # --- connections ------------------------------------------------------------------------------

    def attach(self, peer: Peer, mode: Mode) -> None:
        """Begin to serve a connection: it gets the hub's step 1 and who is here."""
        self._attached[peer.key] = Attachment(peer, mode)
        peer.send(self._step1(), counted=False)
        self.send_carets(peer)

    def detach(self, peer: Peer) -> None:
        """A connection went; its carets go with it."""
        attachment = self._attached.pop(peer.key, None)
        if attachment is None:
            return
        self._owing.discard(attachment)
        for waiting in [one for one in self._pending if one.peer.key == peer.key]:
            self._pending.remove(waiting)
        self._publish_carets(peer.key, self._carets.leave(peer.key))

    def set_mode(self, uid: str, mode: Mode) -> None:
        """A user's right changed."""
        for attachment in self._attached.values():
            if attachment.peer.uid == uid:
                attachment.mode = mode

    def peers(self, uid: str) -> list[Peer]:
        """Connections of a user."""
        return [one.peer for one in self._attached.values() if one.peer.uid == uid]

    def leave_behind(self, peer: Peer) -> None:
        """A connection reads too slowly: remember where it stands and send it no more updates."""
        attachment = self._attached.get(peer.key)
        self._send_updates()  # the state vector will count them as sent
        if attachment is not None and attachment.lagging is None:
            attachment.lagging = yupdate.write_state_vector(self._clocks)

    def resume(self, peer: Peer) -> None:
        """A slow connection has room again: one diff makes up for all it was not sent."""
        attachment = self._attached.get(peer.key)
        if attachment is None or attachment.lagging is None:
            return
        diff = self._doc.get_update(attachment.lagging)
        attachment.lagging = None
        if len(diff) > limits.MAX_SYNC_BYTES and not isinstance(peer, Unlimited):
            self._send_to_state(peer)
            return
        peer.send(self._sync_header + frames.sync_message(frames.UPDATE, diff), counted=False)
        self.send_carets(peer)

    # --- messages ---------------------------------------------------------------------------------

    def receive(self, peer: Peer, subtype: int, payload: bytes) -> Awaitable[None] | None:
        """Take a sync message of an attached peer; returns what its next one must wait for.

        Raises:
            ProtocolError: a malformed state vector.
        """
        attachment = self._attached.get(peer.key)
        if attachment is None:
            return None
        if subtype == frames.STEP1:
            self._answer(attachment, payload)
            return None
        receipt = attachment.received()
        if len(payload) > PARSE_IN_THREAD_BYTES:
            return self._receive_large(attachment, receipt, payload)
        try:
            self._admit(attachment, receipt, yupdate.parse(payload), payload)
        except HubError as error:
            self._refuse(attachment, receipt, error)
        return None

    async def _receive_large(
        self, attachment: Attachment, receipt: Receipt, payload: bytes
    ) -> None:
        try:
            update = await asyncio.to_thread(yupdate.parse, payload)
            if self._attached.get(attachment.peer.key) is attachment:
                self._admit(attachment, receipt, update, payload)
        except HubError as error:
            self._refuse(attachment, receipt, error)

    def receive_awareness(self, peer: Peer, message: bytes | memoryview) -> None:
        """Take an awareness update.

        Raises:
            ProtocolError: malformed or too large.
        """
        if peer.key not in self._attached:
            return
        entries = awareness.decode(message)
        taken = self._carets.take(
            peer.key, peer.uid, entries, self._owners, self._clock.monotonic_s()
        )
        self._publish_carets(peer.key, taken)

    def send_carets(self, peer: Peer) -> None:
        """Tell a peer of everybody's presence."""
        if present := self._carets.everybody():
            peer.send(self._owners_frame(self._carets.owners()), counted=False)
            peer.send(self._awareness_header + awareness.encode(present), counted=False)

    def sweep(self) -> None:
        """Every few seconds: presence that was not renewed, updates that waited too long."""
        now = self._clock.monotonic_s()
        self._publish_carets("", self._carets.expire(now))
        while self._pending and now - self._pending[0].since_s > limits.PENDING_S:
            self._drop_pending(self._pending.popleft())

    # --- admission --------------------------------------------------------------------------------

    def _answer(self, attachment: Attachment, state_vector: bytes) -> None:
        theirs = yupdate.read_state_vector(state_vector)
        diff = self.state() if not theirs else self._doc.get_update(state_vector)
        if len(diff) > limits.MAX_SYNC_BYTES and not isinstance(attachment.peer, Unlimited):
            self._send_to_state(attachment.peer)
            return
        attachment.lagging = None
        attachment.peer.send(
            self._sync_header + frames.sync_message(frames.STEP2, diff), counted=False
        )
        attachment.owes_all = self._appended
        self._owing.add(attachment)
        self._schedule(attachment)

    def _send_to_state(self, peer: Peer) -> None:
        """What is missing is too much for the socket: it is fetched by HTTP, then synced."""
        reset = ev.DocumentReset(number=self.number, reason="fetch_state")
        peer.send(_encode(reset).decode())

    def _admit(
        self, attachment: Attachment, receipt: Receipt, update: yupdate.Update, raw: bytes
    ) -> None:
        if self.broken:
            raise Unavailable("The document is being loaded again.", code="document_reloading")
        if update.empty:
            self._settle(attachment, receipt)
            return
        if update.refers_ahead:
            raise ProtocolError("A struct refers to a later one.", code="malformed_update")
        if attachment.mode == "read":
            if self._would_change(update, raw):
                raise Forbidden("You can read this document, not edit it.", code="read_only")
            self._settle(attachment, receipt)
            return
        fresh = admission.writers(update, self._clocks)
        binds = self._unbound(fresh)
        if admission.is_incomplete(update, self._clocks):
            self._hold(attachment.peer, receipt, update, raw)
            return
        self._refuse_reuse(update)
        if self._size + len(raw) > self._max_bytes:
            raise TooLarge("The document has reached its largest size.", code="document_too_large")
        self._writer.require_room(len(raw))
        self._apply(raw)
        admission.advance(update, self._clocks)
        for client in binds:
            self._bind(client, attachment.peer.uid)
        future = self._writer.append(
            Append(self.info.document, "doc.update", attachment.peer.uid, raw, update=True)
        )
        self._appended += 1
        self._settled.clear()
        future.add_done_callback(partial(self._on_disk, attachment, receipt))
        self.bytes_since_snapshot += len(raw)
        self._relayed += 1
        self._bus.publish(
            f"document:{self.number}",
            UpdateRelayed(self.number, self._bus.process, self._relayed, attachment.peer.key, raw),
        )
        if self._pending:
            self._retry_pending()

    def _unbound(self, clients: list[int]) -> list[int]:
        """Ids of stock clients seen for the first time.

        Raises:
            Forbidden: ``foreign_client_id`` for an id that was never given out for this document.
        """
        binds = []
        for client in clients:
            if client in self._owners:
                continue
            if client >= admission.LEASED_FROM:
                raise Forbidden(
                    "The update uses a client id that this hub did not give out.",
                    code="foreign_client_id",
                )
            binds.append(client)
        return binds

    def _bind(self, client: int, uid: str) -> None:
        body = _encode({"uid": uid, "first": client, "last": client, "origin": "bound"})
        self._writer.append(Append(self.info.document, "doc.claim", uid, body))
        self._owners[client] = uid

    def _refuse_reuse(self, update: yupdate.Update) -> None:
        """Raises:
        Conflict: ``client_id_reused``.
        """
        repeated = admission.overlapping(update, self._clocks)
        if not repeated:
            return
        since = dict(self._clocks)
        for client in repeated:
            since[client] = update.structs[client][0].clock
        known = yupdate.parse(self._doc.get_update(yupdate.write_state_vector(since)))
        for client in repeated:
            if admission.contradicts(update.structs[client], known.structs.get(client, ())):
                raise Conflict(
                    "The client id was used twice for different edits.", code="client_id_reused"
                )

    def _would_change(self, update: yupdate.Update, raw: bytes) -> bool:
        """Whether a reader's update says anything new. Step 2 always repeats all deletions, so
        only a trial tells."""
        if admission.writers(update, self._clocks):
            return True
        if not update.deletes:
            return False
        trial = self.copy()
        changed: list[Any] = []
        subscription = trial.observe(changed.append)
        try:
            _apply(trial, raw)
        finally:
            trial.unobserve(subscription)
        return bool(changed)

    def _apply(self, raw: bytes) -> None:
        _apply(self._doc, raw)
        self._size += len(raw)
        self._state = None

    # --- updates that lack something --------------------------------------------------------------

    def _hold(self, peer: Peer, receipt: Receipt, update: yupdate.Update, raw: bytes) -> None:
        held = sum(len(one.raw) for one in self._pending)
        if held + len(raw) > limits.PENDING_BYTES:
            raise BadRequest("Something earlier is missing.", code="missing_updates")
        self._pending.append(_Pending(peer, receipt, update, raw, self._clock.monotonic_s()))
        peer.send(self._step1(), counted=False)

    def _retry_pending(self) -> None:
        waiting, self._pending = self._pending, deque()
        for one in waiting:
            attachment = self._attached.get(one.peer.key)
            if attachment is None:
                continue
            if admission.is_incomplete(one.update, self._clocks):
                self._pending.append(one)
                continue
            try:
                self._admit(attachment, one.receipt, one.update, one.raw)
            except HubError as error:
                self._refuse(attachment, one.receipt, error)

    def _drop_pending(self, one: _Pending) -> None:
        attachment = self._attached.get(one.peer.key)
        if attachment is not None:
            error = BadRequest("Something earlier is missing.", code="missing_updates")
            self._refuse(attachment, one.receipt, error)

    # --- outcomes ---------------------------------------------------------------------------------

    def _refuse(self, attachment: Attachment, receipt: Receipt, error: HubError) -> None:
        attachment.peer.refused(self.number, receipt.count, error)
        self._settle(attachment, receipt)

    def _on_disk(
        self, attachment: Attachment, receipt: Receipt, future: asyncio.Future[Committed]
    ) -> None:
        if future.cancelled() or future.exception() is not None:
            self._break(future)
            return
        self._committed += 1
        if self._committed == self._appended:
            self._settled.set()
        if (seq := future.result().seq) != self._last_seq:
            self._last_seq = seq
            self.rows_since_snapshot += 1
        self._settle(attachment, receipt)
        for other in [one for one in self._owing if (one.owes_all or 0) <= self._committed]:
            self._owing.discard(other)
            self._schedule(other)

    def _break(self, future: asyncio.Future[Committed]) -> None:
        """Something people saw could not be written: let all load the truth and repeat theirs."""
        self._settled.set()
        if self.broken:
            return
        self.broken = True
        log.error(
            "a document's update was not written",
            document=self.info.document,
            reason=str(None if future.cancelled() else future.exception()),
        )
        for attachment in tuple(self._attached.values()):
            attachment.peer.document_closed(self.number, "closed")

    def _settle(self, attachment: Attachment, receipt: Receipt) -> None:
        if attachment.settle(receipt):
            self._schedule(attachment)

    def _schedule(self, attachment: Attachment) -> None:
        """Tell the peer once a turn of the loop, however many of its updates became durable."""
        if not attachment.scheduled:
            attachment.scheduled = True
            asyncio.get_running_loop().call_soon(self._tell_durable, attachment)

    def _tell_durable(self, attachment: Attachment) -> None:
        attachment.scheduled = False
        if self._attached.get(attachment.peer.key) is not attachment:
            return
        everything = self._committed == self._appended
        if attachment.owes_all is not None and attachment.owes_all <= self._committed:
            attachment.owes_all = None
            self._owing.discard(attachment)
            everything = True
        attachment.peer.send(
            _encode(
                ev.Durable(number=self.number, count=attachment.durable, all=everything)
            ).decode()
        )

    # --- the bus ----------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        if isinstance(message, UpdateRelayed):
            if message.origin != self._bus.process:
                self._take_relayed(message)
            self._send_update(message)
        elif isinstance(message, CaretsRelayed):
            entries = awareness.decode(message.awareness)
            if message.origin != self._bus.process:
                now = self._clock.monotonic_s()
                self._carets.relayed(message.peer, message.owners, entries, now)
            owners = shared(self._owners_frame(message.owners)) if message.owners else None
            frame = shared(self._awareness_header + message.awareness)
            for key, attachment in self._attached.items():
                if key != message.peer and attachment.lagging is None:
                    if owners is not None:
                        attachment.peer.send(owners)
                    attachment.peer.send(frame)

    def _take_relayed(self, message: UpdateRelayed) -> None:
        self._apply(message.update)
        admission.advance(yupdate.parse(message.update), self._clocks)

    def _send_update(self, message: UpdateRelayed) -> None:
        """Send an update with whatever else comes in this turn of the loop, or, in a crowd, in
        these milliseconds: each connection is written to once."""
        if not self._outgoing:
            loop = asyncio.get_running_loop()
            window_s = min(0.02, max(0.0, (len(self._attached) - CROWD) * 0.0002))
            if window_s:
                loop.call_later(window_s, self._send_updates)
            else:
                loop.call_soon(self._send_updates)
        self._outgoing.append((message.peer, message.update))

    def _send_updates(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if not outgoing:
            return
        sent = [
            (peer, self._sync_header + frames.sync_message(frames.UPDATE, update))
            for peer, update in outgoing
        ]
        everything = shared(*(frame for _, frame in sent))
        senders = {peer for peer, _ in sent}
        for key, attachment in tuple(self._attached.items()):
            if attachment.lagging is not None:
                continue
            if key not in senders:
                attachment.peer.send(everything)
            elif theirs := [frame for peer, frame in sent if peer != key]:
                attachment.peer.send(shared(*theirs))

    def _publish_carets(self, peer: str, entries: list[awareness.Entry]) -> None:
        if not entries:
            return
        present = self._carets.owners()
        owners = {one.client: present[one.client] for one in entries if one.client in present}
        self._bus.publish(
            f"document:{self.number}",
            CaretsRelayed(self.number, self._bus.process, peer, awareness.encode(entries), owners),
        )

    def _owners_frame(self, owners: dict[int, str]) -> str:
        named = {str(client): uid for client, uid in owners.items()}
        return _encode(ev.CaretOwners(number=self.number, owners=named)).decode()

    def _step1(self) -> bytes:
        return self._sync_header + frames.sync_message(
            frames.STEP1, yupdate.write_state_vector(self._clocks)
        )


class Unlimited:
    """Mark of a peer that cannot fetch a large state by HTTP: the plain Yjs endpoint's."""


def _apply(doc: Doc[Any], raw: bytes) -> None:
    """Apply an update.

    Raises:
        ProtocolError: ``malformed_update``. yrs panics on some input, which pycrdt passes on as a
            BaseException; the document stays usable (measured, pycrdt 0.14).
    """
    try:
        doc.apply_update(raw)
    except Exception as error:
        raise ProtocolError("The update is malformed.", code="malformed_update") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ProtocolError("The update is malformed.", code="malformed_update") from error
