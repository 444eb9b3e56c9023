"""Rules of the hub's owner: what numbers look like here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.wire.api import ReferenceRule


async def every(connection: Any) -> list[ReferenceRule]:
    return [ReferenceRule(*row) for row in await connection.fetch(_EVERY)]


async def add(connection: Any, rule: ReferenceRule, uid: str, at: datetime) -> None:
    await connection.execute(
        _ADD, rule.rule, rule.kind, rule.pattern, rule.whose, rule.check, rule.apply, uid, at
    )


async def count(connection: Any) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM reference_rules"))


async def lock(connection: Any) -> None:
    """One change at a time, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('hub.reference_rules'))")


async def remove(connection: Any, rule: str) -> bool:
    """Whether there was one."""
    return bool(await connection.fetchval(_REMOVE, rule))


_EVERY = """
SELECT rule_id, kind, pattern, whose, checks, apply FROM reference_rules
ORDER BY created_at, rule_id
"""

_ADD = """
INSERT INTO reference_rules (rule_id, kind, pattern, whose, checks, apply, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_REMOVE = "DELETE FROM reference_rules WHERE rule_id = $1 RETURNING true"
