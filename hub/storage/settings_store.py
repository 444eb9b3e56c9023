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
    made = base64.b64encode(secrets.token_bytes(32)).decode()
    await connection.execute(
        "INSERT INTO settings (name, value) VALUES ('ticket_key', $1) ON CONFLICT DO NOTHING", made
    )
    value = await connection.fetchval("SELECT value FROM settings WHERE name = 'ticket_key'")
    return base64.b64decode(value)


_PIN_HOME = """
INSERT INTO settings (name, value) VALUES ('home', $1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
