"""``hub doctor``: what is well and what is not, in words that say what to do."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import hub
from hub.bus.opening import open_bus
from hub.clock import SystemClock
from hub.errors import Conflict, HubError
from hub.files.previews.office import program
from hub.files.scanning.opening import open_scanners
from hub.files.scanning.verdicts import ScannerDown
from hub.rooms.poll import POLL_S
from hub.sandbox.walls import WallUnknown, sandbox_kind
from hub.settings import Settings, is_loopback
from hub.storage import blobs, documents, health, jobs
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.migrations import available, current
from hub.storage.pool import Database

Verdict = Literal["good", "warning", "bad"]

LOW_BYTES = 1 << 30
TOO_LOW_BYTES = 100 * 2**20


@dataclass(frozen=True)
class Finding:
    about: str
    verdict: Verdict
    words: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything the hub needs; never changes anything but starting its own database."""
    found = [
        Finding("version", "good", f"Webmail hub {hub.__version__}"),
        _address(settings),
        _port(settings),
        _disk(settings.data_dir),
        _client(),
    ]
    previews = await asyncio.to_thread(_previews)
    others = [*await _scanners(settings), *await _redis(settings)]
    return [*found, *previews, *others, *await _database(settings)]


def _previews() -> list[Finding]:
    """What stands between foreign files and this machine, and what can be shown of them."""
    try:
        wall = sandbox_kind()
    except WallUnknown as error:
        return [Finding("previews", "warning", f"{error}; they wait until it does")]
    if wall == "rlimits":
        words = (
            "foreign files are opened in processes with limits, and no wall around them; install "
            "bubblewrap, or use a kernel with Landlock"
        )
        return [Finding("previews", "warning", words)]
    if wall != "bubblewrap":
        office = "office documents have their words only: LibreOffice runs in bubblewrap alone"
    elif program() is None:
        office = "office documents have their words only: LibreOffice is not installed"
    else:
        office = "office documents have their pages, by LibreOffice"
    return [Finding("previews", "good", f"made behind {wall}; {office}")]


async def _scanners(settings: Settings) -> list[Finding]:
    """Whether each answers, and says what it skips."""
    try:
        scanners = open_scanners(settings)
    except HubError as error:
        return [Finding("scanner", "bad", error.detail)]
    if not scanners:
        words = "none; files are not looked at for malware (HUB_CLAMD, HUB_ICAP)"
        return [Finding("scanner", "warning", words)]
    found = []
    for scanner in scanners:
        try:
            engine, signatures = await scanner.identify()
            complaints = await scanner.check()
        except ScannerDown as error:
            found.append(Finding("scanner", "bad", f"{error.detail} Files wait for it."))
            continue
        words = f"{engine}, signatures {signatures or 'of an unknown date'}"
        found.append(Finding("scanner", "good", words))
        found += [Finding("scanner", "warning", one) for one in complaints]
    return found


async def _redis(settings: Settings) -> list[Finding]:
    """Whether what one process says reaches another one."""
    if settings.redis_url is None:
        words = "none; enough for one process on one machine (HUB_REDIS_URL)"
        return [Finding("bus", "good", words)]
    try:
        async with open_bus(settings, secrets.token_bytes(32)) as bus:
            health = bus.health
    except HubError as error:
        return [Finding("bus", "bad", error.detail)]
    if health.up:
        return [Finding("bus", "good", health.words)]
    words = f"{health.words} every {POLL_S:.0f} s, and who is there is not known across processes"
    return [Finding("bus", "warning", words)]


def _address(settings: Settings) -> Finding:
    if settings.secure:
        return Finding("address", "good", settings.public_url)
    return Finding(
        "address",
        "good",
        f"{settings.public_url} (this machine only: plain http is not for others)",
    )


def _port(settings: Settings) -> Finding:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return Finding(
                "port",
                "warning",
                f"{settings.host}:{settings.port} cannot be bound ({error.strerror}); a hub may "
                "be running on it, else choose another with HUB_PORT",
            )
    if not is_loopback(settings.host) and not settings.secure:
        return Finding(
            "port", "warning", f"listens on {settings.host}, but the address is for this machine"
        )
    return Finding("port", "good", f"{settings.host}:{settings.port} is free")


def _disk(folder: Path) -> Finding:
    there = folder.resolve()
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    words = f"{free / 2**30:.1f} GiB free at {folder}"
    if free < TOO_LOW_BYTES:
        return Finding("disk", "bad", words + "; make room before you start")
    if free < LOW_BYTES:
        return Finding("disk", "warning", words + "; that will not last long")
    return Finding("disk", "good", words)


def _client() -> Finding:
    if resources.files("hub").joinpath("static", "index.html").is_file():
        return Finding("browser client", "good", "built")
    return Finding("browser client", "bad", "not built; run `make build`")


async def _database(settings: Settings) -> list[Finding]:
    embedded = None
    url = settings.database_url
    try:
        if url is None:
            embedded = EmbeddedPostgres(settings.data_dir)
            if (url := embedded.running()) is None:
                url = await embedded.start()
        database = await Database.connect(url, min_size=1, max_size=2)
        try:
            return await _inside(database)
        finally:
            await database.close()
    except Conflict as busy:
        return [Finding("database", "bad", f"{busy.detail} Its database does not answer.")]
    except HubError as error:
        return [Finding("database", "bad", f"{error.detail} ({error.code})")]
    finally:
        if embedded is not None:
            await embedded.stop()


async def _inside(database: Database) -> list[Finding]:
    async with database.acquire() as connection:
        server = await connection.fetchval("SHOW server_version")
        number = int(await connection.fetchval("SHOW server_version_num"))
        have, know = await current(connection), len(available())
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
        fsync = await connection.fetchval("SHOW fsync")
        encoding = await connection.fetchval("SHOW server_encoding")
        asked = await health.look(connection)
        apart = health.clocks_apart(SystemClock().now_ms(), asked.now_ms)
    found = []
    if number < 150000:
        found.append(Finding("database", "bad", f"PostgreSQL {server}; the hub needs 15 or later"))
    elif encoding != "UTF8":
        found.append(Finding("database", "bad", f"encoding {encoding}; the hub needs UTF8"))
    else:
        words = f"PostgreSQL {server}, {size / 2**20:.0f} MiB used"
        found.append(Finding("database", "good", words))
    if fsync != "on":
        found.append(
            Finding("durability", "bad", "fsync is off: saved work can be lost with the power")
        )
    if apart is not None:
        found.append(Finding("clock", "warning", apart))
    if have > know:
        found.append(
            Finding(
                "schema", "bad", f"version {have}, written by a newer hub; this one knows {know}"
            )
        )
    elif have < know:
        found.append(
            Finding("schema", "good", f"version {have}; the next start brings it to {know}")
        )
    else:
        found.append(Finding("schema", "good", f"version {have}"))
        found += await documents_of(database)
        found += await _files(database)
    return found


async def _files(database: Database) -> list[Finding]:
    """How many files there are, and work that was given up."""
    async with database.acquire() as connection:
        totals = await blobs.totals(connection)
        lost = await jobs.given_up(connection)
    words = f"{totals.blobs} files, {totals.bytes / 2**30:.2f} GiB"
    if totals.unused:
        words += f"; {totals.unused} of them are not used and will be removed"
    found = [Finding("files", "good", words)]
    if lost:
        first = lost[0]
        found.append(
            Finding(
                "jobs",
                "warning",
                f"{len(lost)} were given up; the first is {first.kind} of {first.key} after "
                f"{first.tries} tries: {first.error}",
            )
        )
    return found


async def documents_of(database: Database) -> list[Finding]:
    """Rows that could not be read when their document was opened."""
    async with database.acquire() as connection:
        faults = await documents.faults(connection)
    return [
        Finding(
            "documents",
            "warning",
            f"{len(seqs)} rows of {document} cannot be read and were left out (the first is "
            f"{seqs[0]}); the rest of it is whole. Bring them back from a backup",
        )
        for document, seqs in faults
    ]
