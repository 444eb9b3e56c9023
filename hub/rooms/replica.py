"""Keeps a document level with its log when other processes write to it, too.

What they admit is relayed and taken in at once; what they have written they say. A hole in either
is filled from the log, in which everything stands. What was relayed and never written (its process
died) leads to the document being loaded again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import structlog

from hub.bus.messages import StreamCommitted, UpdateRelayed
from hub.clock import Clock
from hub.errors import HubError, Unavailable
from hub.rooms.background import Background
from hub.rooms.durability import Durability
from hub.rooms.owners import Owners
from hub.rooms.relays import Relays
from hub.storage.documents import LogEntry
from hub.storage.writer import CLAIM, UPDATE
from hub.wire import yupdate

WRITTEN_S = 10.0
"""What another process relayed is written by then, or it never will be."""

log = structlog.get_logger()

ReadOn = Callable[[int], Awaitable[Sequence[LogEntry]]]


class _Unwritten(NamedTuple):
    """What was relayed and is not known to be in the log."""

    update: bytes
    ticket: int
    since_s: float


class _Source:
    """A live document of another process.

    Attributes:
        next: number of the first update that it relayed and that is neither here nor in the log as
            it was read.
        ahead: numbers after that, which are here.
        unwritten: by number.
    """

    def __init__(self) -> None:
        self.next = 1
        self.ahead: set[int] = set()
        self.unwritten: dict[int, _Unwritten] = {}

    def has(self, number: int) -> None:
        """An update is here."""
        self.ahead.add(number)
        while self.next in self.ahead:
            self.ahead.discard(self.next)
            self.next += 1

    def read(self, number: int) -> None:
        """All up to a number are in the log, which is read."""
        if number >= self.next:
            self.next = number + 1
            self.ahead = {one for one in self.ahead if one > number}
            if self.next in self.ahead:
                self.has(self.next)


class Replica:
    """Args:
    source: names this live document to others.
    head: seq of the last row that is in the document.
    gate: held while the content is studied.
    read_on: the rows after a seq.
    take: takes an update of the log into the document and tells everybody but a peer.
    give_up: has the document loaded again.

    Attributes:
        rows: how many rows others have written.
    """

    def __init__(
        self, source: str, head: int, clock: Clock, background: Background, gate: asyncio.Lock,
        owners: Owners, relays: Relays, durability: Durability, read_on: ReadOn,
        take: Callable[[yupdate.Update, str], None], give_up: Callable[[BaseException], None],
    ) -> None:  # fmt: skip
        self.head = head
        self.rows = 0
        self._source = source
        self._clock = clock
        self._background = background
        self._gate = gate
        self._owners = owners
        self._relays = relays
        self._durability = durability
        self._read = read_on
        self._take = take
        self._give_up = give_up
        self._arrived: deque[UpdateRelayed] = deque()
        self._sources: dict[str, _Source] = {}
        self._reading = False
        self._wanted = False

    # --- what the bus says ------------------------------------------------------------------------

    def on_relayed(self, message: UpdateRelayed) -> None:
        """Another process admitted an update."""
        self._arrived.append(message)
        if self._gate.locked() or len(self._arrived) > 1:
            if len(self._arrived) == 1:
                self._background.spawn(self._at_the_gate(), "take what another process admitted")
        else:
            self._take_arrived()

    def on_committed(self, message: StreamCommitted) -> None:
        """A row was written. If all that is in it is here it is passed over, else it is read."""
        complete = True
        if message.claim:
            self._learn(msgspec.json.decode(message.claim))
        elif message.source != self._source:
            self.rows += 1
            source = self._sources.setdefault(message.source, _Source())
            complete = message.number < source.next
            source.read(message.number)  # it is, below
            for number in range(message.first, message.number + 1):
                if number in source.unwritten:
                    self._written(source, number)
        if complete and message.seq <= self.head + 1 and not self._reading:
            self.head = max(self.head, message.seq)
        else:
            self.read_on()

    def read_on(self) -> None:
        """Something may be missing: read the log from where it is known."""
        self._wanted = True
        if not self._reading:
            self._reading = True
            self._background.spawn(self._read_on(), "read on in a document")

    async def catch_up(self) -> None:
        """Until all that was in the log when this was called is here."""
        entries = await self._read(self.head)
        async with self._gate:
            for entry in entries:
                self._take_entry(entry)

    def sweep(self) -> None:
        """What was relayed long ago and not written is looked for in the log."""
        if self._late(self._clock.monotonic_s()):
            self.read_on()

    def _late(self, now_s: float) -> bool:
        return any(
            now_s - one.since_s > WRITTEN_S
            for source in self._sources.values()
            for one in source.unwritten.values()
        )

    # --- taking in --------------------------------------------------------------------------------

    async def _at_the_gate(self) -> None:
        async with self._gate:
            self._take_arrived()

    def _take_arrived(self) -> None:
        while self._arrived:
            message = self._arrived[0]
            try:
                self._take_relayed(message)
            except Exception as error:
                self._give_up(error)
            self._arrived.popleft()

    def _take_relayed(self, message: UpdateRelayed) -> None:
        update = yupdate.parse(message.update)
        for client in message.binds:
            self._owners.bind(client, message.uid)
        self._doubt(update, message.uid, message.proven)
        source = self._sources.setdefault(message.source, _Source())
        if message.number >= source.next and message.number not in source.ahead:
            source.unwritten[message.number] = _Unwritten(
                message.update, self._durability.relayed(), self._clock.monotonic_s()
            )
            source.has(message.number)
        self._take(update, message.peer)

    async def _read_on(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                now_s = self._clock.monotonic_s()
                entries = await self._read(self.head)
                async with self._gate:
                    for entry in entries:
                        self._take_entry(entry)
                if self._late(now_s):
                    why = Unavailable("It was relayed, not written.", code="document_reloading")
                    self._give_up(why)
        except HubError as error:
            log.warning("a document waits for its log", reason=error.code)  # the poll asks again
        finally:
            self._reading = False

    def _take_entry(self, entry: LogEntry) -> None:
        self.head = max(self.head, entry.seq)
        if entry.type == CLAIM:
            try:
                self._learn(msgspec.json.decode(entry.body))
            except (msgspec.DecodeError, UnicodeDecodeError):
                log.error("a claim cannot be read", seq=entry.seq)
            return
        self.rows += 1
        for raw in self._updates_of(entry):
            self._is_written(raw)
            try:
                update = yupdate.parse(raw)
                self._doubt(update, entry.sender, entry.type == UPDATE)
                self._take(update, "")
            except HubError as error:
                log.error("a row cannot be taken in", seq=entry.seq, reason=error.code)

    def _updates_of(self, entry: LogEntry) -> list[bytes]:
        try:
            return entry.updates
        except HubError as error:
            log.error("a row cannot be read", seq=entry.seq, reason=error.code)
            return []

    def _written(self, source: _Source, number: int) -> None:
        self._durability.written(source.unwritten.pop(number).ticket)

    def _is_written(self, raw: bytes) -> None:
        """An update that was read in the log may be one that was relayed."""
        for source in self._sources.values():
            for number, one in tuple(source.unwritten.items()):
                if one.update == raw:
                    self._written(source, number)

    def _learn(self, claim: Any) -> None:
        ids, uid = claim.get("ids", ()), claim["uid"]
        for client in ids:
            self._owners.bind(client, uid)
            if self._owners.get(client) != uid:
                # What was taken for somebody else's here is not.
                self._give_up(Unavailable("An id was claimed.", code="document_reloading"))
                return
        self._owners.confirm(ids)
        if "first" in claim:
            self._owners.lease(claim["first"], claim["last"], claim["uid"])

    def _doubt(self, update: yupdate.Update, uid: str, proven: bool) -> None:
        if proven:
            return
        for client, structs in update.structs.items():
            if self._owners.get(client) != uid:
                self._relays.add(client, structs[0].clock, yupdate.end_of(structs))
