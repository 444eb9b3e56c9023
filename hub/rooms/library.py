"""The documents open in this process: loaded once, shared, let go when nobody needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from secrets import randbelow

import structlog

from hub.bus.interface import Bus
from hub.bus.mailbox import Mailbox
from hub.clock import Clock, to_datetime
from hub.errors import Conflict, HubError, NotFound
from hub.rooms import claims, store
from hub.rooms.attachment import Peer
from hub.rooms.background import Background
from hub.rooms.compaction import compact
from hub.rooms.documents import LiveDocument, topic_of
from hub.rooms.intake import Bounds, House
from hub.rooms.scholar import Scholar
from hub.storage import documents as rows
from hub.storage import timeline
from hub.storage.pool import Database
from hub.storage.writer import GroupCommitWriter
from hub.wire.api import DocumentInfo

SWEEP_S = 2.0
COMPACT_AGAIN_S = 60.0
SNAPSHOT_ROWS = 2000
SNAPSHOT_BYTES = 1024 * 1024
LEASED_FROM = 1 << 32
LEASE_BLOCK = 64
# Small ids keep updates small: five bytes up to 2**35, and 469 million blocks are enough.
LEASE_BLOCKS = ((1 << 35) - LEASED_FROM) // LEASE_BLOCK

log = structlog.get_logger()


class _Entry:
    def __init__(self) -> None:
        self.users = 0
        self.loading: asyncio.Future[LiveDocument] = asyncio.get_running_loop().create_future()
        self.compacting = False
        self.compact_after_s = 0.0
        self.rows = 0  # since the latest snapshot, and their bytes
        self.bytes = 0
        self.leased: list[tuple[int, int, str]] = []  # while it was being read

    @property
    def live(self) -> LiveDocument | None:
        if self.loading.done() and not self.loading.cancelled() and not self.loading.exception():
            return self.loading.result()
        return None

    def count(self, live: LiveDocument) -> bool:
        """Whether something was written since the last time."""
        rows_, bytes_ = live.written()
        self.rows += rows_
        self.bytes += bytes_
        return rows_ > 0

    def teach(self, live: LiveDocument) -> None:
        """Tell a document of ids that were leased after its owners were read."""
        for first, last, uid in self.leased:
            live.owners.lease(first, last, uid)
        self.leased.clear()


class Library:
    """``on_written`` is told of a document that is a file and was changed, every few seconds and at
    its end."""

    def __init__(
        self, database: Database, writer: GroupCommitWriter, clock: Clock, bus: Bus,
        background: Background, bounds: Bounds,
    ) -> None:  # fmt: skip
        self._database = database
        self._writer = writer
        self._clock = clock
        self._background = background
        self._bus = bus
        self._house = House(writer, clock, bus, bounds, background, Scholar(), self._read_on)
        self._entries: dict[str, _Entry] = {}
        self.on_written: Callable[[str], object] | None = None

    @property
    def open(self) -> int:
        """How many documents are in memory."""
        return len(self._entries)

    async def info(self, document: str) -> DocumentInfo:
        """Raises:
        NotFound: ``document_not_found``.
        """
        async with self._database.acquire() as connection:
            info = await rows.info(connection, document)
        if info is None:
            raise NotFound("There is no such document.", code="document_not_found")
        return info

    async def take(self, info: DocumentInfo) -> LiveDocument:
        """The document, loaded once however many ask at the same time; ``give_back`` it."""
        entry = self._entries.get(info.document)
        live = entry.live if entry is not None else None
        if entry is None or (live is not None and live.broken):
            entry = _Entry()
            self._entries[info.document] = entry
            self._background.spawn(self._load(info, entry, live), "load document")
        entry.users += 1
        try:
            return await asyncio.shield(entry.loading)
        except BaseException:
            entry.users -= 1
            if entry.users == 0 and (live := entry.live) is not None:
                self._background.spawn(self._unload(entry, live), "unload document")
            raise

    def give_back(self, live: LiveDocument) -> None:
        """Let go of a taken document; the last one out has it written and forgotten."""
        entry = self._entries.get(live.info.document)
        if entry is None or entry.live is not live:
            live.close()  # a broken one that was replaced
            return
        entry.users -= 1
        if entry.users == 0:
            self._background.spawn(self._unload(entry, live), "unload document")

    @asynccontextmanager
    async def using(self, info: DocumentInfo) -> AsyncIterator[LiveDocument]:
        """Take a document for the length of a block."""
        live = await self.take(info)
        try:
            yield live
        finally:
            self.give_back(live)

    def set_role(self, thread: str, uid: str, role: str | None) -> None:
        """A member's role changed."""
        for live in self._of(thread):
            live.set_role(uid, role)

    def peers(self, thread: str, uid: str) -> list[tuple[LiveDocument, Peer]]:
        """Connections of a user to the documents of a thread."""
        return [(live, peer) for live in self._of(thread) for peer in live.peers(uid)]

    def _of(self, thread: str) -> list[LiveDocument]:
        return [
            live
            for entry in self._entries.values()
            if (live := entry.live) is not None and live.info.thread == thread
        ]

    async def lease(self, info: DocumentInfo, uid: str, count: int, *, most: int) -> list[int]:
        """Give a user client ids of their own, recorded before they are handed out.

        Args:
            most: so many a user may have of one document, at most.

        Raises:
            Conflict: ``no_client_ids`` (a free block could not be found, which does not happen by
                chance).
            RateLimited: ``too_many_client_ids``.
        """
        count = min(count, LEASE_BLOCK)
        for _ in range(8):
            first = LEASED_FROM + randbelow(LEASE_BLOCKS) * LEASE_BLOCK
            last = first + count - 1
            try:
                await self._writer.append(claims.leased(info.document, uid, first, last, most=most))
            except Conflict as taken:
                if taken.code != "no_client_ids":
                    raise
                continue
            entry = self._entries.get(info.document)
            if entry is not None:
                entry.leased.append((first, last, uid))
                if (live := entry.live) is not None:
                    entry.teach(live)
            return list(range(first, last + 1))
        raise Conflict("No free client ids were found.", code="no_client_ids")

    async def run(self) -> None:
        """Look after the open documents for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            for entry in tuple(self._entries.values()):
                if (live := entry.live) is None:
                    continue
                live.sweep()
                self._count(entry, live)
                due = self._clock.monotonic_s() >= entry.compact_after_s
                much = entry.rows >= SNAPSHOT_ROWS or entry.bytes >= SNAPSHOT_BYTES
                if due and much and not entry.compacting:
                    self._background.spawn(self._compact(entry, live), "compact document")

    def _count(self, entry: _Entry, live: LiveDocument) -> None:
        is_file = live.info.file is not None
        if entry.count(live) and is_file and self.on_written is not None:
            self.on_written(live.info.document)

    def heads(self) -> dict[str, int]:
        """Of the open documents, the seq up to which their log is in memory."""
        return {
            document: live.head
            for document, entry in self._entries.items()
            if (live := entry.live) is not None and not live.broken
        }

    def read_on(self, document: str) -> None:
        """There is more in a document's log."""
        entry = self._entries.get(document)
        if entry is not None and (live := entry.live) is not None:
            live.read_on()

    async def _read_on(self, document: str, seq: int) -> list[rows.LogEntry]:
        async with timeline.snapshot(self._database) as connection:
            return await rows.entries_after(connection, document, seq)

    async def settle(self) -> None:
        """Until every open document is on disk."""
        for entry in tuple(self._entries.values()):
            if (live := entry.live) is not None:
                await live.settled()

    async def _load(self, info: DocumentInfo, entry: _Entry, broken: LiveDocument | None) -> None:
        heard, subscription = Mailbox(), None
        try:
            topic = topic_of(info.document)
            subscription = await self._bus.subscribe(topic, heard.put, heard.gap)
            if broken is not None:
                await broken.settled()  # what it gave to the writer is part of the truth
            read = await store.read(self._database, info.document, info.kind)
            # After the log, so that every claim in it is among them.
            owners = await store.owners(self._database, info.document)
            relays = await store.relays(self._database, info.document)
            live = LiveDocument(info, self._house, read.folded, owners, relays, read.stored.head)
            entry.teach(live)
            if read.faults:
                await self._note_faults(info.document, read.faults)
            entry.rows, entry.bytes = len(read.stored.rows_after), read.bytes_after
            heard.open(live.on_message, live.on_gap)
            live.listen(subscription)
        except BaseException as error:
            if subscription is not None:
                subscription.close()
            if self._entries.get(info.document) is entry:
                del self._entries[info.document]
            if not entry.loading.done():
                known = isinstance(error, HubError)
                entry.loading.set_exception(
                    error if known else HubError("The document cannot be read.", code="unreadable")
                )
                entry.loading.exception()
            if isinstance(error, HubError):
                return  # told to whoever asked
            raise
        entry.loading.set_result(live)
        if entry.users == 0:  # whoever asked is gone
            await self._unload(entry, live)

    async def _note_faults(self, document: str, seqs: list[int]) -> None:
        log.error("rows of a document were set aside", document=document, seqs=seqs[:20])
        async with self._database.transaction() as connection:
            at = to_datetime(self._clock.now_ms())
            await rows.note_faults(connection, document, seqs, at)

    async def _unload(self, entry: _Entry, live: LiveDocument) -> None:
        await live.settled()
        self._count(entry, live)
        if entry.users == 0 and entry.rows and not live.broken:
            await self._compact(entry, live)
        # Whatever came of that: the log has everything.
        if entry.users == 0:
            if self._entries.get(live.info.document) is entry:
                del self._entries[live.info.document]
            live.close()  # also one that broke and was replaced meanwhile

    async def _compact(self, entry: _Entry, live: LiveDocument) -> None:
        if entry.compacting:
            return
        entry.compacting = True
        rows_, bytes_ = entry.rows, entry.bytes
        try:
            await compact(self._database, self._clock, live.info.document, live.info.kind)
        except Exception as error:
            entry.compact_after_s = self._clock.monotonic_s() + COMPACT_AGAIN_S
            reason = error.code if isinstance(error, HubError) else repr(error)
            log.warning("compaction waits", document=live.info.document, reason=reason)
        else:
            entry.rows -= rows_
            entry.bytes -= bytes_
        finally:
            entry.compacting = False
