"""Buckets of tries that all processes share: of each the moment at which it is full again.

Source: the generic cell rate algorithm, with the wall clock of whoever asks. A clock that was set
back by hours makes nobody wait longer than an empty bucket does.
"""

from __future__ import annotations

from typing import Any


async def spend(connection: Any, key: bytes, burst: int, every_ms: int, now_ms: int) -> int:
    """Take one try; returns 0, or the milliseconds to wait when there is none (none is taken then).

    Args:
        burst: tries that a full bucket has.
        every_ms: one more comes so often.
    """
    wait_ms = int(await connection.fetchval(_SPEND, key, now_ms, burst * every_ms, every_ms))
    if wait_ms:
        await connection.execute(_PUT_RIGHT, key, now_ms + burst * every_ms)
    return wait_ms


async def forgive(connection: Any, key: bytes) -> None:
    """Fill a bucket."""
    await connection.execute("DELETE FROM attempts WHERE key = $1", key)


async def forget(connection: Any, before_ms: int, limit: int) -> int:
    """Delete buckets that were full before a moment, at most so many; returns how many."""
    return int(await connection.fetchval(_FORGET, before_ms, limit))


_SPEND = """
WITH spent AS (
    INSERT INTO attempts AS a (key, full_at) VALUES ($1, $2::bigint + $4::bigint)
    ON CONFLICT (key) DO UPDATE
    SET full_at = greatest(least(a.full_at, $2 + $3::bigint), $2) + $4
    WHERE greatest(least(a.full_at, $2 + $3), $2) + $4 <= $2 + $3
    RETURNING full_at
)
SELECT CASE WHEN EXISTS (SELECT FROM spent) THEN 0 ELSE
    -- As it was when the statement began: another try may have been given since.
    coalesce((SELECT greatest(1, least(full_at, $2 + $3) + $4 - $2 - $3)
              FROM attempts WHERE key = $1), $4)
END
"""

# Of a clock that was ahead: an empty bucket it may be, no emptier one.
_PUT_RIGHT = "UPDATE attempts SET full_at = $2 WHERE key = $1 AND full_at > $2"

_FORGET = """
WITH full_ones AS MATERIALIZED (
    SELECT key FROM attempts WHERE full_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM attempts a USING full_ones f WHERE a.key = f.key RETURNING 1
) SELECT count(*) FROM gone
"""
