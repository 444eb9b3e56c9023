"""A live document: orders the steps that an update takes from a person to the disk.

    parse ─► study ─► plan ─► reserve → apply → append → relay
             (hub.rooms.admission)    └─ here, in one place: it cannot half-happen ─┘

What the steps need is next door: ``content`` (the Yjs document), ``pending`` (what waits),
``durability`` (what is on disk), ``delivery`` (who gets what), ``document_presence``. Quick updates
go through in one turn of the loop; a slow one holds the gate, is studied in a thread, and others of
this document wait for it. It never decides who may open it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import msgspec
import structlog

from hub.bus.interface import Bus
from hub.bus.messages import CaretsRelayed, Message, UpdateRelayed
from hub.clock import Clock
from hub.errors import HubError, ProtocolError, Unavailable
from hub.rooms import admission, limits
from hub.rooms.access import Grounds, access
from hub.rooms.admission import LIGHT_BYTES, Admit, Costly, Hold, Study, View
from hub.rooms.attachment import Attachment, Peer, Receipt
from hub.rooms.background import Background
from hub.rooms.delivery import Delivery
from hub.rooms.document_presence import DocumentPresence
from hub.rooms.durability import Durability
from hub.rooms.fold import Folded, take_logged
from hub.rooms.owners import Owners
from hub.rooms.pending import Held, Pending
from hub.rooms.relays import Relays
from hub.rooms.scholar import Bill, Scholar
from hub.storage.writer import RELAYED, UPDATE, Append, Committed, GroupCommitWriter
from hub.wire import frames, yupdate
from hub.wire.api import DocumentInfo

SLUGGISH_S = 0.1

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one document: its bytes, and new client ids per update and per user."""

    max_bytes: int
    ids_per_update: int
    ids_per_user: int


@dataclass(frozen=True, slots=True)
class House:
    """What all documents of a process share.

    Attributes:
        scholar: does what takes long.
    """

    writer: GroupCommitWriter
    clock: Clock
    bus: Bus
    bounds: Bounds
    background: Background
    scholar: Scholar


class LiveDocument:
    """``attach`` and ``detach`` connections; ``settled`` before letting go.

    Args:
        folded, owners, relays: as the log has them.
    """

    def __init__(
        self, info: DocumentInfo, house: House, folded: Folded, owners: Owners, relays: Relays
    ) -> None:
        content = folded.content
        self.info = info
        self.number = info.number
        self.broken = False
        self.rows_since_snapshot = 0
        self.bytes_since_snapshot = 0
        self.content = content
        self.owners = owners
        self._relays = relays
        self._house = house
        self._topic = f"document:{info.number}"
        self._attached: dict[str, Attachment] = {}
        self._pending = Pending()
        self._logged = folded.rest  # stands in the log and lacks something earlier
        self._durability = Durability(info.number, self._is_attached)
        self._delivery = Delivery(info.number, content, self._attached)
        self._presence = DocumentPresence(
            info.number, self._topic, house.bus, house.clock, owners, self._delivery
        )
        self._gate = asyncio.Lock()
        self._slow_ones = 0
        self._relayed = 0
        self._subscription = house.bus.subscribe(self._topic, self._on_message)

    # --- life -------------------------------------------------------------------------------------

    def close(self) -> None:
        """Hear nothing more. Call it when nobody is attached and all is settled."""
        self._subscription.close()

    async def settled(self) -> None:
        """Until the writer is done with everything in memory."""
        await self._durability.settled()

    def sweep(self) -> None:
        """Every few seconds: presence that was not renewed, updates that waited too long."""
        self._presence.sweep()
        for held in self._pending.expired(self._house.clock.monotonic_s()):
            if held.attachment.stock:
                # It cannot be told, and sends it again at its next handshake.
                self._durability.settle(held.attachment, held.receipt)
            else:
                self._refuse(held.attachment, held.receipt, admission.missing_updates())

    # --- reading ----------------------------------------------------------------------------------

    def state(self) -> bytes:
        """The whole document as one update.

        Raises:
            Unavailable: ``document_reloading``.
        """
        self._require_whole()
        return self.content.state()

    def caret_owners(self) -> dict[str, str]:
        return self._presence.owners()

    # --- connections ------------------------------------------------------------------------------

    def attach(self, peer: Peer, role: str | None, grounds: Grounds, *, stock: bool) -> None:
        """Begin to serve a connection: it gets the hub's step 1 and who is here."""
        may = access(role, grounds, self.info.schema_version)
        attachment = self._attached[peer.key] = Attachment(peer, may, grounds, stock=stock)
        self._delivery.step1(attachment)
        self._presence.send(attachment)

    def detach(self, peer: Peer) -> None:
        """A connection went."""
        attachment = self._attached.pop(peer.key, None)
        if attachment is not None:
            self._durability.leave(attachment)
            self._pending.leave(attachment)
            self._presence.leave(peer.key)

    def set_role(self, uid: str, role: str | None) -> None:
        """A user's role in the thread changed."""
        for attachment in self._attached.values():
            if attachment.peer.uid == uid:
                attachment.access = access(role, attachment.grounds, self.info.schema_version)

    def peers(self, uid: str) -> list[Peer]:
        """Connections of a user."""
        return [one.peer for one in self._attached.values() if one.peer.uid == uid]

    def leave_behind(self, peer: Peer) -> None:
        """A connection reads too slowly."""
        if (attachment := self._attached.get(peer.key)) is not None:
            self._delivery.leave_behind(attachment)

    def resume(self, peer: Peer) -> None:
        """A slow connection has room again."""
        attachment = self._attached.get(peer.key)
        if attachment is not None and self._delivery.catch_up(attachment):
            self._presence.send(attachment)

    def _is_attached(self, attachment: Attachment) -> bool:
        return self._attached.get(attachment.peer.key) is attachment

    # --- messages ---------------------------------------------------------------------------------

    def receive(self, peer: Peer, subtype: int, payload: bytes) -> Awaitable[float | None] | None:
        """Take a sync message of an attached peer; returns what its next one must wait for, which
        gives the seconds of work that it was.

        Raises:
            ProtocolError: a malformed state vector.
        """
        attachment = self._attached.get(peer.key)
        if attachment is None or self.broken:
            return None
        if subtype == frames.STEP1:
            if self._delivery.answer(attachment, payload):
                self._durability.owe_all(attachment)
            return None
        held = Held(attachment, attachment.received(), payload, self._house.clock.monotonic_s())
        repeats = subtype == frames.STEP2
        if repeats:
            attachment.asked = False
        if len(payload) > LIGHT_BYTES or self._gate.locked() or self._sluggish:
            return self._take_slowly(held, repeats)
        rest = self._take(held, repeats)
        if rest is None and attachment.owed > limits.MAX_UNSETTLED:
            return self._relieved(attachment)
        return rest

    async def _relieved(self, attachment: Attachment) -> None:
        """The disk does not keep up: until it has made up half of it."""
        while attachment.owed > limits.MAX_UNSETTLED // 2 and self._is_attached(attachment):
            if self.broken:
                return
            await self._durability.moved()

    def receive_awareness(self, peer: Peer, message: bytes | memoryview) -> None:
        """Take an awareness update.

        Raises:
            ProtocolError: malformed or too large.
        """
        if peer.key in self._attached:
            self._presence.receive(peer, message)

    def send_carets(self, peer: Peer) -> None:
        """Tell a peer of everybody's presence."""
        if (attachment := self._attached.get(peer.key)) is not None:
            self._presence.send(attachment)

    # --- an update's way --------------------------------------------------------------------------

    def _take(self, held: Held, repeats: bool) -> Awaitable[float | None] | None:
        """In this turn of the loop, unless it takes long."""
        try:
            found = self._study(held.attachment, held.data, repeats, patient=False)
            fresh = self._carry_out(held, found)
        except Costly:
            return self._take_slowly(held, repeats)
        except HubError as error:
            self._refuse(held.attachment, held.receipt, error)
        else:
            if len(self._pending) or len(self._logged):
                self._take_what_waited(fresh)
        return None

    def _take_slowly(self, held: Held, repeats: bool) -> Awaitable[float | None]:
        """Go through the gate; a connection that ends meanwhile does not open it."""
        task = self._house.background.spawn(self._at_the_gate(held, repeats), "study an update")
        return asyncio.shield(task)

    async def _at_the_gate(self, held: Held, repeats: bool) -> float:
        """The content stands still while it is studied: nobody else gets through the gate. Returns
        the seconds of work that it was."""
        attachment, receipt = held.attachment, held.receipt
        bill = Bill()
        async with self._house.scholar.turn(attachment.peer.uid), self._gate:
            if self.broken or not self._is_attached(attachment):
                return 0.0
            try:
                found = await self._study_patiently(held, repeats, bill)
                if not self._is_attached(attachment):
                    return bill.seconds
                fresh = self._carry_out(held, found)
            except HubError as error:
                self._refuse(attachment, receipt, error)
            except Exception:
                # Nobody else would hear of it, and the sender would wait for ever.
                log.exception("an update was not studied", document=self.info.document)
                failed = HubError("The hub failed at this.", code="internal")
                self._refuse(attachment, receipt, failed)
            else:
                self._take_what_waited(fresh)
        return bill.seconds

    async def _study_patiently(self, held: Held, repeats: bool, bill: Bill) -> Study:
        """Off the loop; what takes yrs long is tried first, and applied to a copy."""
        scholar, content = self._house.scholar, self.content
        study = partial(self._study, held.attachment, held.data, repeats, patient=True)
        found = await scholar.study(study, bill)
        if found.ready is None or not (found.suspect or (self._sluggish and found.doc is None)):
            return found
        admission.plan(found, self._view(held.attachment))  # what is refused is not tried
        given = found.ready, found.applied, found.cut
        if found.suspect:
            await scholar.attempt(partial(content.as_updates, *given), bill)
        found.doc = await scholar.study(partial(content.ahead, *given), bill)
        return found

    def _take_what_waited(self, fresh: Iterable[int]) -> None:
        """What has waited for these clients' clocks goes the same way, and what waited for that."""
        advanced = deque(fresh)
        while advanced and not self.broken:
            client = advanced.popleft()
            for update in self._logged.due((client,), self.content.clocks):
                advanced.extend(self._take_logged(update))
            for held in self._pending.due((client,), self.content.clocks):
                held.tries += 1
                try:
                    if len(held.data) > LIGHT_BYTES:
                        raise Costly
                    found = self._study(held.attachment, held.data, False, patient=False)
                    advanced.extend(self._carry_out(held, found))
                except Costly:
                    self._take_slowly(held, False)
                except HubError as error:
                    self._refuse(held.attachment, held.receipt, error)

    def _take_logged(self, update: yupdate.Update) -> list[int]:
        """What a row of the log brings now that it lacks nothing any more."""
        try:
            ready, rest, missing = take_logged(self.content, update)
        except HubError as error:
            self._break(error)
            return []
        if rest is not None:
            self._logged.put(missing, rest)
        if ready is None:
            return []
        self._relay("", ready.data)
        return list(ready.structs)

    def _study(
        self, attachment: Attachment, payload: bytes, repeats: bool, *, patient: bool
    ) -> Study:
        # Deletions that a reader sends are looked at exactly: they must not write.
        repeats = repeats or not attachment.access.edit
        update = yupdate.parse(payload, admission.MAX_STRUCTS)
        unproven = {}
        if self._relays:
            uid = attachment.peer.uid
            unproven = {
                client: ranges
                for client in update.structs
                if (ranges := self._relays.of(client)) and self.owners.get(client) == uid
            }
        return admission.study(
            update, self.content, repeats=repeats, patient=patient, unproven=unproven
        )

    def _carry_out(self, held: Held, found: Study) -> list[int]:
        """Do as planned; returns the client ids that went on.

        Raises:
            HubError: what stands against it; nothing has changed then.
        """
        self._require_whole()
        attachment, receipt = held.attachment, held.receipt
        if len(found.applied) > self._room():
            # What was deleted takes no room; but a count takes time by the size of the document.
            self.content.count_anew(self._house.bounds.max_bytes // 256)
        decision = admission.plan(found, self._view(attachment))
        if found.rest is not None:
            rest = Held(attachment, receipt, found.rest, held.since_s, held.tries)
            self._pending.require_room(rest)
        if isinstance(decision, Admit):
            if not self._commit(attachment, receipt, found, decision):
                return []
            if found.rest is not None:
                receipt.parts += 1
                self._hold(rest, found)
            return found.fresh
        if isinstance(decision, Hold):
            self._hold(rest, found)
        else:
            self._durability.settle_repeated(attachment, receipt)
        return []

    @property
    def _sluggish(self) -> bool:
        """yrs took long over updates that looked quick; once may be the machine."""
        return self._slow_ones > 2

    def _room(self) -> int:
        return self._house.bounds.max_bytes - self.content.size

    def _view(self, attachment: Attachment) -> View:
        bounds = self._house.bounds
        return View(
            uid=attachment.peer.uid,
            access=attachment.access,
            owners=self.owners,
            strangers=1 << 53 if attachment.stock else 1 << 32,
            room=self._room(),
            ids_per_update=bounds.ids_per_update,
            ids_per_user=bounds.ids_per_user,
        )

    def _commit(
        self, attachment: Attachment, receipt: Receipt, found: Study, decision: Admit
    ) -> bool:
        """Reserve, apply, append, relay: what can refuse does so before anything changes; what
        fails after that breaks the document, and all load the truth. Returns whether it went well.

        Raises:
            Unavailable: ``writer_busy``, ``stopping``.
        """
        update, uid = found.ready, attachment.peer.uid
        assert update is not None
        claim = None
        if decision.binds:
            claim = _encode({"uid": uid, "ids": decision.binds, "origin": "bound"})
        append = Append(
            self.info.document, UPDATE if decision.proven else RELAYED, uid, update.data,
            update=True, claim=claim,
        )  # fmt: skip
        self._house.writer.require_room(append.size)
        try:
            started = perf_counter()
            self.content.apply(update, found.applied, found.draft, found.cut, found.doc)
            if perf_counter() - started > SLUGGISH_S:
                self._slow_ones += 1
            for client in decision.binds:
                self.owners.bind(client, uid)
            if not decision.proven:
                for client, structs in update.structs.items():
                    if self.owners.get(client) != uid:
                        self._relays.add(client, structs[0].clock, yupdate.end_of(structs))
            self._house.writer.append_update(append, self._on_disk, (attachment, receipt))
        except Exception as error:
            # The sender first: who is told that the document closes sends everything again.
            own = error if isinstance(error, ProtocolError) else _reloading()
            self._refuse(attachment, receipt, own)
            self._break(error)
            return False
        self._durability.appended()
        self.bytes_since_snapshot += len(update.data)
        self._relay(attachment.peer.key, update.data)
        return True

    def _relay(self, peer: str, update: bytes) -> None:
        self._relayed += 1
        bus = self._house.bus
        bus.publish(
            self._topic, UpdateRelayed(self.number, bus.process, self._relayed, peer, update)
        )

    def _hold(self, rest: Held, found: Study) -> None:
        self._pending.put(found.missing, rest)
        self._delivery.step1(rest.attachment)

    # --- outcomes ---------------------------------------------------------------------------------

    def _refuse(self, attachment: Attachment, receipt: Receipt, error: HubError) -> None:
        attachment.peer.refused(self.number, receipt.count, error)
        self._durability.settle(attachment, receipt)

    def _on_disk(
        self, outcome: Committed | BaseException, told: list[tuple[Attachment, Receipt]]
    ) -> None:
        """A row with the updates of these is written, or is not."""
        if isinstance(outcome, BaseException):
            self._break(outcome)
            self._durability.done(len(told))
            return
        self.rows_since_snapshot += 1
        self._durability.done(len(told))
        for attachment, receipt in told:
            self._durability.settle(attachment, receipt)

    def _require_whole(self) -> None:
        if self.broken:
            raise _reloading()

    def _break(self, reason: BaseException | None) -> None:
        """Memory and log may have parted: let all load the truth and repeat what is theirs."""
        if self.broken:
            return
        self.broken = True
        self._durability.stop()
        log.error("a document is loaded again", document=self.info.document, reason=repr(reason))
        for attachment in tuple(self._attached.values()):
            attachment.peer.document_closed(self.number, "closed")

    # --- the bus ----------------------------------------------------------------------------------

    def _on_message(self, message: Message) -> None:
        if isinstance(message, CaretsRelayed):
            self._presence.on_relayed(message)
        elif isinstance(message, UpdateRelayed):
            if message.origin != self._house.bus.process:
                self._take_relayed(message)
            self._delivery.relay(message.peer, message.update)

    def _take_relayed(self, message: UpdateRelayed) -> None:
        """What another process admitted is taken as it is, or the log read."""
        try:
            update = yupdate.parse(message.update)
            found = admission.study(update, self.content, repeats=False, patient=True)
            if found.rest is not None:
                raise admission.missing_updates()
            if found.ready is not None:
                self.content.apply(found.ready, found.applied, found.draft, found.cut, found.doc)
        except HubError as error:
            self._break(error)


def _reloading() -> Unavailable:
    return Unavailable("The document is being loaded again.", code="document_reloading")
