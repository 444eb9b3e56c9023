"""Erasing deleted messages: body and salt of the message and of its edits, for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any


async def erase_due(connection: Any, now: datetime, limit: int = 200) -> int:
    """Erase what was deleted and can no longer be brought back; returns how many messages.
    Call it in a transaction: it holds the streams' locks to the end."""
    threads = sorted({row["thread_id"] for row in await connection.fetch(_DUE, now, limit)})
    await connection.execute(_LOCK_STREAMS, threads)
    rows = await connection.fetch(_DUE_OF, now, limit, threads)
    for row in rows:
        await connection.execute(_ERASE, row["thread_id"], row["seq"])
        await forget(connection, row["thread_id"], row["seq"])
    return len(rows)


async def forget(connection: Any, thread: str, seq: int) -> None:
    """Take what a message said from the projections."""
    await connection.execute(_FORGET, thread, seq)
    await connection.execute(_FORGET_REACTIONS, thread, seq)


_DUE = """
SELECT thread_id, seq FROM items WHERE erase_at < $1 AND NOT erased ORDER BY erase_at LIMIT $2
"""

_LOCK_STREAMS = """
SELECT FROM streams WHERE stream_id = ANY($1::text[]) ORDER BY stream_id FOR UPDATE
"""

_DUE_OF = """
SELECT thread_id, seq FROM items
WHERE erase_at < $1 AND NOT erased AND thread_id = ANY($3::text[]) ORDER BY erase_at LIMIT $2
"""

_ERASE = """
UPDATE events SET body = NULL, salt = NULL
WHERE stream_id = $1 AND (
    seq = $2
    OR type = 'message.edit' AND body IS NOT NULL
       AND (convert_from(body, 'UTF8')::json->>'target')::bigint = $2
    OR type = 'reaction' AND body IS NOT NULL
       AND (convert_from(body, 'UTF8')::json->>'target')::bigint = $2
)
"""

_FORGET = """
UPDATE items SET text = NULL, mentions = '{}', reply_to = NULL, edited_at = NULL, search = NULL,
                 erased = true
WHERE thread_id = $1 AND seq = $2
"""

_FORGET_REACTIONS = "DELETE FROM reactions WHERE thread_id = $1 AND seq = $2"
