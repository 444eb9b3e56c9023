"""Full-text search over messages and files: accents folded, every word a prefix. No ranking but
time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """A message, or with ``attachment`` and ``name`` a file: ``text`` is a part of what is in it,
    null when nothing is known of that."""

    thread: str
    subject: str
    seq: int
    sender: str
    at_ms: int
    attachment: str | None
    name: str | None
    text: str | None


async def everything(
    connection: Any, uid: str, words: list[str], *, thread: str | None, limit: int, offset: int
) -> list[Found]:
    """Messages the user may read that hold all ``words`` (folded, letters and digits only), and
    files whose names, or the shown version's text, do."""
    query = " & ".join(f"'{word}':*" for word in words)
    async with planned_for_its_words(connection):
        rows = await connection.fetch(_SEARCH, uid, query, thread, limit, offset, words[0])
    return [Found(*row) for row in rows]


@asynccontextmanager
async def planned_for_its_words(connection: Any) -> AsyncIterator[None]:
    """A transaction in which each query is planned for what it asks. PostgreSQL would plan one that
    came five times for any question: it then knows nothing of how often the words are said, and
    goes through all messages of a large hub one by one."""
    async with connection.transaction(readonly=True):
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        yield


# What is in the index of a text (hub.storage.previews).
_SEARCH = """
WITH readable AS (
    SELECT m.thread_id, t.subject,
           CASE WHEN t.history = 'all' THEN 0 ELSE m.since_seq END AS since
    FROM members m JOIN threads t USING (thread_id)
    WHERE m.uid = $1 AND m.role IS NOT NULL AND ($3::text IS NULL OR m.thread_id = $3)
), files AS (
    SELECT a.attachment_id FROM attachments a JOIN readable r USING (thread_id)
    WHERE a.search @@ to_tsquery('simple', $2) AND a.added_seq >= r.since
    UNION
    SELECT a.attachment_id FROM previews p
    JOIN version_previews vp USING (preview_id) JOIN versions v USING (key)
    JOIN attachments a ON a.attachment_id = v.attachment_id AND a.number = v.number
    JOIN readable r ON r.thread_id = a.thread_id
    WHERE p.search @@ to_tsquery('simple', $2) AND v.state = 'ready'
), hits AS (
    SELECT i.thread_id, r.subject, i.seq, i.sender, i.at, NULL AS attachment_id, NULL AS name,
           NULL::bigint AS preview_id
    FROM items i JOIN readable r USING (thread_id)
    WHERE i.search @@ to_tsquery('simple', $2) AND i.deleted_at IS NULL AND i.seq >= r.since
    UNION ALL
    SELECT a.thread_id, r.subject, v.seq, v.author, v.at, a.attachment_id, a.name, p.preview_id
    FROM files f JOIN attachments a USING (attachment_id)
    JOIN readable r ON r.thread_id = a.thread_id
    JOIN versions v ON v.attachment_id = a.attachment_id AND v.number = a.number
                   AND v.state = 'ready'
    JOIN blobs b ON b.blob_id = v.blob_id
    LEFT JOIN version_previews vp ON vp.key = v.key
    LEFT JOIN previews p ON p.preview_id = vp.preview_id
    WHERE a.removed_by IS NULL AND v.seq >= r.since AND b.verdict IS DISTINCT FROM 'blocked'
    ORDER BY at DESC, seq DESC LIMIT $4 OFFSET $5
)
SELECT h.thread_id, h.subject, h.seq, h.sender,
       (extract(epoch FROM h.at) * 1000)::bigint AS at_ms, h.attachment_id, h.name,
       CASE WHEN h.attachment_id IS NULL THEN i.text
            ELSE substr(p.text, greatest(1, regexp_instr(
                     hub_fold(left(p.text, 200000)), '(^|[^[:alnum:]])' || $6) - 1500), 6000)
       END AS text
FROM hits h
LEFT JOIN items i ON h.attachment_id IS NULL AND i.thread_id = h.thread_id AND i.seq = h.seq
LEFT JOIN previews p ON p.preview_id = h.preview_id
ORDER BY h.at DESC, h.seq DESC
"""
