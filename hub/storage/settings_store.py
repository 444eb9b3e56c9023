"""Values of the installation that are made once and kept: keys and the like."""

from __future__ import annotations

import base64
import secrets
from typing import Any


async def ticket_key(connection: Any) -> bytes:
    """The key that signs tickets, made at the first call; the same for every process."""
    made = base64.b64encode(secrets.token_bytes(32)).decode()
    await connection.execute(
        "INSERT INTO settings (name, value) VALUES ('ticket_key', $1) ON CONFLICT DO NOTHING", made
    )
    value = await connection.fetchval("SELECT value FROM settings WHERE name = 'ticket_key'")
    return base64.b64decode(value)
