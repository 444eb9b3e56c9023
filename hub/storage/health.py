"""What a database says of itself: whether it takes writes, and what time it is there."""

from __future__ import annotations

from typing import Any, NamedTuple

MAX_APART_MS = 10_000


class Server(NamedTuple):
    read_only: bool
    now_ms: int


async def look(connection: Any) -> Server:
    row = await connection.fetchrow(
        "SELECT current_setting('transaction_read_only') = 'on',"
        " (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    )
    return Server(*row)


def clocks_apart(now_ms: int, theirs_ms: int) -> str | None:
    """In words, how far this machine's clock is off; null: not enough to matter.

    Times of messages, and when links and tickets end, are those of the process that is asked.
    """
    apart_ms = now_ms - theirs_ms
    if abs(apart_ms) <= MAX_APART_MS:
        return None
    way = "ahead of" if apart_ms > 0 else "behind"
    return f"this machine's is {abs(apart_ms) / 1000:,.0f} s {way} the database's; set both by NTP"
