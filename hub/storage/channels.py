"""Channels: a number, or how numbers begin, and the people who gather its threads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.wire.references import ReferenceKind


@dataclass(frozen=True, slots=True)
class ChannelRow:
    channel: str
    name: str
    number: str
    kind: ReferenceKind | None
    key: str
    prefix: bool
    open: bool
    members: list[str]

    def gathers(self, kind: str, key: str) -> bool:
        """Whether a number belongs here."""
        if self.kind is not None and self.kind != kind:
            return False
        return key.startswith(self.key) if self.prefix else key == self.key


async def seen(connection: Any, uid: str) -> list[ChannelRow]:
    """Those that somebody is in, and open ones."""
    return [ChannelRow(**row) for row in await connection.fetch(_SEEN, uid)]


async def find(connection: Any, channel: str, uid: str, *, lock: bool = False) -> ChannelRow | None:
    """A channel as somebody sees it; ``lock`` keeps it as it is until the transaction ends."""
    if lock:
        await connection.execute("SELECT FROM channels WHERE channel_id = $1 FOR UPDATE", channel)
    rows = await connection.fetch(_SEEN + " AND c.channel_id = $2", uid, channel)
    return ChannelRow(**rows[0]) if rows else None


async def add(connection: Any, row: ChannelRow, uid: str, at: datetime) -> None:
    await connection.execute(
        _ADD, row.channel, row.name, row.number, row.kind, row.key, row.prefix, row.open, uid, at
    )
    await set_members(connection, row.channel, row.members)


async def change(connection: Any, row: ChannelRow) -> None:
    await connection.execute(_CHANGE, row.channel, row.name, row.open)
    await set_members(connection, row.channel, row.members)


async def set_members(connection: Any, channel: str, uids: Iterable[str]) -> None:
    wanted = list(uids)
    await connection.execute(_LEAVE, channel, wanted)
    await connection.execute(_ENTER, channel, wanted)


async def remove(connection: Any, channel: str) -> None:
    await connection.execute("DELETE FROM channels WHERE channel_id = $1", channel)


async def count(connection: Any) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM channels"))


# Who was disabled is asked nowhere.
_SEEN = """
SELECT c.channel_id AS channel, c.name, c.number, c.kind, c.key, c.is_prefix AS prefix,
       c.is_open AS open,
       ARRAY(SELECT m.uid FROM channel_members m JOIN accounts a USING (uid)
             WHERE m.channel_id = c.channel_id AND a.disabled_at IS NULL
             ORDER BY a.display_name, m.uid) AS members
FROM channels c
WHERE (c.is_open OR EXISTS (
    SELECT FROM channel_members m WHERE m.channel_id = c.channel_id AND m.uid = $1))
"""

_ADD = """
INSERT INTO channels (channel_id, name, number, kind, key, is_prefix, is_open, created_by,
                      created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_CHANGE = "UPDATE channels SET name = $2, is_open = $3 WHERE channel_id = $1"

_LEAVE = "DELETE FROM channel_members WHERE channel_id = $1 AND uid <> ALL($2::text[])"

_ENTER = """
INSERT INTO channel_members (channel_id, uid) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING
"""
