"""References of threads and messages: their projection, and who finds what by a number.

Whoever asks is given only what they may read: every question is joined with the threads that they
are a member of, from the seq on that they may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.clock import to_datetime
from hub.storage.search import planned_for_its_words
from hub.storage.writer import Committed
from hub.wire.api import ReferencedThread
from hub.wire.references import MAX_REFERENCES, Reference, key, shape

MAX_ROWS = 300
"""Numbers of a thread or a message, with those that were taken away."""
MAX_SAID = 200
"""Messages in which a number is only said that are looked at."""


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """A number of a thread (``target`` 0) or a message, there or not any more."""

    id: str
    kind: str
    number: str
    whose: str
    matter: str
    is_on: bool
    by_rule: bool


# --- from the log -------------------------------------------------------------------------------


async def project_set(connection: Any, one: Committed, data: Any) -> None:
    """A ``reference.set``."""
    target = data.get("target") or 0
    if target and not await connection.fetchval(_TOUCH, one.stream_id, target, one.seq):
        return  # it was deleted meanwhile
    if not data["on"]:
        await connection.execute(
            _OFF, one.stream_id, target, *_names(data), one.sender, to_datetime(one.at_ms), one.seq
        )
    else:
        await connection.execute(
            _ON, one.stream_id, target, *_names(data), data["matter"], bool(data.get("rule")),
            one.sender, to_datetime(one.at_ms), one.seq, 0,
        )  # fmt: skip


async def project_message(connection: Any, one: Committed, data: Any, target: int) -> None:
    """Numbers that a rule found in a message, when it was written (``target`` is its own seq) or
    changed: they take the place of those that one found before."""
    found = data.get("references", [])
    if target != one.seq:
        if not found and not await connection.fetchval(_IS_RULED, one.stream_id, target):
            return  # as with nearly every edit
        if not await connection.fetchval(_IS_AT, one.stream_id, target, one.seq):
            return  # the edit changed nothing
        await connection.execute(
            _DROP_RULED, one.stream_id, target, [reference["id"] for reference in found]
        )
    for place, reference in enumerate(found):
        await connection.execute(
            _ON, one.stream_id, target, *_names(reference), reference["id"], True, one.sender,
            to_datetime(one.at_ms), one.seq, place,
        )  # fmt: skip


def _names(data: Any) -> tuple[str, str, str, str, str, str]:
    folded = key(data["number"], data["kind"])
    return (
        data["id"], data["kind"], data["number"], data.get("whose", ""), folded, shape(folded)
    )  # fmt: skip


# --- of one thread --------------------------------------------------------------------------------


async def at(connection: Any, thread: str, target: int) -> dict[str, ReferenceRow]:
    """What stands at a message, or at the thread (0), with what was taken away; by id."""
    rows = await connection.fetch(_AT, thread, target)
    return {row["id"]: ReferenceRow(**row) for row in rows}


async def of_thread(connection: Any, thread: str) -> list[Reference]:
    return [_reference(row) for row in await connection.fetch(_SHOWN, thread, [0])]


async def of_messages(
    connection: Any, thread: str, seqs: Sequence[int]
) -> dict[int, list[Reference]]:
    found: dict[int, list[Reference]] = {}
    if seqs:
        for row in await connection.fetch(_SHOWN, thread, list(seqs)):
            found.setdefault(row["target"], []).append(_reference(row))
    return found


async def settled(
    connection: Any, thread: str, seqs: Sequence[int]
) -> set[tuple[int, str, str]]:  # fmt: skip
    """``(target, kind, key)`` of numbers of messages and of the thread (target 0), and of those
    that somebody took away: nothing to propose, whosever they are."""
    rows = await connection.fetch(_SETTLED, thread, [0, *seqs])
    return {tuple(row) for row in rows}


async def require_room(connection: Any, thread: str, target: int, id_: str) -> bool:
    """Whether one more may be put on the thread (0) or on a message; one that stands there, or did,
    always may."""
    return bool(await connection.fetchval(_HAS_ROOM, thread, target, id_, MAX_REFERENCES, MAX_ROWS))


async def texts(
    connection: Any, thread: str, from_seq: int, limit: int, *, changed_after: int, chars: int
) -> list[tuple[int, str]]:
    """``(seq, text)`` of those of the latest messages that were written or touched after a seq, and
    how they begin.

    Args:
        from_seq: the first that the reader may see.
    """
    rows = await connection.fetch(_TEXTS, thread, from_seq, limit, changed_after, chars)
    return [tuple(row) for row in rows]


def _reference(row: Any) -> Reference:
    return Reference(
        id=row["id"], kind=row["kind"], number=row["number"], whose=row["whose"],
        matter=row["matter"], set_by=row["set_by"], set_at=row["set_at_ms"], rule=row["by_rule"],
    )  # fmt: skip


# --- of all threads of somebody -------------------------------------------------------------------


async def find(
    connection: Any, uid: str, keys: Iterable[str], limit: int, *, beginning: bool = False
) -> dict[str, list[ReferencedThread]]:
    """The threads that have a number, by its key, or (``beginning``) numbers that begin so: those
    on threads first, the same before an alias before one that looks like it, the latest first."""
    asked = list(dict.fromkeys(keys))
    # A variable symbol counts without the zeros before it, however it was written.
    looked: list[tuple[str, str, str | None]] = [(one, one, None) for one in asked]
    looked += [
        (one, stripped, "variable_symbol")
        for one in asked
        if one.isdecimal() and (stripped := key(one, "variable_symbol")) != one
    ]
    rows = await connection.fetch(
        _FIND_BEGINNING if beginning else _FIND, uid, [one for one, _, _ in looked],
        [shape(folded) for _, folded, _ in looked], limit, [folded for _, folded, _ in looked],
        [kind for _, _, kind in looked],
    )  # fmt: skip
    found: dict[str, list[ReferencedThread]] = {one: [] for one in asked}
    for row in rows:
        found[row["asked"]].append(
            ReferencedThread(
                row["thread_id"], row["subject"], row["number"], row["match"], row["kind"],
                row["whose"], row["target"] or None,
            )
        )  # fmt: skip
    return found


async def said(
    connection: Any, uid: str, words: Mapping[str, Sequence[str]], limit: int
) -> dict[str, list[ReferencedThread]]:
    """Threads with messages in which a number is said, by its key; ``words`` are what it consists
    of, folded, letters and digits only, and how it is written."""
    found: dict[str, list[ReferencedThread]] = {}
    async with planned_for_its_words(connection):
        for one, (number, *parts) in words.items():
            query = " <-> ".join(f"'{part}'" for part in parts)
            rows = await connection.fetch(_SAID, uid, query, limit, MAX_SAID)
            found[one] = [
                ReferencedThread(row["thread_id"], row["subject"], number, "said", seq=row["seq"])
                for row in rows
            ]
    return found


async def numbers_of_threads(connection: Any, uid: str) -> list[Any]:
    """Rows ``(thread_id, kind, key)`` of the numbers that somebody's threads have, those of the
    latest threads first."""
    rows: list[Any] = await connection.fetch(_NUMBERS, uid)
    return rows


_COLUMNS = """
id, kind, number, whose, key, shape, matter, is_on, by_rule, set_by, set_at, seq, place
"""

# One that is there already stays where and whose it is; only what it is called, and with what it is
# one matter, is as it was said last. What a person put there is no rule's.
_ON = f"""
INSERT INTO thread_references AS r (thread_id, target, {_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, true, $10, $11, $12, $13, $14)
ON CONFLICT (thread_id, target, id) DO UPDATE SET
    number = excluded.number, whose = excluded.whose, matter = excluded.matter, is_on = true,
    by_rule = excluded.by_rule AND (r.by_rule OR NOT r.is_on),
    set_by = CASE WHEN r.is_on THEN r.set_by ELSE excluded.set_by END,
    set_at = CASE WHEN r.is_on THEN r.set_at ELSE excluded.set_at END,
    seq = CASE WHEN r.is_on THEN r.seq ELSE excluded.seq END,
    place = CASE WHEN r.is_on THEN r.place ELSE excluded.place END
"""

_OFF = f"""
INSERT INTO thread_references (thread_id, target, {_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $3, false, false, $9, $10, $11, 0)
ON CONFLICT (thread_id, target, id) DO UPDATE SET
    is_on = false, by_rule = false, set_by = excluded.set_by, set_at = excluded.set_at,
    seq = excluded.seq, place = 0
"""

_TOUCH = """
UPDATE items SET version = $3
WHERE thread_id = $1 AND seq = $2 AND type = 'message' AND deleted_at IS NULL AND NOT erased
RETURNING true
"""

_IS_AT = """
SELECT true FROM items WHERE thread_id = $1 AND seq = $2 AND type = 'message' AND version = $3
"""

_IS_RULED = """
SELECT EXISTS (SELECT FROM thread_references
               WHERE thread_id = $1 AND target = $2 AND is_on AND by_rule)
"""

_DROP_RULED = """
DELETE FROM thread_references
WHERE thread_id = $1 AND target = $2 AND is_on AND by_rule AND id <> ALL($3::text[])
"""

_AT = """
SELECT id, kind, number, whose, matter, is_on, by_rule FROM thread_references
WHERE thread_id = $1 AND target = $2
"""

_SHOWN = """
SELECT target, id, kind, number, whose, matter, by_rule, set_by,
       (extract(epoch FROM set_at) * 1000)::bigint AS set_at_ms
FROM thread_references WHERE thread_id = $1 AND target = ANY($2::bigint[]) AND is_on
ORDER BY target, seq, place, id
"""

_SETTLED = """
SELECT target, kind, key FROM thread_references
WHERE thread_id = $1 AND target = ANY($2::bigint[])
"""

_HAS_ROOM = """
SELECT coalesce(bool_or(id = $3 AND is_on), false)
       OR count(*) FILTER (WHERE is_on) < $4
          AND (coalesce(bool_or(id = $3), false) OR count(*) < $5)
FROM thread_references WHERE thread_id = $1 AND target = $2
"""

_TEXTS = """
SELECT seq, left(text, $5) FROM (
    SELECT seq, text, version FROM items
    WHERE thread_id = $1 AND seq >= $2 AND type = 'message' AND deleted_at IS NULL AND NOT erased
    ORDER BY seq DESC LIMIT $3
) AS latest
WHERE version > $4
"""

_READABLE = """
readable AS MATERIALIZED (
    SELECT m.thread_id, t.subject, t.updated_at,
           CASE WHEN t.history = 'all' THEN 0 ELSE m.since_seq END AS since
    FROM members m JOIN threads t USING (thread_id)
    WHERE m.uid = $1 AND m.role IS NOT NULL
), visible AS NOT MATERIALIZED (
    SELECT r.*, a.subject, a.updated_at
    FROM thread_references r JOIN readable a USING (thread_id)
    WHERE r.is_on AND (r.target = 0 OR r.target >= a.since AND EXISTS (
        SELECT FROM items i WHERE i.thread_id = r.thread_id AND i.seq = r.target
                              AND i.deleted_at IS NULL AND NOT i.erased))
)
"""

# Another name of a number is known by a thread that has both, and that one may read.
_FOUND = """
, named AS (
    SELECT DISTINCT d.asked, b.key
    FROM direct d
    JOIN visible b ON d.is_same AND d.target = 0 AND b.thread_id = d.thread_id AND b.target = 0
                  AND b.matter = d.matter AND b.id <> d.id
), hits AS (
    SELECT asked, thread_id, subject, updated_at, number, kind, whose, target,
           CASE WHEN is_same THEN 'same' ELSE 'alike' END AS match
    FROM direct
    UNION ALL
    SELECT n.asked, v.thread_id, v.subject, v.updated_at, v.number, v.kind, v.whose, v.target,
           'alias'
    FROM named n JOIN visible v USING (key)
), one_each AS (
    SELECT DISTINCT ON (asked, thread_id) *,
           array_position(ARRAY['same', 'alias', 'alike'], match) AS rank
    FROM hits
    ORDER BY asked, thread_id, array_position(ARRAY['same', 'alias', 'alike'], match), target
), ranked AS (
    SELECT *, row_number() OVER (
               PARTITION BY asked ORDER BY rank, target > 0, updated_at DESC, thread_id) AS nth
    FROM one_each
)
SELECT asked, thread_id, subject, number, kind, whose, target, match
FROM ranked WHERE nth <= $4 ORDER BY asked, nth
"""

_ASKED = """
asked AS (
    SELECT * FROM unnest($2::text[], $3::text[], $5::text[], $6::text[])
                       AS a (asked, shape, key, only_kind)
)
"""

_FIND = f"""
WITH {_READABLE}, {_ASKED}, direct AS (
    SELECT a.asked, v.*, v.key = a.key AS is_same
    FROM asked a JOIN visible v ON v.shape = a.shape
    WHERE a.only_kind IS NULL OR v.kind = a.only_kind
)
{_FOUND}
"""

# From the reader's threads on: what others have that begins so may be without end.
_FIND_BEGINNING = f"""
WITH {_READABLE}, {_ASKED}, near AS MATERIALIZED (
    SELECT r.*, a.subject, a.updated_at, a.since
    FROM readable a CROSS JOIN LATERAL (
        SELECT * FROM thread_references r WHERE r.thread_id = a.thread_id AND r.is_on OFFSET 0
    ) r
), direct AS (
    SELECT a.asked, v.*, starts_with(v.key, a.key) AS is_same
    FROM asked a JOIN near v ON starts_with(v.shape, a.shape)
    WHERE (a.only_kind IS NULL OR v.kind = a.only_kind)
      AND (v.target = 0 OR v.target >= v.since AND EXISTS (
        SELECT FROM items i WHERE i.thread_id = v.thread_id AND i.seq = v.target
                              AND i.deleted_at IS NULL AND NOT i.erased))
)
{_FOUND}
"""

_SAID = """
WITH readable AS (
    SELECT m.thread_id, t.subject,
           CASE WHEN t.history = 'all' THEN 0 ELSE m.since_seq END AS since
    FROM members m JOIN threads t USING (thread_id)
    WHERE m.uid = $1 AND m.role IS NOT NULL
), spoken AS MATERIALIZED (
    SELECT thread_id, seq, at FROM items
    WHERE search @@ to_tsquery('simple', $2) AND deleted_at IS NULL
), heard AS (
    SELECT s.*, r.subject FROM spoken s JOIN readable r USING (thread_id)
    WHERE s.seq >= r.since ORDER BY s.at DESC LIMIT $4
), latest AS (
    SELECT DISTINCT ON (thread_id) * FROM heard ORDER BY thread_id, at DESC, seq DESC
)
SELECT thread_id, subject, seq FROM latest ORDER BY at DESC, thread_id LIMIT $3
"""

_NUMBERS = """
SELECT r.thread_id, r.kind, r.key FROM thread_references r
JOIN members m ON m.thread_id = r.thread_id JOIN threads t ON t.thread_id = r.thread_id
WHERE m.uid = $1 AND m.role IS NOT NULL AND r.target = 0 AND r.is_on
ORDER BY t.updated_at DESC, t.thread_id, r.seq, r.place
"""
