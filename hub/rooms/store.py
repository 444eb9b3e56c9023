"""A document from the database into memory, by the best snapshot there is and the rows after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from hub.rooms.fold import Folded, Unreadable, fold
from hub.rooms.owners import Owners
from hub.rooms.relays import Relays
from hub.storage import documents as rows
from hub.storage import timeline
from hub.storage.pool import Database

IN_THREAD_BYTES = 16 * 1024

log = structlog.get_logger()


@dataclass
class Read:
    """Attributes:
    stored: what the disk has.
    folded: what that gives.
    bad: seqs of snapshots that could not be read.
    """

    stored: rows.Stored
    folded: Folded
    bad: list[int]

    @property
    def faults(self) -> list[int]:
        """Seqs of rows that were set aside: damaged, or of no meaning."""
        damaged = [row.seq for row in self.stored.rows if not row.readable]
        return sorted({*damaged, *self.folded.aside})

    @property
    def bytes_after(self) -> int:
        """Of the updates that came after the snapshot."""
        return sum(len(update) for row in self.stored.rows_after for update in row.updates)


async def read(database: Database, document: str, kind: str) -> Read:
    """The document as committed. A snapshot that cannot be read is passed over for an earlier one,
    and in the end for the whole log."""
    below: int | None = None
    bad: list[int] = []
    while True:
        async with timeline.snapshot(database) as connection:
            stored = await rows.load(connection, document, below)
        try:
            return Read(stored, await _fold(kind, stored), bad)
        except Unreadable as why:
            log.error(
                "a snapshot cannot be read", document=document, seq=stored.snapshot_seq,
                reason=str(why),
            )  # fmt: skip
            below = stored.snapshot_seq
            bad.append(below)


async def owners(database: Database, document: str) -> Owners:
    """Whose the document's client ids are."""
    async with database.acquire() as connection:
        return Owners.of(await rows.owners(connection, document))


async def relays(database: Database, document: str) -> Relays:
    """What was delivered under client ids of others."""
    async with database.acquire() as connection:
        found = await rows.relayed(connection, document)
    return Relays((one.client, one.clock, one.length) for one in found)


async def _fold(kind: str, stored: rows.Stored) -> Folded:
    entries = [(row.seq, update) for row in stored.rows for update in row.updates]
    size = len(stored.state or b"") + sum(len(update) for _, update in entries)
    if size < IN_THREAD_BYTES:
        return fold(kind, stored.state, entries)
    return await asyncio.to_thread(fold, kind, stored.state, entries)
