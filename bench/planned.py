"""100,000 tasks and meetings of 500 people: how long until somebody has their day and their month,
a year of a thousand series, and 10,000 people's reminders of one minute; beside following those
thousand rules then and there, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from hub.app import open_database
from hub.clock import SystemClock
from hub.jobs.queue import Jobs
from hub.mail.agenda.facts import Beside, facts_of, people_of
from hub.mail.agenda.moments import digest, expand
from hub.mail.agenda.reminders import REMIND, Reminders
from hub.mail.agenda.texts import read
from hub.settings import Settings
from hub.storage import entries, occurrences
from hub.storage.pool import Database
from hub.storage.writer import GroupCommitWriter

PEOPLE = 500
THREADS = 5_000
SERIES = 1_000
REMINDERS = 10_000
RUNS = 100
_encode = msgspec.json.Encoder().encode

_PEOPLE = """
INSERT INTO accounts (uid, display_name, password_hash, is_owner, created_at)
SELECT 'u_' || p, 'Person ' || p, '', false, now() FROM generate_series(0, $1::int - 1) AS p
"""

_THREADS = """
INSERT INTO threads (thread_id, subject, home, history, created_by, created_at, updated_at,
                     last_seq)
SELECT 'r_' || t, 'Thread ' || t, 'http://hub',
       CASE WHEN t % 3 = 0 THEN 'joined' ELSE 'all' END, 'u_0', now(), now(), 100
FROM generate_series(0, $1::int - 1) AS t
"""

_MEMBERS = """
INSERT INTO members (thread_id, uid, role, since_seq, since_at)
SELECT DISTINCT 'r_' || t, 'u_' || (t * 7 + p * 53) % $2::int, 'editor', 1, now()
FROM generate_series(0, $1::int - 1) AS t, generate_series(0, 9) AS p
UNION SELECT 'r_' || t, 'u_0', 'editor', 1, now() FROM generate_series(0, $1::int - 1) AS t
ON CONFLICT DO NOTHING
"""

_ENTRY = """
INSERT INTO entries (entry_id, thread_id, kind, uid, ical, facts, is_open, due, over, seq,
                     added_seq, created_by, created_at, set_by, set_at)
VALUES ($1, $2, $3, $1, $4, $5::jsonb, $6, $7, NULL, 2, 2, 'u_0', now(), 'u_0', now())
"""


def _text(number: int, now: datetime) -> str:
    """Every tenth a meeting, of which those of the first person are series."""
    day = now.date() + timedelta(days=number % 700 - 350)
    people = "".join(
        f"ATTENDEE;X-HUB-UID=u_{uid}:mailto:u{uid}@north.example\r\n" for uid in _asked(number)
    )
    if number < SERIES:
        by = ("MO", "TU", "WE", "TH", "FR")[number % 5]
        what = (
            f"DTSTART;TZID=Europe/Prague:20260105T{8 + number % 9:02}0000\r\nDURATION:PT1H\r\n"
            f"RRULE:FREQ=WEEKLY;INTERVAL={1 + number % 4};BYDAY={by}\r\n"
        )
    elif number % 10 == 0:
        what = f"DTSTART:{day:%Y%m%d}T090000Z\r\nDTEND:{day:%Y%m%d}T100000Z\r\n"
    else:
        done = "STATUS:COMPLETED\r\n" if number % 3 == 0 else ""
        what = f"DUE;VALUE=DATE:{day:%Y%m%d}\r\n{done}"
    kind = "VEVENT" if number < SERIES or number % 10 == 0 else "VTODO"
    return (
        f"BEGIN:VCALENDAR\r\nBEGIN:{kind}\r\nUID:{number}\r\nSUMMARY:What has to be done, {number}"
        f"\r\n{what}{people}END:{kind}\r\nEND:VCALENDAR\r\n"
    )


def _asked(number: int) -> list[int]:
    return [0] if number < SERIES else [(number * 7) % PEOPLE, (number * 7 + 53) % PEOPLE]


async def _fill(database: Database, count: int, now: datetime) -> None:
    members = {f"u{uid}@north.example": f"u_{uid}" for uid in range(PEOPLE)}
    rows, people, moments, spans = [], [], [], []
    for number in range(count):
        ical = _text(number, now)
        calendar = read(ical)
        facts, found = facts_of(calendar, Beside(members)), expand(calendar, now)
        id_, thread = f"e_{number}", f"r_{number % THREADS}"
        first = found.rows[0].first if found.rows else None
        is_open = facts.state not in ("done", "cancelled")
        rows.append((id_, thread, facts.kind, ical, _encode(facts).decode(), is_open, first))
        people += [
            (id_, uid, thread, True, answer) for uid, answer in people_of(facts, "u_0").items()
        ]
        moments += [
            (id_, nth, one.occurrence, one.first, one.last, one.floats, said)
            for nth, (one, said) in enumerate(zip(found.rows, found.says, strict=True))
        ]
        spans.append((id_, digest(ical), found.digest, found.through))
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(_PEOPLE, PEOPLE)
        await connection.execute(_THREADS, THREADS)
        await connection.execute(_MEMBERS, THREADS, PEOPLE)
        await connection.executemany(_ENTRY, rows, timeout=600)
        await connection.executemany(
            "INSERT INTO entry_people (entry_id, uid, thread_id, is_asked, answer)"
            " VALUES ($1, $2, $3, $4, $5)", people, timeout=600,
        )  # fmt: skip
        await connection.executemany(
            "INSERT INTO occurrences (entry_id, nth, occurrence, first, last, floats, says)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)", moments, timeout=600,
        )  # fmt: skip
        await connection.executemany(
            "INSERT INTO expansions (entry_id, digest, rows_digest, through)"
            " VALUES ($1, $2, $3, $4)", spans, timeout=600,
        )  # fmt: skip
    async with database.acquire() as connection:
        await connection.execute("VACUUM ANALYZE", timeout=600)


async def _measured(name: str, ask: Callable[[int], Awaitable[Any]], runs: int = RUNS) -> None:
    taken = []
    for number in range(runs):
        began = time.perf_counter()
        await ask(number)
        taken.append((time.perf_counter() - began) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    print(f"{name:44} {statistics.median(taken):8.1f} ms  p95 {p95:8.1f} ms", flush=True)


async def run(count: int = 100_000) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with TemporaryDirectory() as folder:
        settings = Settings.from_environ({}, data_dir=Path(folder) / "data")
        async with open_database(settings) as database:
            began = time.perf_counter()
            await _fill(database, count, now)
            print(f"{count:,} tasks and meetings: {time.perf_counter() - began:.0f} s")

            async def between(uid: str, first: datetime, days: int) -> int:
                last = first + timedelta(days=days)
                async with database.acquire() as connection:
                    found, _ = await entries.between(
                        connection, uid, first, last, local=(first, last), limit=100_000
                    )
                return len(found)

            async def day(number: int) -> None:
                uid = f"u_{1 + number % (PEOPLE - 1)}"
                async with database.acquire() as connection:
                    await entries.tasks_of(connection, uid, 1001, now - timedelta(days=2))
                await between(uid, now, 8)

            async def month(number: int) -> None:
                await between(f"u_{1 + number % (PEOPLE - 1)}", now - timedelta(days=10), 42)

            async def year(_: int) -> None:
                assert await between("u_0", now - timedelta(days=180), 365) > 20_000

            async def thread(number: int) -> None:
                async with database.acquire() as connection:
                    await entries.of_thread(
                        connection, f"r_{number}", "u_0", 0, limit=301, is_open=True
                    )

            texts = [read(_text(number, now)) for number in range(SERIES)]

            async def follow(_: int) -> None:
                for one in texts:
                    expand(one, now)

            await _measured("my day", day)
            await _measured("a month", month)
            await _measured("what a thread is opened with", thread)
            await _measured("a year of 1,000 series", year, 5)
            await _measured("the same rules followed anew (4 years)", follow, 1)
            await _remind(database, now)
            async with database.acquire() as connection:
                began = time.perf_counter()
                await occurrences.stale(connection, now, "", 50)
                print(f"what is to be followed anew: {(time.perf_counter() - began) * 1000:.0f} ms")


async def _remind(database: Database, now: datetime) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO reminders (reminder_id, uid, note, due_at, zone, for_thread, created_at)"
            " SELECT 'm_' || n, 'u_' || n % $2::int, 'Note ' || n, $3, 'UTC', false, $3"
            " FROM generate_series(1, $1::int) AS n", REMINDERS, PEOPLE, now,
        )  # fmt: skip
    clock, told = SystemClock(), []
    jobs = Jobs(database, clock)
    writer = GroupCommitWriter(database, clock, "http://hub")
    Reminders(database, writer, clock, jobs, lambda uid, frame: told.append(uid))
    async with database.transaction() as connection:
        await jobs.put(connection, REMIND, "")
    began = time.perf_counter()
    await jobs.drain([REMIND])
    taken = time.perf_counter() - began
    assert len(told) == REMINDERS
    print(f"{REMINDERS:,} reminders of one minute, delivered in {taken:.2f} s")
