"""Two counters: of changes to people, and of ended rights to be connected.

Whoever changes such a thing raises its counter last in the transaction: the row stays locked until
the commit, so that values follow the order of commits. What was read at one value and what changed
above it leave nothing out between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Counters(NamedTuple):
    people: int
    rights: int


async def read(connection: Any) -> Counters:
    rows = dict(await connection.fetch("SELECT name, value FROM counters"))
    return Counters(rows["people"], rows["rights"])


async def person_changed(connection: Any, uid: str) -> None:
    """Somebody came, or their account reads differently from now on."""
    await connection.execute(_PERSON, uid)


async def rights_ended(connection: Any) -> None:
    """Sessions or tokens ended."""
    await connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'rights'")


async def still_good(connection: Any, sessions: Iterable[str], tokens: Iterable[str]) -> set[str]:
    """Those sessions and tokens that still let their user be connected."""
    return {row["id"] for row in await connection.fetch(_GOOD, list(sessions), list(tokens))}


_PERSON = """
WITH raised AS (UPDATE counters SET value = value + 1 WHERE name = 'people' RETURNING value)
UPDATE accounts SET revision = raised.value FROM raised WHERE uid = $1
"""

_GOOD = """
SELECT s.id FROM sessions s JOIN accounts a USING (uid)
WHERE s.id = ANY($1::text[]) AND s.ended_at IS NULL AND a.disabled_at IS NULL
UNION ALL
SELECT t.id FROM tokens t JOIN accounts a USING (uid)
WHERE t.id = ANY($2::text[]) AND t.revoked_at IS NULL AND a.disabled_at IS NULL
"""
