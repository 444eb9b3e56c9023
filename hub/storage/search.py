"""Full-text search over messages: accents folded, every word a prefix. No ranking but time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    thread: str
    subject: str
    seq: int
    sender: str
    at_ms: int
    text: str


async def messages(
    connection: Any, uid: str, words: list[str], *, thread: str | None, limit: int, offset: int
) -> list[Found]:
    """Messages the user may read that hold all ``words`` (folded, letters and digits only)."""
    query = " & ".join(f"'{word}':*" for word in words)
    rows = await connection.fetch(_SEARCH, uid, query, thread, limit, offset)
    return [Found(*row) for row in rows]


_SEARCH = """
SELECT i.thread_id, t.subject, i.seq, i.sender,
       (extract(epoch FROM i.at) * 1000)::bigint AS at_ms, i.text
FROM items i
JOIN members m ON m.thread_id = i.thread_id AND m.uid = $1 AND m.role IS NOT NULL
JOIN threads t ON t.thread_id = i.thread_id
WHERE i.search @@ to_tsquery('simple', $2) AND i.deleted_at IS NULL
  AND (t.history = 'all' OR i.seq >= m.since_seq)
  AND ($3::text IS NULL OR i.thread_id = $3)
ORDER BY i.at DESC, i.seq DESC LIMIT $4 OFFSET $5
"""
