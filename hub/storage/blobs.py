"""Blobs in the database: which name of the store has which bytes, and whether anything refers to
them.

What refers to a blob: a version of an attachment that is not erased, an upload that is not over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.wire.pieces import HASH_BYTES, split


class Blob(NamedTuple):
    """``name`` in the store."""

    blob: str
    size: int
    name: str


class Totals(NamedTuple):
    """``unused`` of them are not referred to; ``bytes`` of all."""

    blobs: int
    bytes: int
    unused: int


async def find(connection: Any, blob_id: str) -> Blob | None:
    row = await connection.fetchrow(
        "SELECT blob_id, size, name FROM blobs WHERE blob_id = $1", blob_id
    )
    return None if row is None else Blob(*row)


async def hashes(connection: Any, blob_id: str, first: int, count: int) -> list[bytes]:
    """Of ``count`` pieces of a blob from the ``first`` on."""
    found = await connection.fetchval(
        "SELECT substring(hashes FROM $2 FOR $3) FROM blobs WHERE blob_id = $1",
        blob_id, first * HASH_BYTES + 1, count * HASH_BYTES,
    )  # fmt: skip
    return split(bytes(found or b""))


async def put(
    connection: Any, blob: Blob, hashes: Sequence[bytes], at: datetime, lost: str | None = None
) -> str:  # fmt: skip
    """Bytes are here under a name. Returns the name that stays: this one, or that of the same bytes
    that were here before. The row is locked until the transaction ends.

    Args:
        lost: a name under which they are not any more, or not as they were.
    """
    row = await connection.fetchrow(
        _PUT, blob.blob, blob.size, blob.name, b"".join(hashes), at, lost
    )  # fmt: skip
    if row["name"] == blob.name:
        # What was made of those before is gone with them, or may be made of what was none.
        await connection.execute("DELETE FROM previews WHERE blob_id = $1", blob.blob)
    return str(row["name"])


async def note_damage(connection: Any, blob: Blob, damaged: bool) -> None:
    """Whether its bytes were not what they are called when they were read last."""
    await connection.execute(_NOTE_DAMAGE, blob.blob, blob.name, damaged)


async def is_damaged(connection: Any, blob_id: str) -> bool:
    return bool(await connection.fetchval("SELECT damaged FROM blobs WHERE blob_id = $1", blob_id))


async def refer(connection: Any, blob_id: str) -> bool:
    """Something is about to refer to a blob, in this transaction; false when it is being
    removed."""
    return bool(await connection.fetchval(_REFER, blob_id))


async def mark_unused(connection: Any, now: datetime) -> None:
    """Note since when nothing refers to a blob, and what is referred to again."""
    await connection.execute(_MARK_USED)
    await connection.execute(_MARK_UNUSED, now)


async def take_unused(connection: Any, before: datetime, limit: int = 100) -> list[Blob]:
    """Blobs to which nothing has referred since ``before``, and nothing can from now on; and those
    whose removal was cut short. In a transaction."""
    return [Blob(*row) for row in await connection.fetch(_TAKE_UNUSED, before, limit)]


async def removed(connection: Any, blob: Blob) -> None:
    """Its bytes are gone; unless the same came again meanwhile, under another name."""
    await connection.execute(
        "DELETE FROM blobs WHERE blob_id = $1 AND name = $2 AND going", blob.blob, blob.name
    )


async def unknown(connection: Any, names: Sequence[str]) -> list[str]:
    """Those of these names in the store that neither a blob, an upload nor a part of a preview
    has."""
    return [row["name"] for row in await connection.fetch(_UNKNOWN, list(names))]


async def after(connection: Any, blob_id: str, limit: int = 100) -> list[Blob]:
    """Blobs in the order of their ids, behind one."""
    return [Blob(*row) for row in await connection.fetch(_AFTER, blob_id, limit)]


async def totals(connection: Any) -> Totals:
    return Totals(*await connection.fetchrow(_TOTALS))


async def set_digest(connection: Any, blob_id: str, sha256: bytes) -> None:
    await connection.execute("UPDATE blobs SET sha256 = $2 WHERE blob_id = $1", blob_id, sha256)


# What is being removed, or was lost, is here again, under the new name.
_PUT = """
INSERT INTO blobs (blob_id, size, name, hashes, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (blob_id) DO UPDATE SET
    name = CASE WHEN blobs.going OR blobs.name = $6 THEN excluded.name ELSE blobs.name END,
    damaged = blobs.damaged AND NOT blobs.going AND blobs.name IS DISTINCT FROM $6,
    going = false, unused_since = NULL
RETURNING name
"""

_NOTE_DAMAGE = """
UPDATE blobs SET damaged = $3 WHERE blob_id = $1 AND name = $2 AND damaged <> $3
"""

_REFER = """
UPDATE blobs SET unused_since = NULL WHERE blob_id = $1 AND NOT going RETURNING true
"""

_REFERRED = """
(EXISTS (SELECT FROM versions v WHERE v.blob_id = b.blob_id)
 OR EXISTS (SELECT FROM uploads u WHERE u.blob_id = b.blob_id AND u.state <> 'failed'))
"""

_MARK_USED = f"""
UPDATE blobs b SET unused_since = NULL
WHERE unused_since IS NOT NULL AND NOT going AND {_REFERRED}
"""

_MARK_UNUSED = f"""
UPDATE blobs b SET unused_since = $1 WHERE unused_since IS NULL AND NOT {_REFERRED}
"""

_TAKE_UNUSED = f"""
UPDATE blobs b SET going = true
WHERE blob_id IN (
    SELECT blob_id FROM blobs WHERE going OR unused_since < $1
    ORDER BY unused_since LIMIT $2 FOR UPDATE SKIP LOCKED
) AND NOT {_REFERRED}
RETURNING blob_id, size, name
"""

_UNKNOWN = """
SELECT n.name FROM unnest($1::text[]) AS n (name)
WHERE NOT EXISTS (SELECT FROM blobs b WHERE b.name = n.name)
  AND NOT EXISTS (SELECT FROM uploads u WHERE u.upload_id = n.name AND u.state <> 'failed')
  AND NOT EXISTS (SELECT FROM preview_parts p WHERE p.name = n.name)
"""

_AFTER = """
SELECT blob_id, size, name FROM blobs WHERE blob_id > $1 AND NOT going ORDER BY blob_id LIMIT $2
"""

_TOTALS = """
SELECT count(*), coalesce(sum(size), 0)::bigint, count(*) FILTER (WHERE unused_since IS NOT NULL)
FROM blobs
"""
