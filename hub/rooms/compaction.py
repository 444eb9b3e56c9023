"""Compaction: a snapshot for opening fast, and older rows packed small. Nothing is discarded.

Made from what is on disk, so it is exact, and any process may do it. A snapshot is read back before
it counts. What waits for something earlier is in none: the snapshot names the rows it is of, and
they are read with it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from hub.clock import Clock, to_datetime
from hub.errors import HubError
from hub.rooms import store
from hub.rooms.content import Content, merged
from hub.rooms.content_rules import contents
from hub.rooms.fold import Unreadable, fold
from hub.storage import documents as rows
from hub.storage.pool import Database
from hub.wire import yupdate

PACK_BYTES = 256 * 1024
PACK_ROWS = 1000
MAX_PACK_ROWS = 5000
MAX_PACK_BYTES = 16 * 1024 * 1024

log = structlog.get_logger()


async def compact(database: Database, clock: Clock, document: str, kind: str) -> int:
    """Write a snapshot of what is committed; returns the seq it stands at.

    Raises:
        HubError: ``bad_snapshot`` when it does not read back as the same document; nothing was
            written then.
    """
    read = await store.read(database, document, kind)
    stored = read.stored
    if not stored.rows_after:
        return stored.snapshot_seq
    seq = stored.rows_after[-1].seq
    state = await asyncio.to_thread(_checked_state, read.folded.content)
    async with database.transaction() as connection:
        at = to_datetime(clock.now_ms())
        waiting = read.folded.waiting
        await rows.save_snapshot(connection, document, seq, state, at, waiting, read.bad)
    await _pack(database, clock, document, seq)
    return seq


def _checked_state(content: Content) -> bytes:
    state = content.doc.get_update()  # apply and encode; merging is quadratic and holds the GIL
    try:
        again = fold(content.kind, state, []).content
    except Unreadable as why:
        raise _bad_snapshot() from why
    if again.clocks != content.clocks or _said(state) != _said(again.doc.get_update()):
        raise _bad_snapshot()
    return state


Said = dict[int, list[tuple[int, int, Any]]]


def _said(state: bytes) -> tuple[Said, dict[int, list[list[int]]]]:
    """What a state says, however its structs are split: what each client's clocks hold, and what
    is deleted."""
    update = yupdate.parse(state)
    said: Said = {}
    for client, structs in update.structs.items():
        runs = said[client] = []
        for struct in structs:
            if struct.kind in (yupdate.GC, yupdate.DELETED):
                if not runs or runs[-1][1] != yupdate.DELETED:
                    runs.append((struct.clock, yupdate.DELETED, None))
            elif struct.text is not None:
                if runs and runs[-1][1] == yupdate.STRING:
                    runs[-1][2].append(struct.text)
                else:
                    runs.append((struct.clock, yupdate.STRING, [struct.text]))
            else:
                runs.append((struct.clock, struct.kind, contents(state, struct)))
        said[client] = [(at, kind, "".join(what) if kind == yupdate.STRING else what)
                        for at, kind, what in runs]  # fmt: skip
    return said, {client: merged(ranges) for client, ranges in update.deletes.items()}


def _bad_snapshot() -> HubError:
    return HubError("A snapshot does not read back.", code="bad_snapshot")


async def _pack(database: Database, clock: Clock, document: str, up_to: int) -> None:
    async with database.acquire() as connection:
        found = await rows.range_to_pack(
            connection, document, up_to, most_rows=MAX_PACK_ROWS, most_bytes=MAX_PACK_BYTES
        )
        if found is None:
            return
        first, last, size = found
        if size < PACK_BYTES and last - first + 1 < PACK_ROWS:
            return
        batch = await rows.rows_to_pack(connection, document, first, last)
    data = await asyncio.to_thread(rows.pack, batch)
    async with database.transaction() as connection:
        at = to_datetime(clock.now_ms())
        await rows.save_segment(connection, document, first, last, data, at)
