"""Rows of reminders and of the notices that they become.

A reminder becomes a notice in one transaction with the end, or the next moment, of the reminder:
whatever dies, there is one notice for each moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from hub.wire.agenda import When
from hub.wire.reminders import MAX_REMINDERS, Notice, NoticeBody, Reminder

_encode = msgspec.json.Encoder().encode
_when = msgspec.json.Decoder(When, strict=False).decode
_body = msgspec.json.Decoder(NoticeBody, strict=False).decode
MAX_NOTICES: Final = 200
"""That are told at once; the others follow as these are seen."""


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder that is said to a thread."""

    reminder: str
    uid: str
    note: str
    due_at: datetime
    thread: str
    seq: int | None


async def add(
    connection: Any, reminder: str, uid: str, note: str, *, due_at: datetime | None,
    moment: When | None, zone: str, before_s: int | None, thread: str | None, seq: int | None,
    entry: str | None, for_thread: bool, at: datetime,
) -> bool:  # fmt: skip
    """False when somebody has as many as they may have; what is there already stays."""
    return bool(
        await connection.fetchval(
            _ADD, reminder, uid, note, due_at, None if moment is None else _encode(moment).decode(),
            zone, before_s, thread, seq, entry, for_thread, at, MAX_REMINDERS,
        )
    )  # fmt: skip


async def of_person(connection: Any, uid: str) -> list[Reminder]:
    """Theirs, and those that will be said in threads that they are in; what is due first first."""
    return [_reminder(row) for row in await connection.fetch(_OF_PERSON, uid)]


async def find(connection: Any, uid: str, reminder: str) -> Reminder | None:
    """One of somebody's own."""
    row = await connection.fetchrow(_FIND, uid, reminder)
    return None if row is None else _reminder(row)


async def move(connection: Any, uid: str, reminder: str, due_at: datetime, moment: When) -> bool:
    return bool(
        await connection.fetchval(_MOVE, uid, reminder, due_at, _encode(moment).decode())
    )  # fmt: skip


async def remove(connection: Any, uid: str, reminder: str) -> bool:
    return bool(await connection.fetchval(_REMOVE, uid, reminder))


async def follow(
    connection: Any, entry: str, now: datetime, *, is_open: bool
) -> datetime | None:  # fmt: skip
    """Work out when the reminders of a task or meeting are due, after its moments were; returns
    when the first of them is. What is over is due no more."""
    if not is_open:
        await connection.execute(_STOP, entry)
        return None
    rows = await connection.fetch(_FOLLOW, entry, now)
    return min((row["due_at"] for row in rows if row["due_at"] is not None), default=None)


async def carry(connection: Any, uid: str, entry: str, to: str, thread: str) -> None:
    """Somebody's reminders of a task or meeting are of another one, in another thread, which it has
    become. Those that are said to a thread stay with theirs: other people read the new one."""
    await connection.execute(
        "UPDATE reminders SET entry_id = $3, thread_id = $4, seq = NULL"
        " WHERE uid = $1 AND entry_id = $2 AND NOT for_thread", uid, entry, to, thread,
    )  # fmt: skip


async def forget_entries(connection: Any, entries: Sequence[str]) -> None:
    """Those before moments of what is gone for good."""
    await connection.execute(
        "DELETE FROM reminders WHERE entry_id = ANY($1::text[]) AND before_s IS NOT NULL",
        list(entries),
    )


async def first_due(connection: Any) -> datetime | None:
    found: datetime | None = await connection.fetchval("SELECT min(due_at) FROM reminders")
    return found


async def deliver(
    connection: Any, now: datetime, limit: int
) -> tuple[int, list[tuple[str, Notice]]]:
    """Make notices of private reminders that are due; returns how many were due, and the notices
    with the uids whose they are. Of those of people who are not here any more none is made."""
    due = await connection.fetch(_DUE, now, limit)
    if not due:
        return 0, []
    made = []
    for row in due:
        if row["disabled"]:
            continue
        body = NoticeBody(
            note=row["note"], thread=row["thread_id"], seq=row["seq"], entry=row["entry_id"]
        )
        made.append((row["uid"], _notice(row["reminder_id"], row["due_at"], body)))
    await connection.execute(
        _NOTICES, [one.notice for _, one in made], [uid for uid, _ in made],
        [datetime.fromtimestamp(one.at / 1000, now.tzinfo) for _, one in made],
        [_encode(_bare(one)).decode() for _, one in made],
    )  # fmt: skip
    await connection.execute(_SPENT, [row["reminder_id"] for row in due], now)
    return len(due), made


async def due_for_threads(connection: Any, now: datetime, limit: int) -> list[Due]:
    """Reminders that are to be said to threads now."""
    return [Due(*row) for row in await connection.fetch(_DUE_FOR_THREADS, now, limit)]


async def said(connection: Any, due: Due) -> None:
    """It is in the thread."""
    await connection.execute(_SAID, due.reminder, due.due_at)


async def not_said(connection: Any, due: Due, code: str) -> Notice | None:
    """It could not be said: who set it is told; null when that is done already."""
    if not await connection.fetchval(_SAID, due.reminder, due.due_at):
        return None
    body = NoticeBody(note=due.note, thread=due.thread, seq=due.seq, failed=code)
    notice = _notice(due.reminder, due.due_at, body)
    await connection.execute(
        _NOTICES, [notice.notice], [due.uid], [due.due_at], [_encode(body).decode()]
    )
    return notice


async def notify(
    connection: Any, uid: str, notice: str, at: datetime, body: NoticeBody
) -> Notice:  # fmt: skip
    """Tell somebody of something that is no reminder."""
    await connection.execute(_NOTICES, [notice], [uid], [at], [_encode(body).decode()])
    return _told(notice, int(at.timestamp() * 1000), body)


async def unseen(connection: Any, uid: str) -> list[Notice]:
    rows = await connection.fetch(_UNSEEN, uid, MAX_NOTICES)
    return [
        _told(row["notice_id"], row["at_ms"], _body(row["body"])) for row in rows
    ]  # fmt: skip


async def see(connection: Any, uid: str, notice: str, now: datetime) -> NoticeBody | None:
    """It was seen; null when it was already, or is none of theirs."""
    body = await connection.fetchval(_SEE, uid, notice, now)
    return None if body is None else _body(body)


async def answered(connection: Any, uid: str, asks: str, now: datetime) -> list[str]:
    """What somebody asked is decided: the notices that asked it are seen; their ids."""
    rows = await connection.fetch(
        "UPDATE notices SET seen_at = $3 WHERE uid = $1 AND body->>'asks' = $2"
        " AND seen_at IS NULL RETURNING notice_id", uid, asks, now,
    )  # fmt: skip
    return [row["notice_id"] for row in rows]


async def forget(connection: Any, before: datetime) -> int:
    """Delete what was seen before a moment; returns how many."""
    rows = await connection.fetch(
        "DELETE FROM notices WHERE seen_at < $1 RETURNING 1", before
    )  # fmt: skip
    return len(rows)


def _notice(reminder: str, due_at: datetime, body: NoticeBody) -> Notice:
    at = int(due_at.timestamp() * 1000)
    return _told(f"{reminder}.{at}", at, body)


def _told(notice: str, at: int, body: NoticeBody) -> Notice:
    fields = {name: getattr(body, name) for name in NoticeBody.__struct_fields__}
    return Notice(notice=notice, at=at, **fields)


def _bare(notice: Notice) -> NoticeBody:
    return NoticeBody(**{name: getattr(notice, name) for name in NoticeBody.__struct_fields__})


def _reminder(row: Any) -> Reminder:
    return Reminder(
        reminder=row["reminder_id"], uid=row["uid"], note=row["note"], at=row["due_ms"],
        when=None if row["moment"] is None else _when(row["moment"]), before_s=row["before_s"],
        thread=row["thread_id"], seq=row["seq"], entry=row["entry_id"],
        for_thread=row["for_thread"], created_at=row["created_ms"],
    )  # fmt: skip


_ADD = """
WITH mine AS (SELECT count(*) AS n FROM reminders WHERE uid = $2),
made AS (
    INSERT INTO reminders (reminder_id, uid, note, due_at, moment, zone, before_s, thread_id, seq,
                           entry_id, for_thread, created_at)
    SELECT $1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11, $12 FROM mine WHERE n < $13
    ON CONFLICT DO NOTHING
    RETURNING true
)
SELECT EXISTS (SELECT FROM made) OR EXISTS (SELECT FROM reminders WHERE reminder_id = $1)
"""

_COLUMNS = """
reminder_id, r.uid, note, moment, before_s, r.thread_id, seq, entry_id, for_thread,
(extract(epoch FROM due_at) * 1000)::bigint AS due_ms,
(extract(epoch FROM r.created_at) * 1000)::bigint AS created_ms
"""

_OF_PERSON = f"""
SELECT {_COLUMNS} FROM reminders r WHERE uid = $1
UNION ALL
SELECT {_COLUMNS} FROM members m JOIN reminders r ON r.thread_id = m.thread_id AND r.for_thread
WHERE m.uid = $1 AND m.role IS NOT NULL AND r.uid <> $1
ORDER BY due_ms NULLS LAST, reminder_id LIMIT {MAX_REMINDERS}
"""

_FIND = f"SELECT {_COLUMNS} FROM reminders r WHERE uid = $1 AND reminder_id = $2"

_MOVE = """
UPDATE reminders SET due_at = $3, moment = $4::jsonb, before_s = NULL
WHERE uid = $1 AND reminder_id = $2 RETURNING true
"""

_REMOVE = "DELETE FROM reminders WHERE uid = $1 AND reminder_id = $2 RETURNING true"

_STOP = "UPDATE reminders SET due_at = NULL WHERE entry_id = $1 AND before_s IS NOT NULL"

# What floats is on the clocks of who asked to be reminded. A task is due at its end.
_NEXT = """
SELECT min(moment) FROM (
    SELECT CASE WHEN o.floats THEN (s.at AT TIME ZONE 'UTC') AT TIME ZONE r.zone ELSE s.at END
           - make_interval(secs => r.before_s) AS moment
    FROM occurrences o
    JOIN entries e ON e.entry_id = o.entry_id
    CROSS JOIN LATERAL (SELECT CASE WHEN e.kind = 'task' THEN o.last ELSE o.first END AS at) s
    WHERE o.entry_id = r.entry_id AND o.says->>'state' NOT IN ('done', 'cancelled')
) AS moments
WHERE moment > greatest($2, coalesce(r.through, $2))
"""

_FOLLOW = f"""
UPDATE reminders r SET due_at = ({_NEXT})
WHERE r.entry_id = $1 AND r.before_s IS NOT NULL
RETURNING due_at
"""

_DUE = """
SELECT r.reminder_id, r.uid, r.note, r.due_at, r.thread_id, r.seq, r.entry_id,
       a.disabled_at IS NOT NULL AS disabled
FROM reminders r JOIN accounts a ON a.uid = r.uid
WHERE r.due_at <= $1 AND NOT r.for_thread
ORDER BY r.due_at LIMIT $2 FOR UPDATE OF r SKIP LOCKED
"""

_NOTICES = """
INSERT INTO notices (notice_id, uid, at, body)
SELECT notice_id, uid, at, body::jsonb
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) AS n (notice_id, uid, at, body)
ON CONFLICT DO NOTHING
"""

_SPENT = f"""
WITH gone AS (
    DELETE FROM reminders WHERE reminder_id = ANY($1::text[]) AND before_s IS NULL
)
UPDATE reminders r SET through = due_at, due_at = ({_NEXT})
WHERE reminder_id = ANY($1::text[]) AND before_s IS NOT NULL
"""

_DUE_FOR_THREADS = """
SELECT reminder_id, uid, note, due_at, thread_id, seq FROM reminders
WHERE due_at <= $1 AND for_thread ORDER BY due_at LIMIT $2
"""

_SAID = "DELETE FROM reminders WHERE reminder_id = $1 AND due_at = $2 RETURNING true"

_UNSEEN = """
SELECT notice_id, body, (extract(epoch FROM at) * 1000)::bigint AS at_ms FROM notices
WHERE uid = $1 AND seen_at IS NULL ORDER BY at, notice_id LIMIT $2
"""

_SEE = """
UPDATE notices SET seen_at = $3 WHERE uid = $1 AND notice_id = $2 AND seen_at IS NULL
RETURNING body
"""
