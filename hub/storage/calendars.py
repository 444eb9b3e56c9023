"""What somebody's calendar programs know: which tasks and meetings are in a collection, under which
name, and what changed since a program asked last.

A collection is brought up to date (``refresh``) when it is asked for. What is in it is what is for
somebody, of one iCalendar UID once. Each change of an item has a number of its own, so that an
answer can end after any of them.

Source: RFC 6578 (sync-collection); docs/adr/0028.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Kind = Literal["task", "event"]
KEPT_GONE: Final = 5_000
"""Of a collection so many items that are gone are told of."""


@dataclass(frozen=True, slots=True)
class Item:
    """One of a collection, as of ``seq`` of its thread. ``ical`` is what the hub keeps, ``own``
    what concerns nobody else; both are null where they were not asked for."""

    entry: str
    name: str
    seq: int
    own_number: int
    number: int
    changed_at: datetime
    thread: str
    ical: str | None = None
    own: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Of a collection: the number of its last change, and that from which on they are known."""

    number: int
    floor: int


async def refresh(database: Any, uid: str, kind: Kind) -> State:
    """Number what changed since the last time."""
    async with database.acquire() as connection:
        row = await connection.fetchrow(_STATE, uid, kind)
        if row is not None and not await connection.fetchval(_IS_BEHIND, uid, kind):
            return State(row["number"], row["floor"])
    async with database.transaction() as connection:
        # One after another: each finds what the other numbered.
        number = await connection.fetchval(_LOCK, uid, kind)
        rows = await connection.fetch(_DIFFERENCES, uid, kind)
        if rows:
            number += len(rows)
            await connection.execute(_NUMBER, uid, kind, number - len(rows),
                                     [row["entry_id"] for row in rows],
                                     [row["seq"] for row in rows])  # fmt: skip
            await connection.execute(_FORGET, uid, kind, KEPT_GONE)
            await connection.execute(
                "UPDATE calendars SET number = $3 WHERE uid = $1 AND kind = $2", uid, kind, number
            )
        row = await connection.fetchrow(_STATE, uid, kind)
    return State(row["number"], row["floor"])


async def items(connection: Any, uid: str, kind: Kind) -> list[Item]:
    return [_item(row) for row in await connection.fetch(_ITEMS, uid, kind)]


async def named(
    connection: Any, uid: str, kind: Kind, names: Sequence[str], *, with_text: bool
) -> list[Item]:  # fmt: skip
    query = _NAMED.replace(_NO_TEXTS, _TEXTS) if with_text else _NAMED
    return [_item(row) for row in await connection.fetch(query, uid, kind, list(names))]


async def of_uids(connection: Any, uid: str, kind: Kind, ical_uids: Sequence[str]) -> list[Item]:
    """Those of some iCalendar UIDs."""
    return [_item(row) for row in await connection.fetch(_OF_UIDS, uid, kind, list(ical_uids))]


async def between(
    connection: Any, uid: str, kind: Kind, first: datetime, last: datetime, *, kept_first: datetime,
    kept_last: datetime,
) -> list[Item]:  # fmt: skip
    """Those that may be in a while: of series more where that is not worked out.

    Args:
        kept_first, kept_last: within these it is worked out when series are.
    """
    rows = await connection.fetch(
        _BETWEEN, uid, kind, first, last, first < kept_first, last > kept_last
    )
    return [_item(row) for row in rows]


async def since(
    connection: Any, uid: str, kind: Kind, number: int, limit: int
) -> tuple[list[Item], list[tuple[str, int]]]:
    """The first of what changed after a number, in that order: items, and names of what is gone,
    with the number of that. Of the first time (0) nothing is gone."""
    rows = await connection.fetch(_SINCE, uid, kind, number, limit)
    there = [_item(row) for row in rows if row["is_there"]]
    return there, [(row["name"], row["number"]) for row in rows if not row["is_there"]]


async def name_new(
    connection: Any, uid: str, kind: Kind, entry: str, name: str, own: str | None
) -> bool:  # fmt: skip
    """Keep a name for what is about to be added; false if it is taken."""
    await connection.execute(_FREE, uid, kind, name)
    return bool(await connection.fetchval(_NAME_NEW, uid, entry, kind, name, own))


async def unname(connection: Any, uid: str, entry: str) -> None:
    """What was to be added was not."""
    await connection.execute(
        "DELETE FROM calendar_items WHERE uid = $1 AND entry_id = $2 AND seq = 0", uid, entry
    )


async def set_own(connection: Any, uid: str, entry: str, own: str | None) -> bool:
    """What somebody's programs say that concerns nobody else; whether that is new. It is shown
    again."""
    return bool(await connection.fetchval(_SET_OWN, uid, entry, own))


async def keep_own(connection: Any, uid: str, entry: str, kind: Kind, own: str) -> None:
    """The same of what no program has seen yet."""
    await connection.execute(_KEEP_OWN, uid, entry, kind, own)


async def hand_over(connection: Any, uid: str, entry: str, to: str, own: str) -> None:
    """What has a name in a collection is another task or meeting from now on; without a name
    nothing changes."""
    await connection.execute(_MAKE_ROOM, uid, entry, to)
    await connection.execute(_HAND_OVER, uid, entry, to, own)


async def hide(connection: Any, uid: str, entry: str) -> None:
    """Until somebody who is asked answers otherwise."""
    await connection.execute(_HIDE, uid, entry)


async def show(connection: Any, uid: str, kind: Kind, ical_uid: str, name: str) -> bool:
    """What was hidden, by its iCalendar UID; under a name that is free. Whether there is such."""
    await connection.execute(_FREE, uid, kind, name)
    return bool(await connection.fetchval(_SHOW, uid, kind, ical_uid, name))


async def own_of(connection: Any, uid: str, entries: Sequence[str]) -> dict[str, str]:
    """What concerns nobody else, of those where something was said."""
    rows = await connection.fetch(_OWN_OF, uid, list(entries))
    return {row["entry_id"]: row["own"] for row in rows}


def _item(row: Any) -> Item:
    return Item(
        row["entry_id"], row["name"], row["seq"], row["own_number"], row["number"],
        row["changed_at"], row["thread_id"], row["ical"], row["own"],
    )  # fmt: skip


_STATE = "SELECT number, floor FROM calendars WHERE uid = $1 AND kind = $2"

_LOCK = """
INSERT INTO calendars (uid, kind) VALUES ($1, $2)
ON CONFLICT (uid, kind) DO UPDATE SET number = calendars.number
RETURNING number
"""

# Of one UID that which is there already, else the first. What somebody took out on a device is back
# when they answer otherwise than no.
_MINE = """
SELECT DISTINCT ON (e.uid) e.entry_id, e.seq
FROM entry_people p JOIN entries e USING (entry_id)
JOIN members m ON m.thread_id = e.thread_id AND m.uid = $1 AND m.role IS NOT NULL
LEFT JOIN calendar_items i ON i.uid = $1 AND i.entry_id = e.entry_id
WHERE p.uid = $1 AND p.is_asked AND e.removed_by IS NULL AND e.kind = $2
  AND i.hidden_answer IS DISTINCT FROM p.answer
ORDER BY e.uid, coalesce(i.is_there, false) DESC, coalesce(i.named_at, 'infinity'), e.entry_id
"""

# ``seq`` -1: it is gone.
_DIFFERENCES = f"""
WITH mine AS MATERIALIZED ({_MINE}), known AS (
    SELECT entry_id, seq, is_there FROM calendar_items WHERE uid = $1 AND kind = $2
)
SELECT coalesce(m.entry_id, i.entry_id) AS entry_id, coalesce(m.seq, -1) AS seq
FROM mine m FULL JOIN known i ON i.entry_id = m.entry_id
WHERE CASE WHEN m.entry_id IS NULL THEN i.is_there
      ELSE i.entry_id IS NULL OR NOT i.is_there OR i.seq <> m.seq END
"""

_IS_BEHIND = f"SELECT EXISTS ({_DIFFERENCES})"

_NUMBER = """
INSERT INTO calendar_items AS i (uid, entry_id, kind, name, seq, number, is_there)
SELECT $1, entry_id, $2, entry_id || CASE WHEN EXISTS (
           SELECT FROM calendar_items o WHERE o.uid = $1 AND o.kind = $2
             AND o.name = d.entry_id || '.ics' AND o.entry_id <> d.entry_id
       ) THEN '-' || left(md5(random()::text), 12) ELSE '' END || '.ics', seq, $3 + nth, true
FROM unnest($4::text[], $5::bigint[]) WITH ORDINALITY AS d (entry_id, seq, nth)
ON CONFLICT (uid, entry_id) DO UPDATE SET
    seq = CASE WHEN excluded.seq < 0 THEN i.seq ELSE excluded.seq END, number = excluded.number,
    is_there = excluded.seq >= 0,
    hidden_answer = CASE WHEN excluded.seq < 0 THEN i.hidden_answer END
"""

_FORGET = """
WITH old AS (
    DELETE FROM calendar_items WHERE uid = $1 AND kind = $2 AND NOT is_there AND seq > 0
      AND hidden_answer IS NULL AND number <= (
        SELECT number FROM calendar_items
        WHERE uid = $1 AND kind = $2 AND NOT is_there AND seq > 0 AND hidden_answer IS NULL
        ORDER BY number DESC OFFSET $3 LIMIT 1)
    RETURNING number
)
UPDATE calendars SET floor = greatest(floor, (SELECT max(number) FROM old))
WHERE uid = $1 AND kind = $2 AND EXISTS (SELECT FROM old)
"""

_TEXTS = "e.ical, i.own"
_NO_TEXTS = "NULL AS ical, NULL AS own"

_FROM = f"""
SELECT i.entry_id, i.name, e.seq, i.own_number, i.number, i.is_there, e.set_at AS changed_at,
       e.thread_id, {_NO_TEXTS}
FROM calendar_items i JOIN entries e USING (entry_id)
WHERE i.uid = $1 AND i.kind = $2
"""

_ITEMS = f"{_FROM} AND i.is_there ORDER BY i.name"

# As it is by now, however long ago it was found.
_NAMED = f"""
{_FROM} AND i.is_there AND i.name = ANY($3::text[]) AND e.removed_by IS NULL AND EXISTS (
    SELECT FROM members m WHERE m.thread_id = e.thread_id AND m.uid = $1 AND m.role IS NOT NULL)
ORDER BY i.name
"""

_OF_UIDS = f"{_FROM} AND i.is_there AND e.uid = ANY($3::text[]) ORDER BY i.name"

# Beside what floats may be on other clocks, by up to 14 hours.
_BETWEEN = f"""
{_FROM} AND i.is_there AND (
    EXISTS (SELECT FROM occurrences o WHERE o.entry_id = i.entry_id
            AND o.first <= $4::timestamptz + interval '14 hours'
            AND o.last >= $3::timestamptz - interval '14 hours')
    OR ($5::boolean OR $6::boolean) AND EXISTS (
        SELECT FROM expansions x WHERE x.entry_id = i.entry_id AND x.through IS NOT NULL)
    OR NOT EXISTS (SELECT FROM expansions x WHERE x.entry_id = i.entry_id)
    OR NOT EXISTS (SELECT FROM occurrences o WHERE o.entry_id = i.entry_id))
ORDER BY i.name
"""

_SINCE = f"""
SELECT i.entry_id, i.name, e.seq, i.own_number, i.number, i.is_there,
       coalesce(e.set_at, i.named_at) AS changed_at, coalesce(e.thread_id, '') AS thread_id,
       {_NO_TEXTS}
FROM calendar_items i LEFT JOIN entries e USING (entry_id)
WHERE i.uid = $1 AND i.kind = $2 AND i.number > $3 AND (i.is_there OR $3 > 0)
ORDER BY i.number LIMIT $4
"""

# A name of what is gone is free; so is one that was kept for what never came.
_FREE = """
DELETE FROM calendar_items
WHERE uid = $1 AND kind = $2 AND name = $3 AND NOT is_there AND hidden_answer IS NULL
  AND (seq > 0 OR named_at < now() - interval '1 minute')
"""

_NAME_NEW = """
INSERT INTO calendar_items (uid, entry_id, kind, name, own) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING true
"""

_SET_OWN = """
UPDATE calendar_items SET own = $3, own_number = own_number + 1, seq = -1
WHERE uid = $1 AND entry_id = $2 AND own IS DISTINCT FROM $3 RETURNING true
"""

_MAKE_ROOM = """
DELETE FROM calendar_items WHERE uid = $1 AND entry_id = $3
  AND EXISTS (SELECT FROM calendar_items WHERE uid = $1 AND entry_id = $2)
"""

_HAND_OVER = """
UPDATE calendar_items SET entry_id = $3, own = $4, own_number = own_number + 1, seq = -1
WHERE uid = $1 AND entry_id = $2
"""

_HIDE = """
UPDATE calendar_items i SET hidden_answer = p.answer FROM entry_people p
WHERE i.uid = $1 AND i.entry_id = $2 AND p.uid = $1 AND p.entry_id = $2
"""

_SHOW = """
UPDATE calendar_items i SET hidden_answer = NULL, name = CASE WHEN EXISTS (
    SELECT FROM calendar_items o WHERE o.uid = $1 AND o.kind = $2 AND o.name = $4
) THEN i.name ELSE $4 END
FROM entries e
WHERE i.uid = $1 AND i.kind = $2 AND i.hidden_answer IS NOT NULL AND NOT i.is_there
  AND e.entry_id = i.entry_id AND e.uid = $3 AND e.removed_by IS NULL
RETURNING true
"""

_KEEP_OWN = """
INSERT INTO calendar_items (uid, entry_id, kind, name, own)
VALUES ($1, $2, $3, $2 || '.ics', $4)
ON CONFLICT (uid, entry_id) DO UPDATE SET own = excluded.own, seq = -1,
    own_number = calendar_items.own_number + 1
"""

_OWN_OF = """
SELECT entry_id, own FROM calendar_items
WHERE uid = $1 AND entry_id = ANY($2::text[]) AND own IS NOT NULL
"""
