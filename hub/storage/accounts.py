"""Rows of accounts and their addresses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from hub.errors import Conflict


@dataclass(frozen=True, slots=True)
class AccountRow:
    uid: str
    display_name: str
    password_hash: str | None
    is_owner: bool
    disabled: bool
    quiet: bool
    addresses: list[str]


class Addresses(NamedTuple):
    uid: str
    name: str
    addresses: list[str]


def _row(row: Any) -> AccountRow:
    return AccountRow(*row)


async def by_uid(connection: Any, uid: str) -> AccountRow | None:
    row = await connection.fetchrow(_SELECT + "WHERE a.uid = $1", uid)
    return None if row is None else _row(row)


async def by_address(connection: Any, address: str) -> AccountRow | None:
    row = await connection.fetchrow(
        _SELECT + "WHERE a.uid = (SELECT uid FROM addresses WHERE address = $1)", address
    )
    return None if row is None else _row(row)


async def everybody(connection: Any) -> list[AccountRow]:
    return [_row(row) for row in await connection.fetch(_SELECT + "ORDER BY a.display_name, a.uid")]


async def changed_since(connection: Any, revision: int) -> list[tuple[int, AccountRow]]:
    """The accounts that changed above a revision, each with its own, in that order."""
    rows = await connection.fetch(_CHANGED, revision)
    return [(row["revision"], _row(tuple(row)[:-1])) for row in rows]


async def any_owner(connection: Any) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM accounts WHERE is_owner)"))


async def addresses_of(connection: Any, uids: list[str]) -> list[Addresses]:
    """Of accounts that are there, first the address that stands for them."""
    return [Addresses(*row) for row in await connection.fetch(_ADDRESSES, uids)]


async def uids_of(connection: Any, addresses: Collection[str]) -> dict[str, str]:
    """Who has some addresses, by these; of accounts that are not disabled."""
    rows = await connection.fetch(_UIDS, list(addresses))
    return {row["address"]: row["uid"] for row in rows}


async def of_threads(
    connection: Any, threads: Collection[str]
) -> dict[str, dict[str, str]]:  # fmt: skip
    """The uids of the people of threads by their addresses, by thread."""
    found: dict[str, dict[str, str]] = {}
    for row in await connection.fetch(_OF_THREADS, list(threads)):
        found.setdefault(row["thread_id"], {})[row["address"]] = row["uid"]
    return found


async def names(connection: Any, uids: list[str]) -> dict[str, str]:
    rows = await connection.fetch(
        "SELECT uid, display_name FROM accounts WHERE uid = ANY($1::text[])", uids
    )
    return {row["uid"]: row["display_name"] for row in rows}


async def enabled_among(connection: Any, uids: list[str]) -> set[str]:
    rows = await connection.fetch(
        "SELECT uid FROM accounts WHERE uid = ANY($1::text[]) AND disabled_at IS NULL", uids
    )
    return {row["uid"] for row in rows}


async def add(
    connection: Any, uid: str, display_name: str, address: str, password_hash: str,
    is_owner: bool, at: datetime,
) -> None:  # fmt: skip
    """Raises:
    Conflict: ``address_taken``.
    """
    await connection.execute(_ADD, uid, display_name, password_hash, is_owner, at)
    try:
        await connection.execute(_ADD_ADDRESS, address, uid, at)
    except asyncpg.UniqueViolationError as error:
        raise Conflict("Somebody here has this address already.", code="address_taken") from error


async def lock(connection: Any, uid: str) -> AccountRow | None:
    """The account as it is now, kept from changing until the transaction ends.

    Rows that merely refer to the account can still be added, by whoever holds other locks: that
    keeps transactions which lock in different orders from waiting for each other in a circle.
    """
    row = await connection.fetchrow(_SELECT + "WHERE a.uid = $1 FOR NO KEY UPDATE OF a", uid)
    return None if row is None else _row(row)


async def lock_first_owner(connection: Any) -> None:
    """One at a time: whoever makes the hub's first owner, or the link for that."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('hub.first_owner'))")


async def set_password(connection: Any, uid: str, password_hash: str) -> None:
    await connection.execute(
        "UPDATE accounts SET password_hash = $2 WHERE uid = $1", uid, password_hash
    )


async def set_name(connection: Any, uid: str, display_name: str) -> bool:
    """False when it was so already."""
    return bool(await connection.fetchval(_SET_NAME, uid, display_name))


async def set_quiet(connection: Any, uid: str, quiet: bool) -> None:
    """Whether calls are to ring without a sound."""
    await connection.execute("UPDATE accounts SET quiet = $2 WHERE uid = $1", uid, quiet)


async def set_disabled(connection: Any, uid: str, at: datetime | None) -> bool:
    """False when it was so already."""
    return bool(await connection.fetchval(_SET_DISABLED, uid, at))


async def lock_owners(connection: Any) -> set[str]:
    """Uids of the enabled owners, held until the transaction ends."""
    rows = await connection.fetch(
        "SELECT uid FROM accounts WHERE is_owner AND disabled_at IS NULL "
        "ORDER BY uid FOR NO KEY UPDATE"
    )
    return {row["uid"] for row in rows}


_COLUMNS = """
a.uid, a.display_name, a.password_hash, a.is_owner, a.disabled_at IS NOT NULL, a.quiet,
ARRAY(SELECT address FROM addresses d WHERE d.uid = a.uid ORDER BY is_primary DESC, address)
"""

_SELECT = f"SELECT {_COLUMNS} FROM accounts a "

_CHANGED = f"SELECT {_COLUMNS}, revision FROM accounts a WHERE revision > $1 ORDER BY revision"

_OF_THREADS = """
SELECT m.thread_id, d.address, m.uid FROM members m JOIN addresses d USING (uid)
WHERE m.thread_id = ANY($1::text[]) AND m.role IS NOT NULL
"""

_UIDS = """
SELECT d.address, d.uid FROM addresses d JOIN accounts a USING (uid)
WHERE d.address = ANY($1::text[]) AND a.disabled_at IS NULL
"""

_ADDRESSES = """
SELECT a.uid, a.display_name,
       ARRAY(SELECT address FROM addresses d WHERE d.uid = a.uid ORDER BY is_primary DESC, address)
FROM accounts a WHERE a.uid = ANY($1::text[])
"""

_SET_NAME = """
UPDATE accounts SET display_name = $2 WHERE uid = $1 AND display_name <> $2 RETURNING true
"""

_SET_DISABLED = """
UPDATE accounts SET disabled_at = $2
WHERE uid = $1 AND (disabled_at IS NULL) <> ($2::timestamptz IS NULL) RETURNING true
"""

_ADD_ADDRESS = """
INSERT INTO addresses (address, uid, is_primary, created_at) VALUES ($1, $2, true, $3)
"""

_ADD = """
INSERT INTO accounts (uid, display_name, password_hash, is_owner, created_at)
VALUES ($1, $2, $3, $4, $5)
"""
