"""Rows of documents: the log of their updates, snapshots, packed segments, owners of client ids.

A document's stream holds ``doc.update`` and ``doc.relay`` rows (updates of one sender, each behind
its length; in the latter under client ids that are not all the sender's) and ``doc.claim`` rows
(who may write under which client id). Nothing here knows what an update means.
"""

from __future__ import annotations

import asyncio
import lzma
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog

from hub.errors import HubError
from hub.storage.timeline import DOCUMENT_COLUMNS, DOCUMENT_TABLES, document_info
from hub.wire.api import DocumentInfo
from hub.wire.varint import read_bytes, write_varint

log = structlog.get_logger()

SNAPSHOT_FORMAT = 2  # made by hub.rooms.fold; others are made anew from the log
SEGMENT_FORMAT = 1  # xz over: for each row 1 byte (body there?), salt, length, body
# Long repeats lie close together in typed text: a small dictionary costs little memory.
UNREADABLE = b"\xff"  # stands for the body of a row in a segment that is damaged
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]


@dataclass(frozen=True, slots=True)
class Row:
    """``updates`` were sent by ``sender`` and committed at ``at_ms``. ``proven``: everything in
    them is under the sender's own client ids. ``readable``: false when nobody can say what it
    held."""

    seq: int
    sender: str
    at_ms: int
    updates: list[bytes]
    proven: bool = True
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the disk has it: a state and the rows that are not, or not wholly, in it: those
    after ``snapshot_seq``, and earlier ones that waited then. Without a state: all rows."""

    snapshot_seq: int
    state: bytes | None
    rows: list[Row]
    head: int

    @property
    def rows_after(self) -> list[Row]:
        return [row for row in self.rows if row.seq > self.snapshot_seq]


async def info(connection: Any, document: str) -> DocumentInfo | None:
    row = await connection.fetchrow(_INFO, document)
    return None if row is None else document_info(row)


async def new_number(connection: Any) -> int:
    """A hub-wide number for a new document."""
    return int(await connection.fetchval("SELECT nextval('document_numbers')"))


async def load(connection: Any, document: str, below: int | None = None) -> Stored:
    """The latest snapshot and the rows it lacks. Read it in one snapshot of the database.

    Args:
        below: take a snapshot before this seq, because that one cannot be read.
    """
    snapshot = await connection.fetchrow(_SNAPSHOT, document, SNAPSHOT_FORMAT, below)
    head = await connection.fetchval(_HEAD, document) or 0
    if snapshot is None:
        return Stored(0, None, await all_rows(connection, document), head)
    rows = await _rows(connection, document, snapshot["seq"], snapshot["waiting"])
    return Stored(snapshot["seq"], snapshot["state"], rows, head)


async def all_rows(connection: Any, document: str) -> list[Row]:
    """Every update row from the first, packed or not: the whole history."""
    return await _rows(connection, document, 0)


async def _rows(
    connection: Any, document: str, after: int, and_also: Iterable[int] = ()
) -> list[Row]:
    """Update rows above a seq, and some earlier ones, packed or not."""
    earlier = list(and_also)
    found = await connection.fetch(_ROWS, document, after, earlier)
    bodies = await _packed_bodies(connection, document, found, after, earlier)
    return [
        _row(row, body)
        for row in found
        if (body := row["body"] or bodies.get(row["seq"])) is not None
    ]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A row of a document's log, whatever it says; ``body`` is empty when it was erased."""

    seq: int
    type: str
    sender: str
    body: bytes

    @property
    def updates(self) -> list[bytes]:
        return decode_updates(self.body)


async def entries_after(connection: Any, document: str, seq: int) -> list[LogEntry]:
    """All rows above a seq, packed or not."""
    found = await connection.fetch(_ENTRIES, document, seq)
    bodies = await _packed_bodies(connection, document, found, seq, [])
    return [
        LogEntry(
            row["seq"], row["type"], row["sender"], row["body"] or bodies.get(row["seq"]) or b""
        )
        for row in found
    ]


async def _packed_bodies(
    connection: Any, document: str, found: Sequence[Any], after: int, earlier: list[int]
) -> dict[int, bytes]:
    """Of the segments that hold rows above a seq, and some earlier ones, if any row needs them."""
    bodies: dict[int, bytes] = {}
    if any(row["body"] is None for row in found):  # packed, or erased
        for segment in await connection.fetch(_SEGMENTS, document, after, earlier):
            try:
                unpacked = await _unpacked(segment)
            except (HubError, lzma.LZMAError, ValueError) as error:
                first, last = segment["first_seq"], segment["last_seq"]
                log.error("a segment cannot be read", document=document, seq=first, reason=error)
                bodies.update(dict.fromkeys(range(first, last + 1), UNREADABLE))
                continue
            for seq, _, body in unpacked:
                if body is not None:
                    bodies[seq] = body
    return bodies


async def _unpacked(segment: Any) -> list[tuple[int, bytes | None, bytes | None]]:
    given = segment["first_seq"], segment["format"], segment["data"]
    return await asyncio.to_thread(unpack, *given)


def _row(row: Any, body: bytes) -> Row:
    try:
        updates, readable = decode_updates(body), True
    except HubError:
        updates, readable = [], False
    proven = row["type"] == "doc.update"
    return Row(row["seq"], row["sender"], row["at_ms"], updates, proven, readable)


def decode_updates(body: bytes) -> list[bytes]:
    """The updates of one row.

    Raises:
        ProtocolError: the row is damaged.
    """
    updates = []
    at = 0
    while at < len(body):
        update, at = read_bytes(body, at)
        updates.append(update)
    return updates


def encode_updates(updates: Iterable[bytes]) -> bytes:
    """The body of one row."""
    return b"".join(write_varint(len(one)) + one for one in updates)


# --- owners of client ids -------------------------------------------------------------------------


class Owner(NamedTuple):
    """Client ids ``first`` to ``last`` belong to ``uid``; ``bound``: one that a stock client chose
    itself."""

    first: int
    last: int
    uid: str
    bound: bool


async def owners(connection: Any, document: str) -> list[Owner]:
    return [Owner(*row) for row in await connection.fetch(_OWNERS, document)]


async def owners_among(
    connection: Any, document: str, firsts: Sequence[int], lasts: Sequence[int]
) -> set[str]:
    """Whose ids there are in some blocks."""
    rows = await connection.fetch(_OWNERS_AMONG, document, list(firsts), list(lasts))
    return {row["uid"] for row in rows}


async def leased_to(connection: Any, document: str, uid: str) -> int:
    """How many client ids were leased to a user."""
    return int(await connection.fetchval(_LEASED, document, uid))


class Relayed(NamedTuple):
    """``uid`` delivered these clocks under a client id of somebody else at ``at_ms``."""

    client: int
    clock: int
    length: int
    uid: str
    at_ms: int


async def relayed(connection: Any, document: str) -> list[Relayed]:
    """By client id and clock."""
    return [Relayed(*row) for row in await connection.fetch(_RELAYED, document)]


async def packed_bodies(connection: Any, document: str, after: int) -> dict[int, bytes]:
    """Bodies, by seq, of packed rows above a seq that projections are made of."""
    bodies = {}
    for row in await connection.fetch(_PACKED, document, after):
        seqs = set(row["seqs"])
        for seq, _, body in await _unpacked(row):
            if seq in seqs and body is not None:
                bodies[seq] = body
    return bodies


# --- faults ---------------------------------------------------------------------------------------


async def note_faults(connection: Any, document: str, seqs: Sequence[int], at: Any) -> None:
    """Remember rows that were set aside because they cannot be read."""
    await connection.execute(_NOTE_FAULTS, document, list(seqs), at)


async def faults(connection: Any) -> list[tuple[str, list[int]]]:
    """Documents with such rows."""
    return [(row["document_id"], row["seqs"]) for row in await connection.fetch(_FAULTS)]


# --- compaction -----------------------------------------------------------------------------------


async def lock_replacing(connection: Any, document: str) -> None:
    """Until the transaction ends nobody else, of any process, replaces words in this document."""
    await connection.execute(_LOCK_REPLACING, document)


async def lock(connection: Any, document: str) -> None:
    """Keep other compactions of a document out until the transaction ends."""
    await connection.execute(_LOCK, document)


async def save_snapshot(
    connection: Any, document: str, seq: int, state: bytes, at: Any,
    waiting: Iterable[int] = (), bad: Iterable[int] = (),
) -> bool:  # fmt: skip
    """Keep ``state`` as what all rows up to ``seq`` give. False when a later one is there already.
    Call it in a transaction: it holds the document's lock to the end.

    Args:
        waiting: seqs of rows of which a part lacks something, and so is not in the state.
        bad: seqs of snapshots that could not be read.
    """
    await lock(connection, document)
    await connection.execute(_DROP_BAD, document, list(bad))
    latest = await connection.fetchval(_SNAPSHOT_SEQ, document, SNAPSHOT_FORMAT)
    if latest is not None and latest >= seq:
        return False
    await connection.execute(_SAVE, document, seq, state, at, SNAPSHOT_FORMAT, list(waiting))
    await connection.execute(_DROP_OLDER, document, SNAPSHOT_FORMAT)
    return True


async def range_to_pack(
    connection: Any, document: str, up_to: int, *, most_rows: int, most_bytes: int
) -> tuple[int, int, int] | None:
    """First and last seq of the rows up to ``up_to`` that are not packed yet, as many as make a
    segment, and their bytes; one row at least."""
    row = await connection.fetchrow(_UNPACKED, document, up_to, most_rows, most_bytes)
    return None if row["first"] is None else (row["first"], row["last"], row["bytes"])


async def rows_to_pack(
    connection: Any, document: str, first: int, last: int
) -> list[tuple[int, bytes | None, bytes | None]]:
    """(seq, salt, body) of the rows, in order."""
    return [tuple(row) for row in await connection.fetch(_TO_PACK, document, first, last)]


def pack(rows: Iterable[tuple[int, bytes | None, bytes | None]]) -> bytes:
    """Compress rows into a segment; takes long, so call it in a thread."""
    parts: list[bytes] = []
    for _, salt, body in rows:
        if salt is None or body is None:
            parts.append(b"\x00")
        else:
            parts += (b"\x01", salt, write_varint(len(body)), body)
    return lzma.compress(b"".join(parts), format=lzma.FORMAT_XZ, filters=_FILTERS)


def unpack(first: int, format_: int, data: bytes) -> list[tuple[int, bytes | None, bytes | None]]:
    """The rows of a segment, exactly as they were."""
    if format_ != SEGMENT_FORMAT:
        raise HubError(f"A segment has the unknown format {format_}.", code="unknown_segment")
    raw = lzma.decompress(data, format=lzma.FORMAT_XZ)
    rows: list[tuple[int, bytes | None, bytes | None]] = []
    at = 0
    while at < len(raw):
        if raw[at] == 0:
            rows.append((first + len(rows), None, None))
            at += 1
            continue
        salt = raw[at + 1 : at + 17]
        body, at = read_bytes(raw, at + 17)
        rows.append((first + len(rows), salt, body))
    return rows


async def save_segment(
    connection: Any, document: str, first: int, last: int, data: bytes, at: Any
) -> bool:
    """Store a segment and empty the rows it holds. False when somebody else packed them first.
    Call it in a transaction."""
    await lock(connection, document)
    if await connection.fetchval(_OVERLAP, document, first, last):
        return False
    await connection.execute(_SEGMENT, document, first, last, SEGMENT_FORMAT, data, at)
    await connection.execute(_EMPTY, document, first, last)
    return True


_INFO = f"SELECT {DOCUMENT_COLUMNS} FROM {DOCUMENT_TABLES} WHERE d.document_id = $1"

_SNAPSHOT = """
SELECT seq, state, waiting FROM document_snapshots
WHERE document_id = $1 AND format = $2 AND ($3::bigint IS NULL OR seq < $3)
ORDER BY seq DESC LIMIT 1
"""

_SNAPSHOT_SEQ = "SELECT max(seq) FROM document_snapshots WHERE document_id = $1 AND format = $2"

_HEAD = "SELECT head_seq FROM streams WHERE stream_id = $1"

_ROWS = """
SELECT seq, type, sender, (extract(epoch FROM at) * 1000)::bigint AS at_ms, body FROM events
WHERE stream_id = $1 AND (seq > $2 OR seq = ANY($3::bigint[]))
  AND type IN ('doc.update', 'doc.relay')
ORDER BY seq
"""

_ENTRIES = """
SELECT seq, type, sender, body FROM events WHERE stream_id = $1 AND seq > $2 ORDER BY seq
"""

_RELAYED = """
SELECT client_id, clock, length, uid, (extract(epoch FROM at) * 1000)::bigint FROM relayed
WHERE document_id = $1 ORDER BY client_id, clock
"""

_SEGMENTS = """
SELECT first_seq, last_seq, format, data FROM document_segments
WHERE document_id = $1 AND (last_seq > $2 OR EXISTS (
    SELECT FROM unnest($3::bigint[]) AS w (seq) WHERE w.seq BETWEEN first_seq AND last_seq))
ORDER BY first_seq
"""

_OWNERS = """
SELECT first_id, last_id, uid, origin = 'bound' FROM client_ids
WHERE document_id = $1 ORDER BY first_id
"""

# Blocks do not overlap, so that the last one to begin before an end is the only one to look at.
_OWNERS_AMONG = """
SELECT o.uid FROM unnest($2::bigint[], $3::bigint[]) AS b (first, last)
CROSS JOIN LATERAL (SELECT uid, last_id FROM client_ids
                    WHERE document_id = $1 AND first_id <= b.last
                    ORDER BY first_id DESC LIMIT 1) o
WHERE o.last_id >= b.first
"""

_LEASED = """
SELECT coalesce(sum(last_id - first_id + 1), 0)::bigint FROM client_ids
WHERE document_id = $1 AND uid = $2 AND origin = 'leased'
"""

_PACKED = """
SELECT s.first_seq, s.format, s.data, array_agg(e.seq) AS seqs
FROM document_segments s
JOIN events e ON e.stream_id = s.document_id AND e.seq BETWEEN s.first_seq AND s.last_seq
WHERE s.document_id = $1 AND e.seq > $2 AND e.type IN ('doc.claim', 'doc.relay')
GROUP BY s.first_seq, s.format, s.data ORDER BY s.first_seq
"""

_NOTE_FAULTS = """
INSERT INTO document_faults (document_id, seq, at)
SELECT $1, seq, $3 FROM unnest($2::bigint[]) AS s (seq)
ON CONFLICT DO NOTHING
"""

_FAULTS = """
SELECT document_id, array_agg(seq ORDER BY seq) AS seqs FROM document_faults
GROUP BY document_id ORDER BY document_id
"""

_LOCK_REPLACING = "SELECT pg_advisory_xact_lock(hashtextextended('replacing/' || $1, 0))"

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('compaction/' || $1, 0))"

_SAVE = """
INSERT INTO document_snapshots (document_id, seq, state, at, format, waiting)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (document_id, seq) DO UPDATE
SET state = excluded.state, at = excluded.at, format = excluded.format,
    waiting = excluded.waiting
"""

_DROP_BAD = "DELETE FROM document_snapshots WHERE document_id = $1 AND seq = ANY($2::bigint[])"

# The one before the latest stays, for the day when the latest cannot be read.
_DROP_OLDER = """
DELETE FROM document_snapshots WHERE document_id = $1 AND seq < (
    SELECT min(seq) FROM (SELECT seq FROM document_snapshots
                          WHERE document_id = $1 AND format = $2
                          ORDER BY seq DESC LIMIT 2) AS kept)
"""

_UNPACKED = """
SELECT min(seq) AS first, max(seq) AS last, coalesce(sum(size), 0)::bigint AS bytes
FROM (SELECT seq, coalesce(length(body), 0) AS size,
             sum(coalesce(length(body), 0)) OVER (ORDER BY seq) AS so_far,
             row_number() OVER (ORDER BY seq) AS number
      FROM events
      WHERE stream_id = $1 AND seq <= $2
        AND seq > coalesce((SELECT max(last_seq) FROM document_segments
                            WHERE document_id = $1), 0)
      ORDER BY seq LIMIT $3) AS unpacked
WHERE so_far <= $4 OR number = 1
"""

_TO_PACK = """
SELECT seq, salt, body FROM events
WHERE stream_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq
"""

_OVERLAP = """
SELECT EXISTS (SELECT FROM document_segments
               WHERE document_id = $1 AND first_seq <= $3 AND last_seq >= $2)
"""

_SEGMENT = """
INSERT INTO document_segments (document_id, first_seq, last_seq, format, data, at)
VALUES ($1, $2, $3, $4, $5, $6)
"""

_EMPTY = """
UPDATE events SET body = NULL, salt = NULL WHERE stream_id = $1 AND seq BETWEEN $2 AND $3
"""
