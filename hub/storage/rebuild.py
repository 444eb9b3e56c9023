"""Emptying the projections, and telling whether two states of them are the same."""

from __future__ import annotations

from typing import Any, Final

TABLES: Final = ("threads", "members", "items", "reactions", "documents", "client_ids", "relayed")

# Set by the settings of the moment, not by the log.
_VOLATILE: Final = {"items": ("erase_at",)}


async def lock(connection: Any) -> None:
    """Keep every writer out until the transaction ends."""
    await connection.execute("LOCK TABLE streams IN EXCLUSIVE MODE")


async def clear(connection: Any) -> None:
    """Empty the projections; the logs stay."""
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}")


async def finish(connection: Any) -> None:
    """Messages whose text is in no log any more are the erased ones."""
    await connection.execute(
        "UPDATE items SET erased = true WHERE type = 'message' AND text IS NULL"
    )


async def fingerprints(connection: Any) -> dict[str, tuple[int, str]]:
    """For each table its number of rows and a hash over all of them, in any order."""
    prints = {}
    for table in TABLES:
        row = "to_jsonb(t)" + "".join(f" - '{name}'" for name in _VOLATILE.get(table, ()))
        found = await connection.fetchrow(
            f"SELECT count(*) AS n, coalesce(md5(string_agg(md5(({row})::text), '' "
            f"ORDER BY md5(({row})::text))), '') AS h FROM {table} t"
        )
        prints[table] = (found["n"], found["h"])
    return prints


async def streams_of(connection: Any, kind: str) -> list[str]:
    return [
        row["stream_id"]
        for row in await connection.fetch(
            "SELECT stream_id FROM streams WHERE kind = $1 ORDER BY stream_id", kind
        )
    ]


async def page(connection: Any, stream_id: str, after: int, limit: int = 1000) -> list[Any]:
    """Events that the projections are made of."""
    rows: list[Any] = await connection.fetch(_PAGE, stream_id, after, limit)
    return rows


_PAGE = """
SELECT seq, type, sender, send_id, body, convert_from(event_payload, 'UTF8')::json->>'iss' AS home,
       (extract(epoch FROM at) * 1000)::bigint AS at_ms
FROM events WHERE stream_id = $1 AND seq > $2 AND type <> 'doc.update'
ORDER BY seq LIMIT $3
"""
