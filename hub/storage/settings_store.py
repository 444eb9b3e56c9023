"""Values of the installation that are made once and kept: keys and the like."""

from __future__ import annotations

import base64
import secrets
from typing import Any


async def home(connection: Any) -> str | None:
    """The issuer that the threads of this installation name; null before the first one."""
    pinned = await connection.fetchval("SELECT value FROM settings WHERE name = 'home'")
    if pinned is None:
        pinned = await connection.fetchval("SELECT home FROM threads ORDER BY created_at LIMIT 1")
    return None if pinned is None else str(pinned)


async def pin_home(connection: Any, home: str) -> None:
    """From the first thread on the installation keeps its issuer."""
    await connection.execute(_PIN_HOME, home)


async def ticket_key(connection: Any) -> bytes:
    """The key that signs tickets, made at the first call; the same for every process."""
    return await _key(connection, "ticket_key")


async def bus_key(connection: Any) -> bytes:
    """The same for what processes tell each other."""
    return await _key(connection, "bus_key")


async def _key(connection: Any, name: str) -> bytes:
    if (value := await connection.fetchval(_VALUE, name)) is None:
        made = base64.b64encode(secrets.token_bytes(32)).decode()
        await connection.execute(_PUT_ONCE, name, made)
        value = await connection.fetchval(_VALUE, name)
    return base64.b64decode(value)


_VALUE = "SELECT value FROM settings WHERE name = $1"

_PUT_ONCE = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING"

_PIN_HOME = """
INSERT INTO settings (name, value) VALUES ('home', $1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
