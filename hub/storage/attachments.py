"""Reading the files of a thread, and erasing those that were removed.

Nothing here decides who may read: callers say from which seq on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from hub.storage import previews, verdicts
from hub.storage.blobs import Blob
from hub.storage.verdicts import KNOWN
from hub.wire.api import Attachment, Property, Version
from hub.wire.properties import DocumentSource, PersonSource, PropertyValue


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """An attachment as commands see it; ``erase_at_ms`` while its removal can be undone.

    ``removed_with``: the seq of the message whose deletion took it along.
    """

    attachment: str
    thread: str
    name: str
    document: str | None
    added_seq: int
    number: int | None
    removed_by: str | None
    erase_at_ms: int | None
    removed_with: int | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    attachment: str
    key: str
    thread: str
    seq: int
    author: str
    name: str
    type: str
    size: int
    state: str
    number: int | None
    blob: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What is served of a version: its bytes lie under ``place`` in the store."""

    version: VersionRow
    place: str
    removed: bool
    verdict: str | None
    finding: str | None


class PropertyRow(NamedTuple):
    """``source`` is null when a person says so."""

    key: str
    value: PropertyValue
    source: DocumentSource | None


class Shown(NamedTuple):
    """A file as it is shown; null verdict: none has looked, or none may be told."""

    blob: Blob
    name: str
    at_ms: int
    verdict: str | None


class Picture(NamedTuple):
    attachment: str
    name: str
    type: str
    blob: Blob


async def find(connection: Any, attachment: str) -> AttachmentRow | None:
    row = await connection.fetchrow(_FIND, attachment)
    return None if row is None else AttachmentRow(*row)


async def version(connection: Any, attachment: str, number: int) -> VersionRow | None:
    """A version that is ready."""
    row = await connection.fetchrow(_VERSION, attachment, number)
    return None if row is None else VersionRow(*row)


async def by_key(connection: Any, key: str) -> VersionRow | None:
    row = await connection.fetchrow(_BY_KEY, key)
    return None if row is None else VersionRow(*row)


async def are_used(connection: Any, keys: Sequence[str]) -> bool:
    """Whether one of them names a version already."""
    return bool(await connection.fetchval(_ARE_USED, list(keys)))


async def versions(connection: Any, attachment: str) -> list[VersionRow]:
    """In the order in which they were added."""
    return [VersionRow(*row) for row in await connection.fetch(_VERSIONS, attachment)]


async def stored(connection: Any, attachment: str, number: int) -> Stored | None:
    row = await connection.fetchrow(_STORED, attachment, number)
    if row is None:
        return None
    *version, place, removed, verdict, finding = row
    return Stored(VersionRow(*version), place, removed, verdict, finding)


async def pictures(
    connection: Any, document: str, most_bytes: int, judged: bool
) -> list[Picture]:  # fmt: skip
    """Those of a document that may be shown, smallest first.

    Args:
        judged: only those that a scanner has looked at.
    """
    rows = await connection.fetch(_PICTURES, document, most_bytes, judged)
    return [Picture(row[0], row[1], row[2], Blob(*row[3:])) for row in rows]


async def property_of(connection: Any, attachment: str, folded: str) -> PropertyRow | None:
    """The property under a key, folded."""
    row = await connection.fetchrow(_PROPERTY, attachment, folded)
    return None if row is None else PropertyRow(row["key"], *_said(row))


async def count_others(connection: Any, attachment: str, folded: str) -> int:
    """How many properties there are under other keys than this, folded."""
    return int(await connection.fetchval(_OTHERS, attachment, folded))


def numbered(before: Sequence[VersionRow], blob: str) -> tuple[int, bool]:
    """The number of a version whose bytes are here, and whether an earlier one has the same."""
    ready = [one for one in before if one.state == "ready" and one.number is not None]
    for one in ready:
        if one.blob == blob:
            return one.number or 0, True
    return 1 + max((one.number or 0 for one in ready), default=0), False


async def used_in(connection: Any, thread: str) -> int:
    """Bytes of a thread's versions; the same bytes again count again."""
    return int(await connection.fetchval(_USED, thread))


async def listed(
    connection: Any, thread: str, from_seq: int, before: int | None, limit: int
) -> tuple[list[Attachment], bool]:
    """The attachments of a thread, latest first, each with its shown version and what arrives;
    those that came with the history from ``from_seq`` on. At most ``limit`` that were added before
    a seq; and whether there are more."""
    rows = await connection.fetch(_LIST, thread, from_seq, before, limit + 1)
    found = {row["attachment_id"]: _attachment(row) for row in rows[:limit]}
    for row in await connection.fetch(_LIST_VERSIONS, list(found), from_seq):
        found[row["attachment_id"]].versions.append(_version(row))
    await _add_properties(connection, found, from_seq)
    return list(found.values()), len(rows) > limit


async def shown(
    connection: Any, thread: str, from_seq: int, attachments: Sequence[str] | None
) -> list[Shown]:
    """What is shown of the files of a thread, or of some of them, in the order in which they came;
    without those that are removed."""
    rows = await connection.fetch(
        _SHOWN, thread, from_seq, None if attachments is None else list(attachments)
    )
    return [Shown(Blob(*row[:3]), *row[3:]) for row in rows]


async def some(
    connection: Any, attachments: Sequence[str], from_seq: int
) -> list[Attachment]:  # fmt: skip
    """Attachments with all of their versions that may be seen from ``from_seq`` on, newest first,
    in the order asked for."""
    if not attachments:
        return []
    found = {
        row["attachment_id"]: _attachment(row)
        for row in await connection.fetch(_SOME, list(attachments))
    }
    for row in await connection.fetch(_SOME_VERSIONS, list(attachments), from_seq):
        found[row["attachment_id"]].versions.append(_version(row))
    await _add_properties(connection, found, from_seq)
    return [
        found[one] for one in dict.fromkeys(attachments) if one in found and found[one].versions
    ]


async def erase_due(connection: Any, now: datetime, limit: int = 100) -> int:
    """Erase what was removed and can no longer be brought back; returns how many. The eraser's
    lock is held."""
    due = await connection.fetch(_DUE, now, limit)
    if due:
        ids = [row["attachment_id"] for row in due]
        threads = list({row["thread_id"] for row in due})
        seqs = await connection.fetch(_ERASE_EVENTS, threads, ids)
        await connection.execute(
            _ERASE_LINES, [row["stream_id"] for row in seqs], [row["seq"] for row in seqs]
        )
        # What brought them is over, too: it keeps no bytes, counts for nobody, and makes no file
        # of them again.
        await connection.execute(_FORGET_UPLOADS, ids)
        await _delete(connection, ids)
    return len(due)


async def forget_erased(connection: Any, thread: str) -> None:
    """Take what the log does not say any more from the projections."""
    gone = [row["attachment_id"] for row in await connection.fetch(_ERASED, thread)]
    await _delete(connection, gone)
    await connection.execute(_FORGET_LINES, thread)


async def _delete(connection: Any, attachments: Sequence[str]) -> None:
    await previews.forget(connection, attachments)
    await verdicts.forget(connection, attachments)
    for table in ("versions", "attachment_properties", "document_files", "attachments"):
        await connection.execute(
            f"DELETE FROM {table} WHERE attachment_id = ANY($1::text[])", attachments
        )


async def _add_properties(
    connection: Any, found: Mapping[str, Attachment], from_seq: int
) -> None:  # fmt: skip
    """What was said of a version that may be seen."""
    for row in await connection.fetch(_PROPERTIES, list(found), from_seq):
        value, source = _said(row)
        found[row["attachment_id"]].properties.append(
            Property(row["key"], value, row["set_by"], row["set_at_ms"], source or PersonSource())
        )


def _said(row: Mapping[str, Any]) -> tuple[PropertyValue, DocumentSource | None]:
    value: PropertyValue = _decode_value(row["property"])
    return value, None if row["source"] is None else _decode_source(row["source"])


def _attachment(row: Mapping[str, Any]) -> Attachment:
    return Attachment(
        attachment=row["attachment_id"],
        thread=row["thread_id"],
        name=row["name"],
        seq=row["added_seq"],
        added_by=row["added_by"],
        added_at=row["added_at_ms"],
        number=row["number"],
        count=row["count"],
        versions=[],
        document=row["document_id"],
        removed_by=row["removed_by"],
        undo_until=row["erase_at_ms"],
    )


def _version(row: Mapping[str, Any]) -> Version:
    return Version(
        key=row["key"],
        seq=row["seq"],
        author=row["author"],
        at=row["at_ms"],
        name=row["name"],
        type=row["type"],
        size=row["size"],
        state=row["state"],
        number=row["number"],
        blob=row["blob_id"],
        reason=row["reason"],
        received=row["received"],
        document=row["document_id"],
        authors=row["authors"] or [],
        verdict=row["verdict"],
        finding=row["finding"] or None,
        # Of what is blocked nothing is shown any more.
        preview=None if row["verdict"] == "blocked" else previews.preview(row),
    )


_decode_value = msgspec.json.Decoder(PropertyValue).decode
_decode_source = msgspec.json.Decoder(DocumentSource).decode

_PROPERTY = """
SELECT key, property, source FROM attachment_properties WHERE attachment_id = $1 AND folded = $2
"""

_OTHERS = """
SELECT count(*) FROM attachment_properties WHERE attachment_id = $1 AND folded <> $2
"""

_PROPERTIES = """
SELECT attachment_id, key, property, source, set_by,
       (extract(epoch FROM set_at) * 1000)::bigint AS set_at_ms
FROM attachment_properties WHERE attachment_id = ANY($1::text[]) AND target >= $2
ORDER BY folded
"""

_FIND = """
SELECT attachment_id, thread_id, name, document_id, added_seq, number, removed_by,
       (extract(epoch FROM erase_at) * 1000)::bigint, removed_with
FROM attachments WHERE attachment_id = $1
"""

_ROW = """
v.attachment_id, v.key, v.thread_id, v.seq, v.author, v.name, v.type, v.size, v.state, v.number,
v.blob_id
"""

_VERSION = f"""
SELECT {_ROW} FROM versions v WHERE v.attachment_id = $1 AND v.number = $2 AND v.state = 'ready'
"""

_BY_KEY = f"SELECT {_ROW} FROM versions v WHERE v.key = $1"

_ARE_USED = "SELECT EXISTS (SELECT FROM versions WHERE key = ANY($1::text[]))"

_VERSIONS = f"SELECT {_ROW} FROM versions v WHERE v.attachment_id = $1 ORDER BY v.seq"

_VERDICT = f"""
CASE WHEN {KNOWN} THEN b.verdict END AS verdict, CASE WHEN {KNOWN} THEN b.finding END AS finding
"""

_STORED = f"""
SELECT {_ROW}, b.name AS place, a.removed_by IS NOT NULL AS removed, {_VERDICT}
FROM versions v JOIN attachments a USING (attachment_id) JOIN blobs b ON b.blob_id = v.blob_id
LEFT JOIN uploads u ON u.upload_id = v.key
WHERE v.attachment_id = $1 AND v.number = $2 AND v.state = 'ready'
"""

_USED = """
SELECT coalesce(sum(size), 0) FROM versions WHERE thread_id = $1 AND state = 'ready'
"""

_ATTACHMENT = """
a.attachment_id, a.thread_id, a.name, a.document_id, a.added_seq, a.added_by,
(extract(epoch FROM a.added_at) * 1000)::bigint AS added_at_ms, a.number, a.removed_by,
(extract(epoch FROM a.erase_at) * 1000)::bigint AS erase_at_ms,
(SELECT count(*)::int FROM versions v
 WHERE v.attachment_id = a.attachment_id AND v.state = 'ready') AS count
"""

_VERSION_COLUMNS = (
    """
v.attachment_id, v.key, v.seq, v.author, (extract(epoch FROM v.at) * 1000)::bigint AS at_ms, v.name,
v.type, v.size, v.state, v.number, v.blob_id, v.reason, v.document_id, v.authors,
CASE WHEN v.state = 'arriving' THEN u.received END AS received,
"""
    + _VERDICT
    + ","
    + previews.COLUMNS
)

_AND_MORE = (
    """
LEFT JOIN uploads u ON u.upload_id = v.key LEFT JOIN blobs b ON b.blob_id = v.blob_id
"""
    + previews.JOIN
)

_LIST = f"""
SELECT {_ATTACHMENT} FROM attachments a
WHERE a.thread_id = $1 AND EXISTS (
    SELECT FROM versions v WHERE v.attachment_id = a.attachment_id AND v.seq >= $2)
  AND ($3::bigint IS NULL OR a.added_seq < $3)
ORDER BY a.added_seq DESC LIMIT $4
"""

_LIST_VERSIONS = f"""
SELECT {_VERSION_COLUMNS}
FROM versions v JOIN attachments a USING (attachment_id) {_AND_MORE}
WHERE v.attachment_id = ANY($1::text[]) AND v.seq >= $2
  AND (v.state IN ('arriving', 'failed') OR v.state = 'ready' AND v.number = a.number)
ORDER BY v.seq DESC
"""

_SHOWN = f"""
SELECT b.blob_id, b.size, b.name, a.name, (extract(epoch FROM v.at) * 1000)::bigint,
       CASE WHEN {KNOWN} THEN b.verdict END
FROM attachments a
JOIN versions v ON v.attachment_id = a.attachment_id AND v.number = a.number AND v.state = 'ready'
JOIN blobs b ON b.blob_id = v.blob_id LEFT JOIN uploads u ON u.upload_id = v.key
WHERE a.thread_id = $1 AND v.seq >= $2 AND a.removed_by IS NULL
  AND ($3::text[] IS NULL OR a.attachment_id = ANY($3))
ORDER BY a.added_seq
"""

_PICTURES = f"""
SELECT a.attachment_id, a.name, v.type, b.blob_id, b.size, b.name AS place
FROM attachments a JOIN versions v ON v.attachment_id = a.attachment_id AND v.number = 1
JOIN blobs b ON b.blob_id = v.blob_id LEFT JOIN uploads u ON u.upload_id = v.key
WHERE a.document_id = $1 AND v.state = 'ready' AND b.size <= $2
  AND b.verdict IS DISTINCT FROM 'blocked'
  AND (NOT $3 OR b.verdict IS NOT NULL AND {KNOWN})
ORDER BY b.size
"""

_SOME = f"SELECT {_ATTACHMENT} FROM attachments a WHERE a.attachment_id = ANY($1::text[])"

_SOME_VERSIONS = f"""
SELECT {_VERSION_COLUMNS}
FROM versions v {_AND_MORE}
WHERE v.attachment_id = ANY($1::text[]) AND v.seq >= $2 ORDER BY v.seq DESC
"""

_DUE = """
SELECT attachment_id, thread_id FROM attachments WHERE erase_at < $1
ORDER BY erase_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_ERASED = """
SELECT a.attachment_id FROM attachments a
JOIN events e ON e.stream_id = a.thread_id AND e.seq = a.added_seq
WHERE a.thread_id = $1 AND e.body IS NULL
"""

# What was added is a line only because of what the event says.
_FORGET_LINES = """
WITH gone AS (
    SELECT i.thread_id, i.seq FROM items i JOIN events e ON e.stream_id = $1 AND e.seq = i.seq
    WHERE i.thread_id = $1 AND e.body IS NULL
      AND (i.type LIKE 'attachment.%' OR i.type LIKE 'version.%'
           OR i.type IN ('document.merge', 'document.autosave'))
), cut AS (
    DELETE FROM items i USING gone e
    WHERE i.thread_id = e.thread_id AND i.seq = e.seq
      AND i.type IN ('attachment.add', 'version.add')
)
UPDATE items i SET data = NULL FROM gone e
WHERE i.thread_id = e.thread_id AND i.seq = e.seq AND i.data IS NOT NULL
  AND i.type NOT IN ('attachment.add', 'version.add')
"""

_ERASE_EVENTS = """
UPDATE events SET body = NULL, salt = NULL
WHERE stream_id = ANY($1::text[]) AND body IS NOT NULL
  AND (type LIKE 'attachment.%' OR type LIKE 'version.%'
       OR type IN ('document.merge', 'document.autosave'))
  AND convert_from(body, 'UTF8')::json->>'attachment' = ANY($2::text[])
RETURNING stream_id, seq
"""

_FORGET_UPLOADS = """
DELETE FROM uploads u USING versions v
WHERE v.attachment_id = ANY($1::text[]) AND u.upload_id = v.key AND u.state = 'done'
"""

_ERASE_LINES = """
WITH gone AS (
    SELECT * FROM unnest($1::text[], $2::bigint[]) AS e (thread_id, seq)
), cut AS (
    DELETE FROM items i USING gone e
    WHERE i.thread_id = e.thread_id AND i.seq = e.seq
      AND i.type IN ('attachment.add', 'version.add')
)
UPDATE items i SET data = NULL FROM gone e
WHERE i.thread_id = e.thread_id AND i.seq = e.seq
  AND i.type NOT IN ('attachment.add', 'version.add')
"""
