"""The projections of one stream made anew beside those in use, compared with them and put right.

A ``Shadow`` is a session in which temporary tables hide the real ones, so that the projector fills
them without knowing. Nobody waits for that; writers wait while a stream is put right.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Self

from hub.storage import attachments, documents, entries, erasure


class Table(NamedTuple):
    """``stream``: the column that says from whose log a row comes. ``volatile``: columns that are
    set by the settings of the moment, not by the log."""

    name: str
    stream: str
    key: tuple[str, ...]
    volatile: tuple[str, ...] = ()
    unique: str | None = None  # beside the key


TABLES: Final = {
    "timeline": (
        Table("threads", "thread_id", ("thread_id",)),
        Table("members", "thread_id", ("thread_id", "uid")),
        Table("items", "thread_id", ("thread_id", "seq"), ("erase_at",)),
        Table("reactions", "thread_id", ("thread_id", "seq", "emoji", "uid")),
        Table("documents", "thread_id", ("document_id",), unique="number"),
        Table("document_files", "thread_id", ("document_id",)),
        Table("attachments", "thread_id", ("attachment_id",), ("erase_at",)),
        Table("versions", "thread_id", ("attachment_id", "key")),
        Table("attachment_properties", "thread_id", ("attachment_id", "folded")),
        Table("calls", "thread_id", ("thread_id", "seq")),
        Table("missed_calls", "thread_id", ("thread_id", "seq", "uid")),
        Table("thread_references", "thread_id", ("thread_id", "target", "id")),
        Table("entries", "thread_id", ("entry_id",), ("erase_at",)),
        Table("entry_people", "thread_id", ("entry_id", "uid")),
    ),
    "document": (
        Table("client_ids", "document_id", ("document_id", "first_id")),
        Table("relayed", "document_id", ("document_id", "client_id", "clock")),
    ),
}
ALL: Final = [table for tables in TABLES.values() for table in tables]
MAX_SHADOW_BYTES = 4 * 2**20
LOCKED_S = 60
_HIDDEN: Final = ["streams", *(table.name for table in ALL)]  # what a projector writes to


class Shadow:
    """Holds what the log of one stream says, until ``clear``. In a transaction, ``differences`` and
    ``put_right`` speak of the moment that it sees."""

    def __init__(self, connection: Any, schema: str) -> None:
        self.connection = connection
        self._schema = schema

    @classmethod
    async def cast(cls, connection: Any) -> Self | None:
        """On a session that is closed afterwards. None while there is another one."""
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('hub.rebuild'))"):
            return None
        schema = await connection.fetchval("SELECT quote_ident(current_schema())")
        # Plans are kept while the tables grow: they must not be those for empty ones. Forbidding
        # them makes plans look so dear that PostgreSQL would compile each of them.
        await connection.execute("SET enable_seqscan = off; SET jit = off")
        for name in _HIDDEN:
            await connection.execute(
                f"CREATE TEMP TABLE {name} (LIKE {schema}.{name} INCLUDING ALL)"
            )
        return cls(connection, schema)

    async def clear(self) -> None:
        if await self.connection.fetchval(_SIZE, list(_HIDDEN)) > MAX_SHADOW_BYTES:
            # Nobody vacuums temporary tables: what was deleted is read again and again.
            await self.connection.execute(
                "TRUNCATE " + ", ".join(f"pg_temp.{name}" for name in _HIDDEN)
            )
            return
        for name in _HIDDEN:
            await self.connection.execute(f"DELETE FROM pg_temp.{name}")

    async def streams(self, kind: str) -> list[str]:
        """Ids of all logs of a kind."""
        found = await self.connection.fetch(
            f"SELECT stream_id FROM {self._schema}.streams WHERE kind = $1 ORDER BY stream_id", kind
        )
        return [row["stream_id"] for row in found]

    async def lock(self, stream_id: str) -> None:
        """Keep writers to a stream, its compaction and the eraser out until the transaction
        ends."""
        await self.connection.execute(f"SET LOCAL statement_timeout = '{LOCKED_S}s'")
        await documents.lock(self.connection, stream_id)
        await erasure.lock(self.connection)
        await self.connection.execute(
            f"SELECT FROM {self._schema}.streams WHERE stream_id = $1 FOR UPDATE", stream_id
        )

    async def finish(self, stream_id: str) -> None:
        """What was erased since its event was read is forgotten; messages whose text is in no log
        any more are the erased ones."""
        erased = await self.connection.fetch(_ERASED_SINCE, stream_id)
        await erasure.forget(self.connection, stream_id, [row["seq"] for row in erased])
        await attachments.forget_erased(self.connection, stream_id)
        await entries.forget_erased(self.connection, stream_id)
        await self.connection.execute(
            "UPDATE items SET erased = true WHERE type = 'message' AND text IS NULL"
        )

    async def differences(self, kind: str, stream_id: str) -> list[Table]:
        """The tables in use that say something else of a stream."""
        tables = TABLES[kind]
        questions = []
        for table in tables:
            real = (
                f"SELECT {_compared(table, 't')} FROM {self._schema}.{table.name} t "
                f"WHERE {table.stream} = $1"
            )
            made = f"SELECT {_compared(table, 't')} FROM pg_temp.{table.name} t"
            questions.append(
                f"EXISTS (({real} EXCEPT ALL {made}) UNION ALL ({made} EXCEPT ALL {real}))"
            )
        answers = await self.connection.fetchrow(f"SELECT {', '.join(questions)}", stream_id)
        return [table for table, differs in zip(tables, answers, strict=True) if differs]

    async def put_right(self, table: Table, stream_id: str) -> None:
        """Make a table in use say the same; rows that do are not touched."""
        real, made = f"{self._schema}.{table.name}", f"pg_temp.{table.name}"
        same_key = " AND ".join(f"n.{column} = p.{column}" for column in table.key)
        wrong = (
            f"NOT EXISTS (SELECT FROM {made} n WHERE {same_key} "
            f"AND {_compared(table, 'n')} = {_compared(table, 'p')})"
        )
        await self.connection.execute(
            f"DELETE FROM {real} p WHERE p.{table.stream} = $1 AND {wrong}", stream_id
        )
        await self.connection.execute(
            f"DELETE FROM {real} p USING {made} n WHERE {same_key} AND {wrong}"
        )
        if table.unique is not None:
            await self.connection.execute(
                f"DELETE FROM {real} p USING {made} n "
                f"WHERE p.{table.unique} = n.{table.unique} AND NOT ({same_key})"
            )
        await self.connection.execute(
            f"INSERT INTO {real} SELECT n.* FROM {made} n "
            f"WHERE NOT EXISTS (SELECT FROM {real} p WHERE {same_key})"
        )

    async def drop_strays(self) -> list[Table]:
        """Delete rows of streams that do not exist; returns the tables that had any."""
        return [
            table
            for table in ALL
            if await self.connection.fetchval(
                f"WITH gone AS (DELETE FROM {self._schema}.{table.name} t WHERE NOT EXISTS ("
                f"SELECT FROM {self._schema}.streams s WHERE s.stream_id = t.{table.stream}"
                ") RETURNING 1) SELECT count(*) FROM gone"
            )
        ]


async def page(connection: Any, stream_id: str, after: int, limit: int = 1000) -> list[Any]:
    """Events that the projections are made of."""
    rows: list[Any] = await connection.fetch(_PAGE, stream_id, after, limit)
    return rows


def _compared(table: Table, alias: str) -> str:
    """A row as far as the log says it."""
    return f"(to_jsonb({alias})" + "".join(f" - '{name}'" for name in table.volatile) + ")"


_SIZE = "SELECT sum(pg_relation_size('pg_temp.' || name)) FROM unnest($1::text[]) AS t (name)"

_PAGE = """
SELECT seq, type, sender, send_id, body, convert_from(event_payload, 'UTF8')::json->>'iss' AS home,
       (extract(epoch FROM at) * 1000)::bigint AS at_ms
FROM events WHERE stream_id = $1 AND seq > $2 AND type <> 'doc.update'
ORDER BY seq LIMIT $3
"""

_ERASED_SINCE = """
SELECT i.seq FROM pg_temp.items i JOIN events e ON e.stream_id = $1 AND e.seq = i.seq
WHERE i.type = 'message' AND i.text IS NOT NULL AND e.body IS NULL
"""
