"""Erasing deleted messages: body and salt of the message and of its edits, for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any


async def lock(connection: Any) -> None:
    """Keep the eraser out until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('hub.erasure'))")


async def erase_due(connection: Any, now: datetime, limit: int = 200) -> int:
    """Erase what was deleted and can no longer be brought back; returns how many messages.
    Call it in a transaction."""
    await lock(connection)
    due: dict[str, list[int]] = {}
    for row in await connection.fetch(_DUE, now, limit):
        due.setdefault(row["thread_id"], []).append(row["seq"])
    for thread, seqs in due.items():
        await connection.execute(_ERASE, thread, seqs)
        await forget(connection, thread, seqs)
    return sum(map(len, due.values()))


async def forget(connection: Any, thread: str, seqs: list[int]) -> None:
    """Take what messages said from the projections."""
    await connection.execute(_FORGET, thread, seqs)
    await connection.execute(_FORGET_REACTIONS, thread, seqs)
    await connection.execute(_FORGET_REFERENCES, thread, seqs)


_DUE = """
SELECT thread_id, seq FROM items
WHERE erase_at < $1 AND NOT erased ORDER BY erase_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_ERASE = """
UPDATE events SET body = NULL, salt = NULL
WHERE stream_id = $1 AND (
    seq = ANY($2::bigint[])
    OR type IN ('message.edit', 'reaction', 'reference.set') AND body IS NOT NULL
       AND (convert_from(body, 'UTF8')::json->>'target')::bigint = ANY($2::bigint[])
)
"""

_FORGET = """
UPDATE items SET text = NULL, mentions = '{}', mention_names = '{}', reply_to = NULL,
                 files = NULL, edited_at = NULL, search = NULL, erased = true
WHERE thread_id = $1 AND seq = ANY($2::bigint[])
"""

_FORGET_REACTIONS = "DELETE FROM reactions WHERE thread_id = $1 AND seq = ANY($2::bigint[])"

_FORGET_REFERENCES = """
DELETE FROM thread_references WHERE thread_id = $1 AND target = ANY($2::bigint[])
"""
