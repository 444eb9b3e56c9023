"""The way of an update from a connection into a document and its log.

    parse ─► study ─► plan ─► reserve → apply → append → relay
             (hub.rooms.admission)    └─ here, in one place: it cannot half-happen ─┘

Quick updates go through in one turn of the loop; a slow one holds the gate, is studied in a thread,
and others of this document wait for it. What lacks something waits, and goes the same way later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog

from hub.bus.interface import Bus
from hub.bus.messages import StreamCommitted, UpdateRelayed
from hub.clock import Clock
from hub.errors import HubError, ProtocolError, Unavailable
from hub.rooms import admission, claims
from hub.rooms.admission import LIGHT_BYTES, Admit, Costly, Hold, Study, View
from hub.rooms.attachment import Attachment, Receipt
from hub.rooms.background import Background
from hub.rooms.content import Content
from hub.rooms.durability import Durability
from hub.rooms.fold import take_logged
from hub.rooms.owners import Owners
from hub.rooms.pending import Held, Pending
from hub.rooms.relays import Relays
from hub.rooms.scholar import Bill, Scholar
from hub.rooms.studies import Studies
from hub.rooms.waiting import Waiting
from hub.storage.writer import RELAYED, UPDATE, Append, Committed, GroupCommitWriter
from hub.wire import yupdate

log = structlog.get_logger()

# Who sent an update and which frame it was, its number, and the ids that its row claims.
_Token = tuple[Attachment, Receipt, int, list[int]]


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
        read_on: ``(document, seq)`` gives the rows of a log after a seq.
    """

    writer: GroupCommitWriter
    clock: Clock
    bus: Bus
    bounds: Bounds
    background: Background
    scholar: Scholar
    read_on: Callable[[str, int], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Outside:
    """What the intake asks of its document, and tells it.

    Attributes:
        is_attached: whether a connection is still served.
        ask: what the hub lacks is wanted from a connection.
        deliver: an update that stands in the log is shown to everybody but a peer.
        broke: memory and log may have parted.
    """

    is_attached: Callable[[Attachment], bool]
    ask: Callable[[Attachment], None]
    deliver: Callable[[str, bytes], None]
    broke: Callable[[BaseException | None], None]


class Intake:
    """Args:
    source: names this live document to other processes.
    waiting: what stands in the log and lacks something earlier.

    Attributes:
        gate: whoever holds it finds the content standing still.
        broken: nothing more is taken in.
        rows, bytes: what was written since somebody last looked.
    """

    def __init__(
        self, source: str, document: str, topic: str, house: House, content: Content,
        owners: Owners, relays: Relays, waiting: Waiting[yupdate.Update], durability: Durability,
        outside: Outside,
    ) -> None:  # fmt: skip
        self.gate = asyncio.Lock()
        self.broken = False
        self.rows = 0
        self.bytes = 0
        self._document = document
        self._topic = topic
        self._source = source
        self._relayed = 0
        self._house = house
        self._studies = Studies(content, owners, relays, house.scholar)
        self._content = content
        self._owners = owners
        self._relays = relays
        self._logged = waiting
        self._pending = Pending()
        self._durability = durability
        self._outside = outside

    # --- from connections -------------------------------------------------------------------------

    def take(
        self, attachment: Attachment, payload: bytes, *, repeats: bool
    ) -> Awaitable[float | None] | None:
        """An update of a connection; returns what its next one must wait for, which gives the
        seconds of work that it was.

        Args:
            repeats: it may repeat what is known, as a step 2 does.
        """
        held = Held(attachment, attachment.received(), payload, self._house.clock.monotonic_s())
        if len(payload) > LIGHT_BYTES or self.gate.locked() or self._studies.sluggish:
            return self._take_slowly(held, repeats)
        return self._take(held, repeats)

    def leave(self, attachment: Attachment) -> None:
        """A connection went, with what it left waiting."""
        self._pending.leave(attachment)

    def sweep(self) -> None:
        """Updates that waited too long are refused."""
        for held in self._pending.expired(self._house.clock.monotonic_s()):
            if held.attachment.stock:
                # It cannot be told, and sends it again at its next handshake.
                self._durability.settle(held.attachment, held.receipt)
            else:
                self._refuse(held.attachment, held.receipt, admission.missing_updates())

    @property
    def waits(self) -> int:
        """How many updates of connections wait for something earlier."""
        return len(self._pending)

    def _take(self, held: Held, repeats: bool) -> Awaitable[float | None] | None:
        """In this turn of the loop, unless it takes long."""
        try:
            found = self._studies.study(held.attachment, held.data, repeats)
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
        async with self._house.scholar.turn(attachment.peer.uid), self.gate:
            if self.broken or not self._outside.is_attached(attachment):
                return 0.0
            try:
                found = await self._studies.elsewhere(
                    attachment, held.data, repeats, self._view(attachment), bill
                )
                if not self._outside.is_attached(attachment):
                    return bill.seconds
                fresh = self._carry_out(held, found)
            except HubError as error:
                self._refuse(attachment, receipt, error)
            except Exception:
                # Nobody else would hear of it, and the sender would wait for ever.
                log.exception("an update was not studied", document=self._document)
                failed = HubError("The hub failed at this.", code="internal")
                self._refuse(attachment, receipt, failed)
            else:
                self._take_what_waited(fresh)
        return bill.seconds

    # --- doing ------------------------------------------------------------------------------------

    def _carry_out(self, held: Held, found: Study) -> list[int]:
        """Do as planned; returns the client ids that went on.

        Raises:
            HubError: what stands against it; nothing has changed then.
        """
        if self.broken:
            raise reloading()
        attachment, receipt = held.attachment, held.receipt
        if len(found.applied) > self._room():
            # What was deleted takes no room; but a count takes time by the size of the document.
            self._content.count_anew(self._house.bounds.max_bytes // 256)
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

    def _room(self) -> int:
        return self._house.bounds.max_bytes - self._content.size

    def _view(self, attachment: Attachment) -> View:
        bounds = self._house.bounds
        return View(
            uid=attachment.peer.uid,
            access=attachment.access,
            owners=self._owners,
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
        claim = guard = None
        # Also for what another process may still be writing the claim of, or this one: whoever
        # writes first decides, and what is written after that must not be called proven.
        claimed = [*decision.binds, *self._owners.unwritten(update.structs, uid)]
        if claimed:
            claim, guard = claims.bound(self._document, uid, claimed)
        append = Append(
            self._document, UPDATE if decision.proven else RELAYED, uid, update.data,
            update=True, claim=claim, guard=guard,
        )  # fmt: skip
        self._house.writer.require_room(append.size)
        try:
            started = perf_counter()
            self._content.apply(update, found.applied, found.draft, found.cut, found.doc)
            self._studies.took(perf_counter() - started)
            for client in decision.binds:
                self._owners.bind(client, uid)
            if not decision.proven:
                for client, structs in update.structs.items():
                    if self._owners.get(client) != uid:
                        self._relays.add(client, structs[0].clock, yupdate.end_of(structs))
            self._relayed += 1
            token = attachment, receipt, self._relayed, claimed
            self._house.writer.append_update(append, self._on_disk, token)
        except Exception as error:
            # The sender first: who is told that the document closes sends everything again.
            own = error if isinstance(error, ProtocolError) else reloading()
            self._refuse(attachment, receipt, own)
            self._outside.broke(error)
            return False
        self._durability.appended()
        self.bytes += len(update.data)
        self._house.bus.publish(
            self._topic,
            UpdateRelayed(
                self._source, self._relayed, attachment.peer.key, update.data, uid,
                decision.binds, decision.proven,
            ),
        )  # fmt: skip
        return True

    def _hold(self, rest: Held, found: Study) -> None:
        self._pending.put(found.missing, rest)
        self._outside.ask(rest.attachment)

    def _refuse(self, attachment: Attachment, receipt: Receipt, error: HubError) -> None:
        attachment.peer.refused(self._durability.info, receipt.count, error)
        self._durability.settle(attachment, receipt)

    def _on_disk(self, outcome: Committed | BaseException, told: list[_Token]) -> None:
        """A row with the updates of these is written, or is not."""
        if isinstance(outcome, BaseException):
            self._outside.broke(outcome)
            self._durability.done(len(told))
            return
        self.rows += 1
        self._owners.confirm(told[0][3])
        row = StreamCommitted(self._source, outcome.seq, told[0][2], told[-1][2])
        self._house.bus.publish(self._topic, row)
        self._durability.done(len(told))
        for attachment, receipt, _, _ in told:
            self._durability.settle(attachment, receipt)

    # --- what waited, and what stands in the log --------------------------------------------------

    def take_logged(self, update: yupdate.Update, peer: str) -> None:
        """Take in what stands in the log, or will, and what waited for it."""
        self._take_what_waited(self._take_logged(update, peer))

    def _take_what_waited(self, fresh: Iterable[int]) -> None:
        """What has waited for these clients' clocks goes the same way, and what waited for that."""
        advanced = deque(fresh)
        while advanced and not self.broken:
            client = advanced.popleft()
            for update in self._logged.due((client,), self._content.clocks):
                advanced.extend(self._take_logged(update, ""))
            for held in self._pending.due((client,), self._content.clocks):
                held.tries += 1
                try:
                    if len(held.data) > LIGHT_BYTES:
                        raise Costly
                    found = self._studies.study(held.attachment, held.data, False)
                    advanced.extend(self._carry_out(held, found))
                except Costly:
                    self._take_slowly(held, False)
                except HubError as error:
                    self._refuse(held.attachment, held.receipt, error)

    def _take_logged(self, update: yupdate.Update, peer: str) -> list[int]:
        if self.broken:
            return []
        try:
            ready, rest, missing = take_logged(self._content, update)
        except HubError as error:
            self._outside.broke(error)
            return []
        if rest is not None:
            self._logged.put(missing, rest)
        if ready is None:
            return []
        self._outside.deliver(peer, ready.data)
        return list(ready.structs)


def reloading() -> Unavailable:
    return Unavailable("The document is being loaded again.", code="document_reloading")
