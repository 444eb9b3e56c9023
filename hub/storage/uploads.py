"""Uploads and blobs in the database: who sends what, how much of it is durable, what it became."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.wire.pieces import split


@dataclass(frozen=True, slots=True)
class Upload:
    """One row. ``expires_at_ms`` in Unix ms; ``begun`` and ``writer`` are for who writes."""

    upload: str
    uid: str
    thread: str | None
    name: str
    type: str
    metadata: str
    size: int
    received: int
    state: str
    partial: bool
    parts: list[str] | None
    begun: str
    writer: str | None
    blob: str | None
    reason: str | None
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Pieces:
    """What was noted of an upload: hashes of its whole pieces, and the notes of the store."""

    hashes: list[bytes]
    notes: list[str]


async def reserve(connection: Any, uid: str, thread: str | None) -> None:
    """Keep other uploads of the account and of the thread from being counted at the same time,
    until the transaction ends."""
    for name in sorted(filter(None, (f"account:{uid}", thread and f"thread:{thread}"))):
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('hub.quota:' || $1, 0))", name
        )


async def used_by_account(connection: Any, uid: str) -> int:
    """Bytes that count for somebody: what they are sending, and versions that they brought."""
    return int(await connection.fetchval(_USED_BY_ACCOUNT, uid))


async def used_in_thread(connection: Any, thread: str) -> int:
    return int(await connection.fetchval(_USED_IN_THREAD, thread))


async def outstanding(connection: Any) -> int:
    """Bytes that uploads under way have still to bring, and copies that joining takes. No other
    asks until the transaction ends: what is promised next is counted."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('hub.space', 0))")
    return int(await connection.fetchval(_OUTSTANDING))


async def insert(
    connection: Any, upload: Upload, created_at: datetime, expires_at: datetime
) -> None:  # fmt: skip
    await connection.execute(
        _INSERT, upload.upload, upload.uid, upload.thread, upload.name, upload.type,
        upload.metadata, upload.size, upload.received, upload.state, upload.partial, upload.parts,
        upload.begun, created_at, expires_at, upload.blob,
    )  # fmt: skip


async def find(connection: Any, upload: str, *, lock: bool = False) -> Upload | None:
    row = await connection.fetchrow(_FIND + (" FOR UPDATE" if lock else ""), upload)
    return None if row is None else Upload(*row)


async def find_all(connection: Any, uploads: Sequence[str], *, lock: bool = False) -> list[Upload]:
    """In the order asked for; what is not there is left out."""
    rows = await connection.fetch(_FIND_ALL + (" FOR UPDATE" if lock else ""), sorted(set(uploads)))
    found = {row["upload_id"]: Upload(*row) for row in rows}
    return [found[one] for one in uploads if one in found]


async def joined(connection: Any, uid: str, parts: Sequence[str]) -> Upload | None:
    """The upload that these parts were joined to."""
    row = await connection.fetchrow(_JOINED, uid, list(parts))
    return None if row is None else Upload(*row)


async def pieces(connection: Any, upload: str) -> Pieces:
    rows = await connection.fetch(_PIECES, upload)
    hashes = split(b"".join(row["hashes"] for row in rows))
    return Pieces(hashes, [row["note"] for row in rows])


async def take_over(connection: Any, upload: str, writer: str | None) -> Upload | None:
    """From now on only this writer's marks count."""
    row = await connection.fetchrow(_TAKE_OVER, upload, writer)
    return None if row is None else Upload(*row)


async def is_writer(connection: Any, upload: str, writer: str) -> bool:
    return bool(await connection.fetchval(_IS_WRITER, upload, writer))


async def mark(
    connection: Any, upload: str, writer: str, durable: int, first: int, hashes: Sequence[bytes],
    note: str, expires_at: datetime,
) -> bool:  # fmt: skip
    """Note that bytes are durable; false when another writer has it. In a transaction."""
    moved = await connection.fetchval(_MARK, upload, writer, durable, expires_at)
    if moved is None:
        return False
    await connection.execute(_MARK_PIECES, upload, first, durable, b"".join(hashes), note)
    return True


async def let_go(connection: Any, upload: str, writer: str) -> None:
    await connection.execute(_LET_GO, upload, writer)


async def complete(connection: Any, upload: str, writer: str, blob: str | None) -> bool:
    """All its bytes are durable; what is left is to seal it, or to join a part with others."""
    return (
        await connection.fetchval(
            _COMPLETE, upload, writer, blob, "done" if blob is None else "sealing"
        )
        is not None
    )


async def still_sealing(connection: Any, upload: str) -> bool:
    """Whether an upload is being sealed, and not given up; it stays so until the transaction
    ends."""
    return bool(await connection.fetchval(_STILL_SEALING, upload))


async def sealed(connection: Any, upload: str, blob: str) -> None:
    """The bytes of an upload are a blob now."""
    await connection.execute(_SEALED, upload, blob)
    await connection.execute("DELETE FROM upload_pieces WHERE upload_id = $1", upload)


async def mark_joined(connection: Any, parts: Sequence[str]) -> None:
    """Their bytes are another upload's; the rows stay a while, for who asks again."""
    await connection.execute(
        "UPDATE uploads SET state = 'joined' WHERE upload_id = ANY($1::text[])", list(parts)
    )


async def fail(connection: Any, upload: str, reason: str) -> None:
    await connection.execute(
        "UPDATE uploads SET state = 'failed', reason = $2, writer = NULL "
        "WHERE upload_id = $1 AND state IN ('receiving', 'sealing')",
        upload, reason,
    )  # fmt: skip


async def keep(connection: Any, uploads: Collection[str]) -> set[str]:
    """Those of them that are there. They stay until the transaction ends; their states may
    change."""
    rows = await connection.fetch(_KEEP, sorted(set(uploads)))
    return {row["upload_id"] for row in rows}


async def remove_unused(connection: Any, upload: str) -> bool:
    """Forget an upload that is whole, unless something was made of it; its blob is collected. In
    a transaction."""
    await find(connection, upload, lock=True)
    return bool(await connection.fetchval(_REMOVE_UNUSED, upload))


async def expired(connection: Any, now: datetime, limit: int = 100) -> list[str]:
    """Uploads that nobody went on with, none of them being sealed."""
    return [row["upload_id"] for row in await connection.fetch(_EXPIRED, now, limit)]


async def remove_expired(connection: Any, upload: str, now: datetime) -> Upload | None:
    """Forget an upload, unless it is none of the expired any more. In a transaction."""
    await find(connection, upload, lock=True)
    row = await connection.fetchrow(_REMOVE_EXPIRED, now, upload)
    return None if row is None else Upload(*row)


_COLUMNS = """
upload_id, uid, thread_id, name, type, metadata, size, received, state, partial, parts, begun,
writer, blob_id, reason, (extract(epoch FROM expires_at) * 1000)::bigint AS expires_at_ms
"""

_INSERT = """
INSERT INTO uploads (upload_id, uid, thread_id, name, type, metadata, size, received, state,
                     partial, parts, begun, created_at, expires_at, blob_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""

_FIND = f"SELECT {_COLUMNS} FROM uploads WHERE upload_id = $1"

_FIND_ALL = f"""
SELECT {_COLUMNS} FROM uploads WHERE upload_id = ANY($1::text[]) ORDER BY upload_id
"""

_JOINED = f"SELECT {_COLUMNS} FROM uploads WHERE uid = $1 AND parts = $2 AND state <> 'failed'"

_PIECES = "SELECT hashes, note FROM upload_pieces WHERE upload_id = $1 ORDER BY durable"

_TAKE_OVER = f"""
UPDATE uploads SET writer = $2 WHERE upload_id = $1 AND state = 'receiving' RETURNING {_COLUMNS}
"""

_IS_WRITER = "SELECT writer = $2 FROM uploads WHERE upload_id = $1"

_MARK = """
UPDATE uploads SET received = $3, expires_at = greatest(expires_at, $4)
WHERE upload_id = $1 AND writer = $2 AND received < $3 AND state = 'receiving' RETURNING true
"""

_MARK_PIECES = """
INSERT INTO upload_pieces (upload_id, first, durable, hashes, note) VALUES ($1, $2, $3, $4, $5)
"""

_LET_GO = "UPDATE uploads SET writer = NULL WHERE upload_id = $1 AND writer = $2"

_COMPLETE = """
UPDATE uploads SET state = $4, blob_id = $3, writer = NULL
WHERE upload_id = $1 AND writer = $2 AND state = 'receiving' AND received = size RETURNING true
"""

# Who is just making a file of it goes on meanwhile.
_STILL_SEALING = """
SELECT true FROM uploads WHERE upload_id = $1 AND state = 'sealing' FOR NO KEY UPDATE
"""

_SEALED = """
UPDATE uploads SET state = 'done', blob_id = $2, received = size, writer = NULL
WHERE upload_id = $1
"""

_KEEP = """
SELECT upload_id FROM uploads WHERE upload_id = ANY($1::text[]) ORDER BY upload_id FOR KEY SHARE
"""

# Who removes a row has locked it in a statement before: else one who kept it, and is through with
# it by now, has written what this statement does not see.
_REMOVE_UNUSED = """
DELETE FROM uploads u WHERE upload_id = $1 AND state = 'done'
  AND NOT EXISTS (SELECT FROM versions v WHERE v.key = u.upload_id)
RETURNING true
"""

# Not what a job has still to do with, however long it could not: nothing that was acknowledged is
# lost because a hub was away for days.
_IS_EXPIRED = """
expires_at < $1 AND state <> 'sealing'
  AND NOT (state = 'joined' AND EXISTS (
    SELECT FROM uploads whole WHERE whole.state = 'sealing' AND u.upload_id = ANY(whole.parts)))
  AND NOT (state = 'done' AND EXISTS (
    SELECT FROM versions v WHERE v.key = u.upload_id AND v.state = 'arriving'))
"""

_EXPIRED = f"""
SELECT upload_id FROM uploads u WHERE {_IS_EXPIRED} ORDER BY expires_at LIMIT $2
"""

_REMOVE_EXPIRED = f"""
DELETE FROM uploads u WHERE upload_id = $2 AND {_IS_EXPIRED} RETURNING {_COLUMNS}
"""

# What is on its way, and what has become a version of a file; each once.
_USED = """
SELECT (coalesce((SELECT sum(size) FROM uploads u
                  WHERE u.{owner} = $1 AND u.state NOT IN ('joined', 'failed')
                    AND NOT EXISTS (SELECT FROM versions v WHERE v.key = u.upload_id
                                    AND v.state IN ('ready', 'same'))), 0)
      + coalesce((SELECT sum(size) FROM versions v
                  WHERE v.{author} = $1 AND v.state = 'ready'), 0))::bigint
"""

_USED_BY_ACCOUNT = _USED.format(owner="uid", author="author")

_USED_IN_THREAD = _USED.format(owner="thread_id", author="thread_id")

_OUTSTANDING = """
SELECT coalesce(sum(CASE WHEN state = 'receiving' THEN size - received ELSE size - coalesce(
         (SELECT first.size FROM uploads first WHERE first.upload_id = u.parts[1]), 0) END), 0)
FROM uploads u WHERE state = 'receiving' OR (state = 'sealing' AND parts IS NOT NULL)
"""
