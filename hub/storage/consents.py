"""Who may know when somebody is busy, and when that is.

Nothing is told of the busy times of who has not agreed to it; and of who has, times alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple


class Consent(NamedTuple):
    """Of ``owner`` to ``viewer``; neither agreed nor refused: it was asked for."""

    owner: str
    viewer: str
    asked_at_ms: int | None
    agreed_at_ms: int | None
    is_refused: bool


class Busy(NamedTuple):
    """``floats``: on the clocks of whoever looks, as if they were those of UTC."""

    first: datetime
    last: datetime
    floats: bool


async def of(connection: Any, uid: str) -> list[Consent]:
    """Those of somebody, and those to them, of and to people who are still there."""
    return [Consent(*row) for row in await connection.fetch(_OF, uid)]


async def ask(connection: Any, owner: str, viewer: str, now: datetime) -> bool:
    """Whether it is new: who refused is not asked again, nor who was asked."""
    return bool(await connection.fetchval(_ASK, owner, viewer, now))


async def agree(connection: Any, owner: str, viewer: str, now: datetime) -> None:
    await connection.execute(_AGREE, owner, viewer, now)


async def refuse(connection: Any, owner: str, viewer: str, now: datetime) -> None:
    """Also what was agreed before."""
    await connection.execute(_REFUSE, owner, viewer, now)


async def agreed(connection: Any, viewer: str, owners: Sequence[str]) -> set[str]:
    """Whose busy times somebody may know."""
    rows = await connection.fetch(_AGREED, viewer, list(owners))
    return {row["owner"] for row in rows}


async def share_a_thread(connection: Any, one: str, other: str) -> bool:
    return bool(await connection.fetchval(_SHARE, one, other))


async def busy(
    connection: Any, uids: Sequence[str], first: datetime, last: datetime
) -> list[Busy]:  # fmt: skip
    """When one of these people is busy: meetings to which they have not said no, and that are
    neither called off nor leave them free."""
    rows = await connection.fetch(_BUSY, list(uids), first, last)
    return [Busy(row["first"], row["last"], row["floats"]) for row in rows]


_OF = """
SELECT c.owner, c.viewer, (extract(epoch FROM c.asked_at) * 1000)::bigint,
       (extract(epoch FROM c.agreed_at) * 1000)::bigint, c.refused_at IS NOT NULL
FROM busy_consents c
JOIN accounts a ON a.uid = CASE WHEN c.owner = $1 THEN c.viewer ELSE c.owner END
WHERE (c.owner = $1 OR c.viewer = $1) AND a.disabled_at IS NULL
ORDER BY coalesce(c.agreed_at, c.asked_at), c.owner, c.viewer
"""

_ASK = """
INSERT INTO busy_consents (owner, viewer, asked_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""

_AGREE = """
INSERT INTO busy_consents (owner, viewer, agreed_at) VALUES ($1, $2, $3)
ON CONFLICT (owner, viewer) DO UPDATE SET
    agreed_at = coalesce(busy_consents.agreed_at, excluded.agreed_at), refused_at = NULL
"""

_REFUSE = """
UPDATE busy_consents SET agreed_at = NULL, refused_at = $3 WHERE owner = $1 AND viewer = $2
"""

_AGREED = """
SELECT owner FROM busy_consents
WHERE viewer = $1 AND owner = ANY($2::text[]) AND agreed_at IS NOT NULL
"""

_SHARE = """
SELECT EXISTS (
    SELECT FROM members a JOIN members b USING (thread_id)
    WHERE a.uid = $1 AND b.uid = $2 AND a.role IS NOT NULL AND b.role IS NOT NULL)
"""

# A day more on both sides, for what floats.
_BUSY = """
SELECT DISTINCT o.first, o.last, o.floats
FROM entry_people p JOIN entries e USING (entry_id)
JOIN members m ON m.thread_id = e.thread_id AND m.uid = p.uid AND m.role IS NOT NULL
JOIN occurrences o ON o.entry_id = p.entry_id
WHERE p.uid = ANY($1::text[]) AND p.is_asked AND e.kind = 'event' AND e.removed_by IS NULL
  AND o.first < $3::timestamptz + interval '1 day' AND o.last > $2::timestamptz - interval '1 day'
  AND o.last > o.first AND o.says->>'state' <> 'cancelled' AND e.facts->>'state' <> 'cancelled'
  AND coalesce(o.says->'answers'->>p.uid, p.answer) <> 'declined'
  AND NOT coalesce((o.says->>'is_free')::boolean, false)
ORDER BY o.first
"""
