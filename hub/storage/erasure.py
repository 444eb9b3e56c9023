"""Erasing deleted messages: body and salt of the message and of its edits, for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any


async def erase_due(connection: Any, now: datetime, limit: int = 200) -> int:
    """Erase what was deleted and can no longer be brought back; returns how many messages.
    Call it in a transaction."""
    rows = await connection.fetch(_DUE, now, limit)
    for row in rows:
        await connection.execute(_ERASE, row["thread_id"], row["seq"])
        await connection.execute(_FORGET, row["thread_id"], row["seq"])
        await connection.execute(_FORGET_REACTIONS, row["thread_id"], row["seq"])
    return len(rows)


_DUE = """
SELECT thread_id, seq FROM items
WHERE erase_at < $1 AND NOT erased ORDER BY erase_at LIMIT $2 FOR UPDATE SKIP LOCKED
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
