"""Rows of one-time links: first owner, invitation, password reset."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.wire.api import Invitation


async def add(
    connection: Any, id_: str, kind: str, digest: bytes, at: datetime, expires_at: datetime, *,
    created_by: str | None = None, for_uid: str | None = None, address: str | None = None,
    thread: str | None = None, role: str = "editor", note: str = "",
) -> None:  # fmt: skip
    await connection.execute(
        _ADD, id_, kind, digest, created_by, for_uid, address, thread, role, note, at, expires_at
    )


async def find(connection: Any, digest: bytes, *, lock: bool = False) -> Any:
    """The link of a secret in whatever state; ``lock`` holds it until the transaction ends."""
    return await connection.fetchrow(_FIND + ("FOR UPDATE OF l" if lock else ""), digest)


async def use(connection: Any, id_: str, uid: str, at: datetime) -> None:
    await connection.execute(_USE, id_, uid, at)


async def revoke(connection: Any, id_: str, at: datetime) -> bool:
    """False when there is no open invitation of this id."""
    return bool(await connection.fetchval(_REVOKE, id_, at))


async def revoke_kind(
    connection: Any, kind: str, for_uid: str | None, at: datetime, before: datetime | None = None
) -> None:
    """Earlier unused links of a kind (and person) stop working: all, or those made ``before``."""
    await connection.execute(_REVOKE_KIND, kind, for_uid, at, before)


async def revoke_by(connection: Any, uid: str, at: datetime) -> None:
    """Unused links that somebody made, or that are for them, stop working."""
    await connection.execute(_REVOKE_BY, uid, at)


async def invitations(connection: Any, now: datetime, created_by: str | None) -> list[Invitation]:
    """Invitations, latest first: of one person, or all."""
    return [Invitation(*row) for row in await connection.fetch(_INVITATIONS, now, created_by)]


async def forget(connection: Any, before: datetime) -> int:
    """Delete links that were used, revoked or expired before a moment; returns how many."""
    return int(await connection.fetchval(_FORGET, before))


async def creator(connection: Any, id_: str) -> str | None:
    """Who made an invitation; null when there is none of this id."""
    uid = await connection.fetchval(
        "SELECT created_by FROM links WHERE id = $1 AND kind = 'invitation'", id_
    )
    return None if uid is None else str(uid)


_ADD = """
INSERT INTO links (id, kind, secret_digest, created_by, for_uid, address, thread_id, role, note,
                   created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_FIND = """
SELECT l.id, l.kind, l.created_by, l.for_uid, l.address, l.thread_id, l.role, l.note,
       l.created_at, l.expires_at, l.used_at, l.used_by, l.revoked_at,
       a.display_name AS invited_by,
       t.subject AS thread_subject
FROM links l LEFT JOIN accounts a ON a.uid = l.created_by
             LEFT JOIN threads t ON t.thread_id = l.thread_id
WHERE l.secret_digest = $1
"""

_USE = "UPDATE links SET used_at = $3, used_by = $2 WHERE id = $1"

_REVOKE = """
UPDATE links SET revoked_at = $2
WHERE id = $1 AND kind = 'invitation' AND used_at IS NULL AND revoked_at IS NULL RETURNING true
"""

_REVOKE_KIND = """
UPDATE links SET revoked_at = $3
WHERE kind = $1 AND for_uid IS NOT DISTINCT FROM $2 AND used_at IS NULL AND revoked_at IS NULL
  AND ($4::timestamptz IS NULL OR created_at < $4)
"""

_REVOKE_BY = """
UPDATE links SET revoked_at = $2
WHERE (created_by = $1 OR for_uid = $1) AND used_at IS NULL AND revoked_at IS NULL
"""

_FORGET = """
WITH gone AS (
    DELETE FROM links WHERE least(used_at, revoked_at, expires_at) < $1 RETURNING 1
) SELECT count(*) FROM gone
"""

_INVITATIONS = """
SELECT id, address, thread_id, role, note, created_by,
       (extract(epoch FROM created_at) * 1000)::bigint,
       (extract(epoch FROM expires_at) * 1000)::bigint,
       CASE WHEN used_at IS NOT NULL THEN 'used' WHEN revoked_at IS NOT NULL THEN 'revoked'
            WHEN expires_at <= $1 THEN 'expired' ELSE 'open' END
FROM links WHERE kind = 'invitation' AND ($2::text IS NULL OR created_by = $2)
ORDER BY created_at DESC LIMIT 500
"""
