"""What may be shown of blobs, where in the store it lies, and which versions have it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.storage.verdicts import KNOWN
from hub.wire.events import Preview


class Candidate(NamedTuple):
    """A version that is ready, and for which no job ran yet. ``uploaded``: its thread brought the
    bytes, and may be the first one to."""

    key: str
    thread: str
    name: str
    type: str
    uploaded: bool


class Part(NamedTuple):
    """``name`` in the store."""

    part: str
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    made_at: datetime


class Row(NamedTuple):
    preview_id: int
    blob: str
    kind: str
    media_type: str
    width: int | None
    height: int | None
    pages: int | None
    reason: str | None
    truncated: bool
    has_text: bool


class Shown(NamedTuple):
    """The preview of a version, since ``at``."""

    row: Row
    at: datetime


async def candidates(connection: Any, blob_id: str, judged: bool) -> list[Candidate]:
    """Args:
    judged: only those for which a scanner has looked at it.
    """
    return [Candidate(*row) for row in await connection.fetch(_CANDIDATES, blob_id, judged)]


async def missing(connection: Any, after: str, judged: bool, limit: int = 500) -> list[str]:
    """Blobs with versions for which no job ran, in the order of their ids.

    Args:
        judged: only those that a scanner has looked at.
    """
    rows = await connection.fetch(_MISSING, after, judged, limit)
    return [row["blob_id"] for row in rows]


async def verdict(connection: Any, blob_id: str) -> str | None:
    found: str | None = await connection.fetchval(
        "SELECT verdict FROM blobs WHERE blob_id = $1", blob_id
    )
    return found


async def find(connection: Any, blob_id: str, kind: str, media_type: str) -> Row | None:
    row = await connection.fetchrow(_FIND, blob_id, kind, media_type)
    return None if row is None else Row(*row)


async def of_version(connection: Any, key: str) -> Shown | None:
    row = await connection.fetchrow(_OF_VERSION, key)
    return None if row is None else Shown(Row(*row[:-1]), row[-1])


async def text(connection: Any, preview_id: int) -> str | None:
    found: str | None = await connection.fetchval(
        "SELECT text FROM previews WHERE preview_id = $1", preview_id
    )
    return found


async def part(connection: Any, preview_id: int, part: str) -> Part | None:
    row = await connection.fetchrow(_PART, preview_id, part)
    return None if row is None else Part(*row)


async def put(
    connection: Any, blob_id: str, kind: str, media_type: str, *, width: int | None,
    height: int | None, pages: int | None, reason: str | None, text: str | None, truncated: bool,
    parts: Sequence[Part], at: datetime,
) -> int:  # fmt: skip
    """Instead of what there was of it. Returns its id."""
    preview_id: int = await connection.fetchval(
        _PUT, blob_id, kind, media_type, width, height, pages, reason, text, truncated, at
    )
    await connection.execute("DELETE FROM preview_parts WHERE preview_id = $1", preview_id)
    for one in parts:
        await put_part(connection, preview_id, one)
    return preview_id


async def put_part(connection: Any, preview_id: int, part: Part) -> Part | None:
    """Returns the one that stays: this one, or what was there, as old as this one now; null when
    the preview is gone."""
    row = await connection.fetchrow(_PUT_PART, preview_id, *part)
    return None if row is None else Part(*row)


async def show(connection: Any, preview_id: int, keys: Sequence[str], at: datetime) -> None:
    """From now on these versions have it."""
    await connection.execute(_SHOW, preview_id, list(keys), at)


async def names(connection: Any, blob_id: str) -> list[str]:
    """Of all parts that were made of a blob, in the store."""
    return [row["name"] for row in await connection.fetch(_NAMES, blob_id)]


async def forget(connection: Any, attachments: Sequence[str]) -> None:
    """Which previews versions had that are being erased."""
    await connection.execute(_FORGET, list(attachments))


async def wire(connection: Any, preview_id: int) -> Preview | None:
    """As clients see it."""
    row = await connection.fetchrow(_WIRE, preview_id)
    return None if row is None else preview(row)


def preview(row: Any) -> Preview | None:
    """Of a row with ``COLUMNS``."""
    if row["preview_kind"] is None:
        return None
    return Preview(
        kind=row["preview_kind"], parts=list(row["preview_parts"] or ()),
        width=row["preview_width"], height=row["preview_height"], pages=row["preview_pages"],
        reason=row["preview_reason"], truncated=row["preview_truncated"],
    )  # fmt: skip


# Pages are made when somebody asks for them: that is nobody else's business.
COLUMNS = """
p.kind AS preview_kind, p.width AS preview_width, p.height AS preview_height,
p.pages AS preview_pages, p.reason AS preview_reason, p.truncated AS preview_truncated,
ARRAY(SELECT part FROM preview_parts o
      WHERE o.preview_id = p.preview_id AND o.part NOT LIKE 'page-%'
      UNION ALL SELECT 'text' WHERE p.text IS NOT NULL ORDER BY 1) AS preview_parts
"""
"""Of previews ``p``."""

JOIN = """
LEFT JOIN version_previews w ON w.key = v.key LEFT JOIN previews p ON p.preview_id = w.preview_id
"""
"""The previews ``p`` of versions ``v``."""

_ROW = """
p.preview_id, p.blob_id, p.kind, p.media_type, p.width, p.height, p.pages, p.reason, p.truncated,
p.text IS NOT NULL
"""

_CANDIDATES = f"""
SELECT v.key, v.thread_id, v.name, v.type, u.upload_id IS NOT NULL
FROM versions v JOIN blobs b USING (blob_id) LEFT JOIN uploads u ON u.upload_id = v.key
WHERE v.blob_id = $1 AND v.state IN ('ready', 'same')
  AND (NOT $2 OR b.verdict IS NOT NULL AND {KNOWN})
  AND NOT EXISTS (SELECT FROM version_previews w WHERE w.key = v.key)
ORDER BY v.thread_id, v.seq
"""

_MISSING = """
SELECT DISTINCT b.blob_id FROM versions v JOIN blobs b USING (blob_id)
WHERE b.blob_id > $1 AND v.state IN ('ready', 'same')
  AND NOT EXISTS (SELECT FROM version_previews w WHERE w.key = v.key)
  AND b.verdict IS DISTINCT FROM 'blocked' AND (NOT $2 OR b.verdict IS NOT NULL)
ORDER BY b.blob_id LIMIT $3
"""

_FIND = f"SELECT {_ROW} FROM previews p WHERE blob_id = $1 AND kind = $2 AND media_type = $3"

_OF_VERSION = f"""
SELECT {_ROW}, w.at FROM version_previews w JOIN previews p USING (preview_id) WHERE w.key = $1
"""

_PART = """
SELECT part, name, media_type, size, width, height, made_at FROM preview_parts
WHERE preview_id = $1 AND part = $2
"""

_PUT = """
INSERT INTO previews
    (blob_id, kind, media_type, width, height, pages, reason, text, truncated, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (blob_id, kind, media_type) DO UPDATE SET
    width = excluded.width, height = excluded.height, pages = excluded.pages,
    reason = excluded.reason, text = excluded.text, truncated = excluded.truncated,
    made_at = excluded.made_at
RETURNING preview_id
"""

_PUT_PART = """
INSERT INTO preview_parts (preview_id, part, name, media_type, size, width, height, made_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE EXISTS (
    SELECT FROM previews WHERE preview_id = $1 FOR SHARE)
ON CONFLICT (preview_id, part) DO UPDATE SET made_at = excluded.made_at
RETURNING part, name, media_type, size, width, height, made_at
"""

_SHOW = """
INSERT INTO version_previews (key, preview_id, at) SELECT k, $1, $3 FROM unnest($2::text[]) AS k
WHERE EXISTS (SELECT FROM versions v WHERE v.key = k)
ON CONFLICT (key) DO NOTHING
"""

_NAMES = """
SELECT o.name FROM preview_parts o JOIN previews p USING (preview_id) WHERE p.blob_id = $1
"""

_FORGET = """
DELETE FROM version_previews w USING versions v
WHERE w.key = v.key AND v.attachment_id = ANY($1::text[])
"""

_WIRE = f"SELECT {COLUMNS} FROM previews p WHERE p.preview_id = $1"
