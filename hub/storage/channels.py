"""Channels: a number, or how numbers begin, and the people who gather its threads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.wire.references import ReferenceKind
from hub.wire.references import key as key_of


@dataclass(frozen=True, slots=True)
class ChannelRow:
    channel: str
    name: str
    number: str
    kind: ReferenceKind | None
    prefix: bool
    open: bool
    members: list[str]

    def gathers(self, kind: str, key: str) -> bool:
        """Whether a number belongs here."""
        if self.kind is not None and self.kind != kind:
            return False
        wanted = self.key_of(kind)
        return key.startswith(wanted) if self.prefix else key == wanted

    def key_of(self, kind: str) -> str:
        """What the keys of numbers of a kind are, or begin with. A beginning that ends with a mark
        between parts ends with that: ``PO-`` is no beginning of ``POL-1``."""
        folded = key_of(self.number, kind)
        return folded + "-" if self.prefix and not self.number[-1].isalnum() else folded


async def seen(connection: Any, uid: str) -> list[ChannelRow]:
    """Those that somebody is in, and open ones."""
    return [ChannelRow(**row) for row in await connection.fetch(_SEEN, uid)]


async def find(connection: Any, channel: str, uid: str, *, lock: bool = False) -> ChannelRow | None:
    """A channel as somebody sees it; ``lock`` keeps it as it is until the transaction ends."""
    if lock:
        await connection.execute("SELECT FROM channels WHERE channel_id = $1 FOR UPDATE", channel)
    rows = await connection.fetch(_SEEN + " AND c.channel_id = $2", uid, channel)
    return ChannelRow(**rows[0]) if rows else None


async def exists(connection: Any, channel: str) -> bool:
    """Whether there is one, whoever sees it."""
    query = "SELECT true FROM channels WHERE channel_id = $1 FOR UPDATE"
    return bool(await connection.fetchval(query, channel))


async def add(connection: Any, row: ChannelRow, uid: str, at: datetime) -> None:
    await connection.execute(
        _ADD, row.channel, row.name, row.number, row.kind, row.prefix, row.open, uid, at
    )
    await enter(connection, row.channel, row.members)


async def change(connection: Any, channel: str, name: str, *, is_open: bool) -> None:
    await connection.execute(_CHANGE, channel, name, is_open)


async def enter(connection: Any, channel: str, uids: Iterable[str]) -> None:
    await connection.execute(_ENTER, channel, list(uids))


async def leave(connection: Any, channel: str, uids: Iterable[str]) -> None:
    await connection.execute(_LEAVE, channel, list(uids))


async def people(connection: Any, channel: str) -> int:
    """How many are in it, with those whose accounts are disabled."""
    query = "SELECT count(*) FROM channel_members WHERE channel_id = $1"
    return int(await connection.fetchval(query, channel))


async def remove(connection: Any, channel: str) -> None:
    await connection.execute("DELETE FROM channels WHERE channel_id = $1", channel)


async def made_by(connection: Any, uid: str) -> int:
    """How many somebody has made; no other is made by them until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", uid)
    return int(
        await connection.fetchval("SELECT count(*) FROM channels WHERE created_by = $1", uid)
    )


# Who was disabled is asked nowhere.
_SEEN = """
SELECT c.channel_id AS channel, c.name, c.number, c.kind, c.is_prefix AS prefix,
       c.is_open AS open,
       ARRAY(SELECT m.uid FROM channel_members m JOIN accounts a USING (uid)
             WHERE m.channel_id = c.channel_id AND a.disabled_at IS NULL
             ORDER BY a.display_name, m.uid) AS members
FROM channels c
WHERE (c.is_open OR EXISTS (
    SELECT FROM channel_members m WHERE m.channel_id = c.channel_id AND m.uid = $1))
"""

_ADD = """
INSERT INTO channels (channel_id, name, number, kind, is_prefix, is_open, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_CHANGE = "UPDATE channels SET name = $2, is_open = $3 WHERE channel_id = $1"

_LEAVE = "DELETE FROM channel_members WHERE channel_id = $1 AND uid = ANY($2::text[])"

_ENTER = """
INSERT INTO channel_members (channel_id, uid) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING
"""
