"""When tasks and meetings are: worked out of their texts for some years, so that a month is read
without following a rule. No projection; what is missing or old is worked out again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from hub.wire.agenda import OccurrenceSays

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """``first`` and ``last`` are by the clocks of UTC where they float."""

    occurrence: str | None
    first: datetime
    last: datetime
    floats: bool
    says: OccurrenceSays


@dataclass(frozen=True, slots=True)
class Expansion:
    """All of a task or meeting up to ``through``; null: there is nothing after. ``says`` are those
    of the rows as JSON, and ``digest`` tells two of them apart."""

    rows: list[OccurrenceRow]
    through: datetime | None
    says: list[str]
    digest: str


class Stale(NamedTuple):
    entry: str
    thread: str
    ical: str


def expansion(rows: list[OccurrenceRow], through: datetime | None) -> Expansion:
    says = [_encode(one.says).decode() for one in rows]
    parts = [(one.occurrence, one.first, one.last, one.floats) for one in rows]
    digest = hashlib.md5(_encode([parts, says]), usedforsecurity=False).hexdigest()
    return Expansion(rows, through, says, digest)


async def write(connection: Any, entry: str, digest: str, found: Expansion) -> None:
    """In place of what was worked out before; most changes are of no moment.

    Args:
        digest: MD5 of the text that it was worked out of, in hexadecimal digits.
    """
    known = await connection.fetchval(
        "SELECT rows_digest FROM expansions WHERE entry_id = $1", entry
    )
    if known != found.digest:
        await connection.execute("DELETE FROM occurrences WHERE entry_id = $1", entry)
        rows = found.rows
        await connection.execute(
            _INSERT, entry, list(range(len(rows))), [one.occurrence for one in rows],
            [one.first for one in rows], [one.last for one in rows],
            [one.floats for one in rows], found.says,
        )  # fmt: skip
    await connection.execute(_EXPANDED, entry, digest, found.digest, found.through)


async def stale(connection: Any, before: datetime, after: str, limit: int) -> Sequence[Stale]:
    """What was worked out of an older text, never, or only up to a moment before ``before``; by
    their ids, from ``after`` on."""
    return [Stale(*row) for row in await connection.fetch(_STALE, before, after, limit)]


async def is_open_with(connection: Any, entry: str, ical: str) -> bool | None:
    """Whether an entry is to be done or to come; null when that is its text no more, which else it
    stays until the transaction ends."""
    found: bool | None = await connection.fetchval(_IS_OPEN_WITH, entry, ical)
    return found


async def is_at(connection: Any, entry: str, seq: int) -> bool:
    """Whether an entry is still as it was, which it stays until the transaction ends."""
    return bool(await connection.fetchval(_IS_AT, entry, seq))


async def forget(connection: Any, entries: Sequence[str]) -> None:
    for table in ("occurrences", "expansions"):
        await connection.execute(
            f"DELETE FROM {table} WHERE entry_id = ANY($1::text[])", list(entries)
        )


_INSERT = """
INSERT INTO occurrences (entry_id, nth, occurrence, first, last, floats, says)
SELECT $1, nth, occurrence, first, last, floats, says::jsonb
FROM unnest($2::integer[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::boolean[],
            $7::text[]) AS o (nth, occurrence, first, last, floats, says)
"""

_EXPANDED = """
INSERT INTO expansions (entry_id, digest, rows_digest, through) VALUES ($1, $2, $3, $4)
ON CONFLICT (entry_id) DO UPDATE SET
    digest = excluded.digest, rows_digest = excluded.rows_digest, through = excluded.through
"""

_STALE = """
SELECT e.entry_id, e.thread_id, e.ical FROM entries e LEFT JOIN expansions x USING (entry_id)
WHERE (x.digest IS NULL OR x.digest <> md5(e.ical) OR x.through < $1) AND e.entry_id > $2
ORDER BY e.entry_id LIMIT $3
"""

_IS_OPEN_WITH = """
SELECT is_open AND removed_by IS NULL FROM entries WHERE entry_id = $1 AND ical = $2 FOR UPDATE
"""

_IS_AT = "SELECT true FROM entries WHERE entry_id = $1 AND seq = $2 FOR UPDATE"
