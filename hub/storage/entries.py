"""Tasks and meetings: their projection, and what of them somebody may see.

Whoever asks is given only what they may read: what was added from the seq on that they may see, and
what is or was for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from hub.clock import to_datetime
from hub.storage import occurrences, reminders
from hub.storage.writer import Committed
from hub.wire import agenda as wire

MAX_OF_THREAD: Final = 20_000
"""Tasks and meetings of a thread, those that were removed and not yet erased among them."""

BRIEF: Final = 500
"""Characters of the notes that a list tells."""
_encode = msgspec.json.Encoder().encode
_facts = msgspec.json.Decoder(wire.EntryFacts, strict=False).decode
_decode_set = msgspec.json.Decoder(wire.EntrySetBody).decode
_FACTS: Final = wire.EntryFacts.__struct_fields__


@dataclass(frozen=True, slots=True)
class EntryRow:
    """As commands see it. ``shown``: those who see it whatever they may read of the thread."""

    entry: str
    thread: str
    kind: str
    uid: str
    ical: str
    facts: wire.EntryFacts
    seq: int
    added_seq: int
    created_by: str
    created_at_ms: int
    removed_by: str | None
    erase_at_ms: int | None
    shown: list[str]


class Known(NamedTuple):
    """What there is of an iCalendar UID."""

    entry: str
    seq: int
    ical: str


# --- from the log -------------------------------------------------------------------------------


async def project_set(connection: Any, one: Committed) -> None:
    """An ``entry.set``, whole."""
    body = _decode_set(one.body)
    told = body.told
    facts = _encode(wire.EntryFacts(**{name: getattr(told, name) for name in _FACTS})).decode()
    is_there = await connection.fetchval(
        _SET, told.entry, one.stream_id, told.kind, body.uid, body.ical, facts,
        told.state not in ("done", "cancelled"),
        *(None if ms is None else to_datetime(ms) for ms in (body.due, body.over)), one.seq,
        one.sender, to_datetime(one.at_ms), told.target is None, told.did == "brought_back",
    )  # fmt: skip
    if is_there:
        await connection.execute(
            _PEOPLE, told.entry, one.stream_id, list(body.asked), list(body.asked.values())
        )


async def project_remove(connection: Any, one: Committed, data: Any) -> None:
    erase_at = to_datetime(one.at_ms) + timedelta(seconds=data["undo_s"])
    await connection.execute(_REMOVE, one.stream_id, data["entry"], one.sender, erase_at, one.seq)


# --- of one thread --------------------------------------------------------------------------------


async def find(connection: Any, entry: str) -> EntryRow | None:
    row = await connection.fetchrow(_FIND, entry)
    return None if row is None else EntryRow(**{**row, "facts": _facts(row["facts"])})


async def find_uid(
    connection: Any, thread: str, ical_uid: str, uid: str, from_seq: int
) -> EntryRow | None:  # fmt: skip
    """What a thread has of an iCalendar UID, if somebody sees it."""
    row = await connection.fetchrow(_FIND_UID, thread, uid, from_seq, ical_uid)
    return None if row is None else EntryRow(**{**row, "facts": _facts(row["facts"])})


async def known_uids(
    connection: Any, thread: str, uid: str, from_seq: int, ical_uids: Sequence[str]
) -> dict[str, Known]:
    """What a thread has of some iCalendar UIDs, by these, as far as somebody sees it."""
    rows = await connection.fetch(_KNOWN_UIDS, thread, uid, from_seq, list(ical_uids))
    return {row["uid"]: Known(row["entry_id"], row["seq"], row["ical"]) for row in rows}


async def texts_in(connection: Any, thread: str, uid: str, from_seq: int) -> dict[str, str]:
    """The texts of what somebody sees of a thread, by ids."""
    rows = await connection.fetch(_TEXTS_IN, thread, uid, from_seq)
    return {row["entry_id"]: row["ical"] for row in rows}


async def has_room(connection: Any, thread: str) -> bool:
    """Whether a thread may have one more."""
    count = await connection.fetchval("SELECT count(*) FROM entries WHERE thread_id = $1", thread)
    return bool(count < MAX_OF_THREAD)


async def of_thread(
    connection: Any, thread: str, uid: str, from_seq: int, *, limit: int, after: str | None = None,
    is_open: bool | None = None,
) -> list[wire.Entry]:  # fmt: skip
    """What somebody sees of a thread's, by their ids or, of what is open and not over, by when it
    is due or over."""
    rows = await connection.fetch(
        _OPEN_OF_THREAD if is_open else _OF_THREAD, thread, uid, from_seq, limit, after or ""
    )
    return [_entry(row) for row in rows]


async def some(
    connection: Any, thread: str, uid: str, from_seq: int, *, entries: Sequence[str],
    sources: Sequence[int],
) -> list[wire.Entry]:  # fmt: skip
    """Those by their ids, and those that came from messages, as far as somebody sees them."""
    if not entries and not sources:
        return []
    rows = await connection.fetch(_SOME, thread, uid, from_seq, list(entries), list(sources))
    return [_entry(row) for row in rows]


async def one_of(connection: Any, entry: str, uid: str) -> tuple[wire.Entry, str] | None:
    """A task or meeting with its text, if somebody may see it."""
    row = await connection.fetchrow(_ONE_OF, uid, entry)
    return None if row is None else (_entry(row, brief=False), row["ical"])


# --- of all threads of somebody -------------------------------------------------------------------


async def tasks_of(
    connection: Any, uid: str, limit: int, done_after: datetime
) -> list[wire.Entry]:  # fmt: skip
    """What is to be done by somebody, what is due first before the rest, and what was done since a
    moment."""
    rows = await connection.fetch(_TASKS, uid, limit, done_after)
    return [_entry(row) for row in rows]


async def texts_for(connection: Any, uid: str) -> dict[str, str]:
    """The texts of what is for somebody, by ids; of one iCalendar UID once."""
    rows = await connection.fetch(_MINE.replace("{columns}", "e.entry_id, e.ical"), uid)
    return {row["entry_id"]: row["ical"] for row in rows}


async def seqs_for(connection: Any, uid: str) -> list[tuple[str, int]]:
    """The same, with the seq of each."""
    rows = await connection.fetch(_MINE.replace("{columns}", "e.entry_id, e.seq"), uid)
    return [(row["entry_id"], row["seq"]) for row in rows]


async def between(
    connection: Any, uid: str, first: datetime, last: datetime, *, local: tuple[datetime, datetime],
    limit: int,
) -> tuple[list[msgspec.Raw], list[wire.Entry]]:  # fmt: skip
    """What is for somebody between two moments, in order, and the tasks and meetings that these are
    of. The moments are ``hub.wire.agenda.AgendaOccurrence`` as JSON: a year of many series has
    thousands.

    Args:
        local: the same two on the clocks of who looks, as if they were those of UTC.
    """
    rows = await connection.fetch(_BETWEEN, uid, first, last, *local, limit)
    found = [msgspec.Raw(_placed(*row)) for row in rows]
    ids = list(dict.fromkeys(entry for entry, _, _ in rows))
    entries = [_entry(row) for row in await connection.fetch(_MINE_BY_ID, ids)] if ids else []
    return found, entries


def _placed(entry: str, occurrence: str | None, says: str) -> bytes:
    """What one moment says, with what it is of; neither id has a character that JSON escapes."""
    of = (
        f'"entry":"{entry}",'
        if occurrence is None
        else (f'"entry":"{entry}","occurrence":"{occurrence}",')
    )
    return f"{{{of}{says[1:]}".encode()


async def personal_thread(connection: Any, uid: str) -> tuple[str | None, bool]:
    """The thread of what concerns nobody else, and whether it still is one."""
    row = await connection.fetchrow(_PERSONAL, uid)
    return (None, False) if row is None else (row["thread_id"], row["is_own"])


async def set_personal_thread(
    connection: Any, uid: str, thread: str, instead_of: str | None
) -> str:  # fmt: skip
    """The first one stays, of those that are to take the place of the same; returns that."""
    found: str = await connection.fetchval(_SET_PERSONAL, uid, thread, instead_of)
    return found


# --- erasing --------------------------------------------------------------------------------------


async def erase_due(connection: Any, now: datetime, limit: int = 100) -> int:
    """Erase what was removed and can no longer be brought back; returns how many. The eraser's
    lock is held."""
    due = await connection.fetch(_DUE, now, limit)
    if due:
        ids = [row["entry_id"] for row in due]
        seqs = await connection.fetch(_ERASE_EVENTS, [row["thread_id"] for row in due], ids)
        await connection.execute(
            _ERASE_LINES, [row["stream_id"] for row in seqs], [row["seq"] for row in seqs]
        )
        await _delete(connection, ids)
        await occurrences.forget(connection, ids)
        await reminders.forget_entries(connection, ids)
    return len(due)


async def forget_erased(connection: Any, thread: str) -> None:
    """Take what the log does not say any more from the projections."""
    gone = [row["entry_id"] for row in await connection.fetch(_ERASED, thread)]
    await _delete(connection, gone)
    await connection.execute(_FORGET_LINES, thread)


async def _delete(connection: Any, ids: Sequence[str]) -> None:
    for table in ("entry_people", "entries"):
        await connection.execute(f"DELETE FROM {table} WHERE entry_id = ANY($1::text[])", ids)


def _entry(row: Any, *, brief: bool = True) -> wire.Entry:
    facts = _facts(row["facts"])
    if brief and len(facts.notes) > BRIEF:
        facts.notes, facts.more_notes = facts.notes[:BRIEF], True
    return wire.Entry(
        **{name: getattr(facts, name) for name in _FACTS},
        entry=row["entry_id"], thread=row["thread_id"], seq=row["seq"], target=row["added_seq"],
        created_by=row["created_by"], created_at=row["created_at_ms"], set_by=row["set_by"],
        set_at=row["set_at_ms"],
    )  # fmt: skip


_SET = """
INSERT INTO entries AS e (entry_id, thread_id, kind, uid, ical, facts, is_open, due, over, seq,
                          added_seq, created_by, created_at, set_by, set_at)
SELECT $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $10, $11, $12, $11, $12
WHERE $13 OR EXISTS (SELECT FROM entries WHERE entry_id = $1 AND thread_id = $2)
ON CONFLICT (entry_id) DO UPDATE SET
    kind = excluded.kind, uid = excluded.uid, ical = excluded.ical, facts = excluded.facts,
    is_open = excluded.is_open, due = excluded.due, over = excluded.over, seq = excluded.seq,
    set_by = excluded.set_by, set_at = excluded.set_at, removed_by = NULL, erase_at = NULL
WHERE e.thread_id = excluded.thread_id AND (e.removed_by IS NULL) <> $14
RETURNING true
"""

# Whom it is for no more sees it still.
_PEOPLE = """
WITH asked AS (
    SELECT * FROM unnest($3::text[], $4::text[]) AS a (uid, answer)
), gone AS (
    UPDATE entry_people SET is_asked = false
    WHERE entry_id = $1 AND is_asked AND uid <> ALL($3::text[])
)
INSERT INTO entry_people (entry_id, uid, thread_id, is_asked, answer)
SELECT $1, uid, $2, true, answer FROM asked
ON CONFLICT (entry_id, uid) DO UPDATE SET is_asked = true, answer = excluded.answer
"""

_REMOVE = """
UPDATE entries SET removed_by = $3, erase_at = $4, seq = $5
WHERE thread_id = $1 AND entry_id = $2 AND removed_by IS NULL
"""

_ROW = """
SELECT entry_id AS entry, thread_id AS thread, kind, uid, ical, facts, seq, added_seq, created_by,
       (extract(epoch FROM created_at) * 1000)::bigint AS created_at_ms,
       removed_by, (extract(epoch FROM erase_at) * 1000)::bigint AS erase_at_ms,
       ARRAY(SELECT p.uid FROM entry_people p WHERE p.entry_id = e.entry_id ORDER BY p.uid) AS shown
FROM entries e
"""

_FIND = f"{_ROW} WHERE entry_id = $1"

_COLUMNS = """
e.entry_id, e.thread_id, e.facts, e.seq, e.added_seq, e.created_by, e.set_by, e.due,
(extract(epoch FROM e.created_at) * 1000)::bigint AS created_at_ms,
(extract(epoch FROM e.set_at) * 1000)::bigint AS set_at_ms
"""

_SEEN = """
e.removed_by IS NULL AND (e.added_seq >= $3 OR EXISTS (
    SELECT FROM entry_people p WHERE p.entry_id = e.entry_id AND p.uid = $2))
"""

_FIND_UID = f"""
{_ROW} WHERE thread_id = $1 AND uid = $4 AND {_SEEN} ORDER BY added_seq LIMIT 1
"""

_OF_THREAD = f"""
SELECT {_COLUMNS} FROM entries e WHERE thread_id = $1 AND {_SEEN} AND entry_id > $5
ORDER BY entry_id LIMIT $4
"""

_OPEN_OF_THREAD = f"""
SELECT {_COLUMNS} FROM entries e
WHERE thread_id = $1 AND {_SEEN} AND is_open AND (over IS NULL OR over > now()) AND $5 = ''
ORDER BY coalesce(due, over), added_seq LIMIT $4
"""

_SOME = f"""
SELECT {_COLUMNS} FROM entries e
WHERE thread_id = $1 AND {_SEEN} AND (
    entry_id = ANY($4::text[])
    OR facts->'source' ? 'seq' AND (facts->'source'->>'seq')::bigint = ANY($5::bigint[]))
ORDER BY added_seq
"""

_MEMBER = """
JOIN members m ON m.thread_id = e.thread_id AND m.uid = $1 AND m.role IS NOT NULL
"""

_KNOWN_UIDS = f"""
SELECT DISTINCT ON (e.uid) e.uid, e.entry_id, e.seq, e.ical FROM entries e
WHERE thread_id = $1 AND {_SEEN} AND e.uid = ANY($4::text[]) ORDER BY e.uid, e.added_seq
"""

_TEXTS_IN = f"""
SELECT e.entry_id, e.ical FROM entries e WHERE thread_id = $1 AND {_SEEN} ORDER BY e.added_seq
"""

_MINE = f"""
SELECT DISTINCT ON (e.uid) {{columns}} FROM entry_people p JOIN entries e USING (entry_id) {_MEMBER}
WHERE p.uid = $1 AND p.is_asked AND e.removed_by IS NULL ORDER BY e.uid, e.entry_id
"""

_ONE_OF = f"""
SELECT {_COLUMNS}, e.ical FROM entries e {_MEMBER} JOIN threads t ON t.thread_id = e.thread_id
WHERE e.entry_id = $2 AND e.removed_by IS NULL AND (
    t.history = 'all' OR e.added_seq >= m.since_seq
    OR EXISTS (SELECT FROM entry_people p WHERE p.entry_id = e.entry_id AND p.uid = $1))
"""

_TASKS = f"""
SELECT {_COLUMNS} FROM entry_people p JOIN entries e USING (entry_id) {_MEMBER}
WHERE p.uid = $1 AND p.is_asked AND e.kind = 'task' AND e.removed_by IS NULL
  AND (e.is_open OR e.set_at >= $3 AND e.facts->>'state' = 'done')
ORDER BY e.is_open DESC, e.due NULLS LAST, e.entry_id LIMIT $2
"""

_BETWEEN = f"""
SELECT o.entry_id, o.occurrence, o.says FROM entry_people p
JOIN entries e USING (entry_id) {_MEMBER}
JOIN occurrences o ON o.entry_id = p.entry_id
WHERE p.uid = $1 AND p.is_asked AND e.removed_by IS NULL
  AND o.first < greatest($3::timestamptz, $5::timestamptz)
  AND o.last >= least($2::timestamptz, $4::timestamptz) AND CASE
    WHEN o.floats THEN o.first < $5 AND (o.last > $4 OR o.first = o.last AND o.last >= $4)
    ELSE o.first < $3 AND (o.last > $2 OR o.first = o.last AND o.last >= $2) END
ORDER BY o.first, o.entry_id, o.nth LIMIT $6
"""

_MINE_BY_ID = f"SELECT {_COLUMNS} FROM entries e WHERE entry_id = ANY($1::text[]) ORDER BY entry_id"

_PERSONAL = """
SELECT p.thread_id, (
    SELECT coalesce(array_agg(m.uid) = ARRAY[$1], false) FROM members m
    WHERE m.thread_id = p.thread_id AND m.role IS NOT NULL) AS is_own
FROM personal_threads p WHERE p.uid = $1
"""

_SET_PERSONAL = """
INSERT INTO personal_threads AS p (uid, thread_id) VALUES ($1, $2)
ON CONFLICT (uid) DO UPDATE SET
    thread_id = CASE WHEN p.thread_id = $3 THEN excluded.thread_id ELSE p.thread_id END
RETURNING thread_id
"""

_DUE = """
SELECT entry_id, thread_id FROM entries
WHERE erase_at < $1 ORDER BY erase_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

# The history has a line of every event.
_ERASE_EVENTS = """
UPDATE events e SET body = NULL, salt = NULL FROM items i
WHERE i.thread_id = ANY($1::text[]) AND i.type LIKE 'entry.%' AND i.data IS NOT NULL
  AND convert_from(i.data, 'UTF8')::json->>'entry' = ANY($2::text[])
  AND e.stream_id = i.thread_id AND e.seq = i.seq
RETURNING e.stream_id, e.seq
"""

_ERASE_LINES = """
UPDATE items i SET data = NULL
FROM unnest($1::text[], $2::bigint[]) AS e (thread_id, seq)
WHERE i.thread_id = e.thread_id AND i.seq = e.seq
"""

_ERASED = """
SELECT a.entry_id FROM entries a JOIN events e ON e.stream_id = a.thread_id AND e.seq = a.added_seq
WHERE a.thread_id = $1 AND e.body IS NULL
"""

_FORGET_LINES = """
UPDATE items i SET data = NULL FROM events e
WHERE e.stream_id = $1 AND e.seq = i.seq AND i.thread_id = $1 AND e.body IS NULL
  AND i.type LIKE 'entry.%' AND i.data IS NOT NULL
"""
