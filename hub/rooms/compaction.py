"""Compaction: a snapshot for opening fast, and older rows packed small. Nothing is discarded.

Made from what is on disk, in a thread, so it is exact, and any process may do it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pycrdt import Doc

from hub.clock import Clock, to_datetime
from hub.storage import documents as rows
from hub.storage import timeline
from hub.storage.pool import Database

PACK_BYTES = 256 * 1024
PACK_ROWS = 1000
MAX_PACK_ROWS = 5000


async def compact(database: Database, clock: Clock, document: str) -> int:
    """Write a snapshot of all that is committed; returns the seq it stands at."""
    async with timeline.snapshot(database) as connection:
        stored = await rows.load(connection, document)
    if not stored.rows:
        return stored.snapshot_seq
    state = await asyncio.to_thread(_replay, stored)
    seq = stored.rows[-1].seq
    async with database.transaction() as connection:
        at = to_datetime(clock.now_ms())
        await rows.save_snapshot(connection, document, seq, state, at)
    await _pack(database, clock, document, seq)
    return seq


def _replay(stored: rows.Stored) -> bytes:
    """Apply and encode; merging thousands of updates is quadratic and holds the GIL."""
    doc: Doc[Any] = Doc()
    if stored.state is not None:
        doc.apply_update(stored.state)
    for row in stored.rows:
        for update in row.updates:
            doc.apply_update(update)
    return doc.get_update()


async def _pack(database: Database, clock: Clock, document: str, up_to: int) -> None:
    async with database.acquire() as connection:
        found = await rows.unpacked_range(connection, document, up_to)
        if found is None:
            return
        first, last, size = found
        if size < PACK_BYTES and last - first + 1 < PACK_ROWS:
            return
        last = min(last, first + MAX_PACK_ROWS - 1)
        batch = await rows.rows_to_pack(connection, document, first, last)
    data = await asyncio.to_thread(rows.pack, batch)
    async with database.transaction() as connection:
        at = to_datetime(clock.now_ms())
        await rows.save_segment(connection, document, first, last, data, at)
