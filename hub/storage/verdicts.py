"""What scanners said of blobs, and which versions were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.wire.events import Verdict


class Place(NamedTuple):
    thread: str
    key: str
    verdict: Verdict
    finding: str


class Untold(NamedTuple):
    """A version whose thread does not know yet how its blob is judged now."""

    attachment: str
    key: str
    thread: str
    seq: int
    author: str
    blocked: bool
    finding: str
    verdict_id: int


async def put(
    connection: Any, blob_id: str, engine: str, database: str, result: str, finding: str,
    scanned_with: str, at: datetime,
) -> None:  # fmt: skip
    """The last word on a blob."""
    await connection.execute(_LOCK, blob_id)
    await connection.execute(_PUT, blob_id, engine, database, result, finding, at)
    await connection.execute(_LAST, blob_id, result, finding, scanned_with, at)


async def last(connection: Any, blob_id: str) -> tuple[str | None, str | None]:
    """The last word on a blob, and what was found; null when there is none."""
    row = await connection.fetchrow(
        "SELECT verdict, finding FROM blobs WHERE blob_id = $1", blob_id
    )  # fmt: skip
    return (None, None) if row is None else (row["verdict"], row["finding"])


async def judged(connection: Any, blob_ids: Sequence[str]) -> list[str]:
    """Those of which there is a word."""
    rows = await connection.fetch(_JUDGED, blob_ids)
    return [row["blob_id"] for row in rows]


async def untold(connection: Any, blob_id: str, limit: int = 100) -> list[Untold]:
    return [Untold(*row) for row in await connection.fetch(_UNTOLD, blob_id, limit)]


async def news(connection: Any, blob_id: str) -> list[Place]:
    """The versions that have this blob and were told another verdict, or none; they are told."""
    return [Place(*row) for row in await connection.fetch(_NEWS, blob_id)]


async def forget(connection: Any, attachments: Sequence[str]) -> None:
    """What versions were told that are being erased."""
    await connection.execute(_FORGET, list(attachments))


async def unscanned(connection: Any, after: str, limit: int = 500) -> list[str]:
    """Blobs without any verdict, in the order of their ids."""
    return [row["blob_id"] for row in await connection.fetch(_UNSCANNED, after, limit)]


async def stale(
    connection: Any, scanned_with: str, since: datetime, before: datetime, limit: int
) -> list[str]:
    """Blobs that came after ``since`` and were last judged by something else, or before
    ``before``; latest first."""
    rows = await connection.fetch(_STALE, scanned_with, since, before, limit)
    return [row["blob_id"] for row in rows]


_JUDGED = """
SELECT blob_id FROM blobs WHERE blob_id = ANY($1::text[]) AND verdict IS NOT NULL ORDER BY blob_id
"""

_LOCK = "SELECT FROM blobs WHERE blob_id = $1 FOR UPDATE"

_PUT = """
INSERT INTO verdicts (blob_id, engine, database, result, finding, at)
SELECT $1, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT FROM blobs WHERE blob_id = $1)
"""

_LAST = """
UPDATE blobs SET verdict = $2, finding = $3, scanned_with = $4, scanned_at = $5 WHERE blob_id = $1
"""

_UNTOLD = """
SELECT v.attachment_id, v.key, v.thread_id, v.seq, v.author, b.verdict = 'blocked',
       b.finding, (SELECT max(verdict_id) FROM verdicts WHERE blob_id = $1)
FROM versions v JOIN blobs b USING (blob_id)
WHERE v.blob_id = $1 AND b.verdict IS NOT NULL AND v.blocked <> (b.verdict = 'blocked')
ORDER BY v.thread_id, v.seq LIMIT $2
"""

# A verdict that is older than an upload of the same bytes would tell its sender that somebody had
# them before. That they are blocked is told at once.
KNOWN = """
(b.verdict = 'blocked' OR u.created_at IS NULL OR b.scanned_at >= u.created_at)
"""
"""Of blobs ``b`` and uploads ``u``."""

_NEWS = f"""
WITH places AS (
    SELECT v.thread_id, v.key, b.verdict, b.finding
    FROM versions v JOIN blobs b USING (blob_id) LEFT JOIN uploads u ON u.upload_id = v.key
    WHERE v.blob_id = $1 AND b.verdict IS NOT NULL AND {KNOWN}
), told AS (
    INSERT INTO told_verdicts AS t SELECT key, verdict, finding FROM places ORDER BY key
    ON CONFLICT (key) DO UPDATE SET verdict = excluded.verdict, finding = excluded.finding
    WHERE (t.verdict, t.finding) <> (excluded.verdict, excluded.finding)
    RETURNING key
)
SELECT thread_id, key, verdict, finding FROM places WHERE key IN (SELECT key FROM told)
"""

_FORGET = """
DELETE FROM told_verdicts t USING versions v
WHERE t.key = v.key AND v.attachment_id = ANY($1::text[])
"""

_UNSCANNED = """
SELECT blob_id FROM blobs WHERE verdict IS NULL AND blob_id > $1 ORDER BY blob_id LIMIT $2
"""

_STALE = """
SELECT blob_id FROM blobs
WHERE created_at > $2 AND scanned_at IS NOT NULL AND NOT going
  AND (scanned_with <> $1 OR scanned_at < $3)
ORDER BY created_at DESC LIMIT $4
"""
