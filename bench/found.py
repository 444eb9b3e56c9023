"""A known number among a million messages: how long until its threads are there, beside the search
for the same words, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.app import open_database
from hub.clock import SystemClock
from hub.mail.references.rules import Rules
from hub.mail.references.service import References
from hub.mail.search import Search
from hub.settings import Settings
from hub.storage.pool import Database
from hub.wire.references import checked, key, shape

THREADS = 10_000
RUNS = 200

_FILL = (
    """
    INSERT INTO threads (thread_id, subject, home, history, created_by, created_at, updated_at,
                         last_seq)
    SELECT 'r_' || t, 'Thread ' || t, 'http://hub',
           CASE WHEN t % 3 = 0 THEN 'joined' ELSE 'all' END,
           'u_0', now(), now() - make_interval(secs => t), $1
    FROM generate_series(1, $2::int) AS t
    """,
    """
    INSERT INTO members (thread_id, uid, role, since_seq, since_at)
    SELECT 'r_' || t, 'u_' || p, 'editor', 1, now()
    FROM generate_series(1, $2::int) AS t, generate_series(0, 9) AS p
    WHERE $1::int > 0 AND (p = 0 OR t % 10 = p)
    """,
    """
    INSERT INTO items (thread_id, seq, type, sender, at, version, text, mentions, mention_names,
                       search)
    SELECT 'r_' || (m % $2 + 1), m / $2 + 1, 'message', 'u_0', now(), m / $2 + 1, said,
           '{}', '{}', hub_words(said)
    FROM (SELECT m, 'What of PO-2026-' || lpad((m % 50000)::text, 5, '0') ||
                    ', please, and of the offer for the hall?' AS said
          FROM generate_series(0, $1::int * $2::int - 1) AS m) AS all_of_them
    """,
)


async def _fill(database: Database, messages: int) -> None:
    each = messages // THREADS
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        for statement in _FILL:
            await connection.execute(statement, each, THREADS, timeout=1200)
        rows = []
        for thread in range(1, THREADS + 1):
            named = checked("order", f"PO-2026-{thread:05}", "")
            folded = key(named.number)
            rows.append((f"r_{thread}", named.id, named.number, folded, shape(folded)))
        await connection.executemany(
            """
            INSERT INTO thread_references (thread_id, target, id, kind, number, whose, key, shape,
                matter, is_on, by_rule, set_by, set_at, seq, place)
            VALUES ($1, 0, $2, 'order', $3, '', $4, $5, $2, true, false, 'u_0', now(), 1, 0)
            """,
            rows,
        )
    async with database.acquire() as connection:
        await connection.execute("VACUUM ANALYZE", timeout=600)


async def _measured(ask: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """Median and 95th percentile, ms."""
    taken = []
    for run in range(RUNS):
        began = time.perf_counter()
        await ask(run * 37 % THREADS + 1)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


async def run(messages: int = 1_000_000) -> None:
    with TemporaryDirectory() as folder:
        settings = Settings.from_environ({}, data_dir=Path(folder) / "data")
        async with open_database(settings) as database:
            began = time.perf_counter()
            await _fill(database, messages)
            print(
                f"{messages:,} messages in {THREADS:,} threads: {time.perf_counter() - began:.0f} s"
            )
            references = References(database, Rules(database, SystemClock()))
            search = Search(database)

            async def in_text(number: int) -> None:
                text = f"About PO-2026-{number:05}, as we said"
                found = await references.find("u_0", text, typed=False)
                assert found.found[0].threads[0].match == "same"

            async def typed(number: int) -> None:
                await references.find("u_0", f"po-2026-{number:05}"[:11], typed=True)

            async def words(number: int) -> None:
                question = f"PO-2026-{number:05}"
                await search.everything("u_0", question, thread=None, limit=20, offset=0)

            async def stranger(number: int) -> None:
                await references.find("u_1", f"About PO-2026-{number:05}", typed=False)

            for name, ask in (
                ("a number in a text", in_text), ("a beginning, typed", typed),
                ("somebody in a tenth of the threads", stranger), ("the search for it", words),
            ):  # fmt: skip
                median, p95 = await _measured(ask)
                print(f"{name:40} {median:7.1f} ms  p95 {p95:7.1f} ms")
