"""Rows of sign-in sessions and of programs' tokens: bearer secrets, stored as digests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.wire.api import SignInSession, Token


async def add(
    connection: Any, id_: str, digest: bytes, uid: str, user_agent: str, at: datetime,
    expires_at: datetime,
) -> None:  # fmt: skip
    await connection.execute(_ADD, id_, digest, uid, user_agent, at, expires_at)


async def find(connection: Any, digest: bytes) -> Any:
    """The live session of a secret with its account, or null."""
    return await connection.fetchrow(_FIND, digest)


async def by_id(connection: Any, id_: str) -> Any:
    """The same by its id."""
    return await connection.fetchrow(_BY_ID, id_)


async def touch(connection: Any, ids: list[str], at: list[datetime]) -> None:
    """Note when each was used; never earlier than is known."""
    await connection.execute(_TOUCH, ids, at)


async def of_user(
    connection: Any, uid: str, now: datetime, current: str | None
) -> list[SignInSession]:
    return [
        SignInSession(row[0], row[1], row[2], row[3], row[4], row["id"] == current)
        for row in await connection.fetch(_OF_USER, uid, now)
    ]


async def end(connection: Any, uid: str, id_: str, at: datetime) -> bool:
    """False when there is no such live session of this user."""
    return bool(await connection.fetchval(_END, uid, id_, at))


async def end_others(connection: Any, uid: str, keep: str | None, at: datetime) -> list[str]:
    """End all sessions of a user but one; returns their ids."""
    return [row["id"] for row in await connection.fetch(_END_OTHERS, uid, keep, at)]


async def add_token(
    connection: Any, id_: str, digest: bytes, uid: str, name: str, scopes: list[str],
    at: datetime, expires_at: datetime | None,
) -> None:  # fmt: skip
    await connection.execute(_ADD_TOKEN, id_, digest, uid, name, scopes, at, expires_at)


async def find_token(connection: Any, digest: bytes) -> Any:
    return await connection.fetchrow(_FIND_TOKEN, digest)


async def token_by_id(connection: Any, id_: str) -> Any:
    """The same by its id."""
    return await connection.fetchrow(_TOKEN_BY_ID, id_)


async def touch_tokens(connection: Any, ids: list[str], at: list[datetime]) -> None:
    """The same of tokens."""
    await connection.execute(_TOUCH_TOKENS, ids, at)


async def tokens_of(connection: Any, uid: str) -> list[Token]:
    return [Token(*row) for row in await connection.fetch(_TOKENS_OF, uid)]


async def revoke_token(connection: Any, uid: str, id_: str, at: datetime) -> bool:
    return bool(await connection.fetchval(_REVOKE_TOKEN, uid, id_, at))


async def count_tokens(connection: Any, uid: str, now: datetime) -> int:
    """How many tokens of a user work at present."""
    return int(await connection.fetchval(_COUNT_TOKENS, uid, now))


async def forget(connection: Any, before: datetime) -> int:
    """Delete sign-in sessions that ended or expired before a moment; returns how many."""
    return int(await connection.fetchval(_FORGET, before))


async def forget_tokens(connection: Any, before: datetime) -> int:
    """Delete tokens that were revoked or expired before a moment; returns how many."""
    return int(await connection.fetchval(_FORGET_TOKENS, before))


async def revoke_tokens(connection: Any, uid: str, at: datetime) -> list[str]:
    """Revoke all tokens of a user; returns their ids."""
    return [row["id"] for row in await connection.fetch(_REVOKE_TOKENS, uid, at)]


_ADD = """
INSERT INTO sessions (id, secret_digest, uid, user_agent, created_at, last_seen_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $5, $6)
"""

# Rows that another process is writing are left to it: a last use is no reason to wait.
_TOUCH = """
WITH used AS (
    SELECT s.id, u.at FROM sessions s JOIN unnest($1::text[], $2::timestamptz[]) AS u (id, at)
        USING (id)
    FOR UPDATE OF s SKIP LOCKED
) UPDATE sessions s SET last_seen_at = greatest(s.last_seen_at, used.at)
FROM used WHERE s.id = used.id
"""

_TOUCH_TOKENS = """
WITH used AS (
    SELECT t.id, u.at FROM tokens t JOIN unnest($1::text[], $2::timestamptz[]) AS u (id, at)
        USING (id)
    FOR UPDATE OF t SKIP LOCKED
) UPDATE tokens t SET last_used_at = greatest(t.last_used_at, used.at)
FROM used WHERE t.id = used.id
"""

_MS = "(extract(epoch FROM {}) * 1000)::bigint"

_LIVE = f"""
SELECT s.id, s.uid, a.display_name, a.is_owner, {_MS.format("s.last_seen_at")} AS used_at_ms,
       {_MS.format("s.expires_at")} AS expires_at_ms
FROM sessions s JOIN accounts a USING (uid)
WHERE s.ended_at IS NULL AND a.disabled_at IS NULL
"""

_FIND = _LIVE + "AND s.secret_digest = $1"

_BY_ID = _LIVE + "AND s.id = $1"

_OF_USER = f"""
SELECT id, {_MS.format("created_at")}, {_MS.format("last_seen_at")}, {_MS.format("expires_at")},
       user_agent
FROM sessions WHERE uid = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY last_seen_at DESC
"""

_END = """
UPDATE sessions SET ended_at = $3 WHERE uid = $1 AND id = $2 AND ended_at IS NULL RETURNING true
"""

_END_OTHERS = """
UPDATE sessions SET ended_at = $3
WHERE uid = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL RETURNING id
"""

_ADD_TOKEN = """
INSERT INTO tokens (id, secret_digest, uid, name, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_LIVE_TOKEN = f"""
SELECT t.id, t.uid, a.display_name, a.is_owner, t.scopes,
       {_MS.format("t.last_used_at")} AS used_at_ms, {_MS.format("t.expires_at")} AS expires_at_ms
FROM tokens t JOIN accounts a USING (uid)
WHERE t.revoked_at IS NULL AND a.disabled_at IS NULL
"""

_FIND_TOKEN = _LIVE_TOKEN + "AND t.secret_digest = $1"

_TOKEN_BY_ID = _LIVE_TOKEN + "AND t.id = $1"

_TOKENS_OF = f"""
SELECT id, name, scopes, {_MS.format("created_at")}, {_MS.format("last_used_at")},
       {_MS.format("expires_at")}
FROM tokens WHERE uid = $1 AND revoked_at IS NULL ORDER BY created_at DESC
"""

_COUNT_TOKENS = """
SELECT count(*) FROM tokens
WHERE uid = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
"""

_FORGET = """
WITH gone AS (
    DELETE FROM sessions WHERE least(ended_at, expires_at) < $1 RETURNING 1
) SELECT count(*) FROM gone
"""

_FORGET_TOKENS = """
WITH gone AS (
    DELETE FROM tokens WHERE least(revoked_at, expires_at) < $1 RETURNING 1
) SELECT count(*) FROM gone
"""

_REVOKE_TOKEN = """
UPDATE tokens SET revoked_at = $3 WHERE uid = $1 AND id = $2 AND revoked_at IS NULL RETURNING true
"""

_REVOKE_TOKENS = """
UPDATE tokens SET revoked_at = $2 WHERE uid = $1 AND revoked_at IS NULL RETURNING id
"""
