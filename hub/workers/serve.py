"""``hub serve --workers``: what belongs to one process alone is done here, then workers serve.

That is the embedded database, migrations, the sample, the listening socket and the first owner's
link.
"""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import sys
import tempfile
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, generate_latest

from hub import sample as samples
from hub import server
from hub.app import build, database_of, open_database
from hub.bus.opening import redis_of
from hub.clock import SystemClock
from hub.identity.service import Identity
from hub.settings import Settings
from hub.storage.pool import Database
from hub.workers.figures import handing_out
from hub.workers.signals import Signals, until_told
from hub.workers.supervisor import Supervisor

log = structlog.get_logger()


def run(settings: Settings, *, sample: bool = False) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        SettingsError: the address of Redis is none.
        Conflict: ``port_in_use``.
        WorkerFailed: the first worker did not come to serve.
        HubError: what else stands against the start.
    """
    redis_of(settings)  # an address that is none is said before anything starts
    with server.listen(settings) as listener:
        asyncio.run(until_told(partial(_supervise, settings, listener, sample)))


async def _supervise(
    settings: Settings, listener: socket.socket, sample: bool, signals: Signals
) -> None:
    signals.hear_reload()
    async with database_of(settings) as url:
        given = dataclasses.replace(settings, database_url=url)
        async with open_database(given) as database:
            await _look_at_connections(database, settings)
        lines = []
        if sample:
            async with build(given, SystemClock()) as hub:
                lines = await samples.fill_if_new(hub)

        async def announce() -> None:
            async with open_database(given) as database:
                identity = Identity(database, SystemClock(), given, on_revoked=lambda *_: None)
                await server.say_hello(given, identity, lines)

        with tempfile.TemporaryDirectory(prefix="hub-workers-") as folder:
            command = [
                sys.executable, "-m", "hub.cli", "worker",
                "--host", settings.host, "--port", str(settings.port),
                "--data-dir", str(settings.data_dir), "--figures", folder,
            ]  # fmt: skip
            if settings.database_url is None:  # the embedded one: its address holds no secret
                command += ["--database-url", url]
            supervisor = Supervisor(command, listener, settings.workers, signals.reload)
            async with handing_out(Path(folder), "supervisor", partial(_figures, supervisor)):
                await supervisor.run(announce)


def _figures(supervisor: Supervisor) -> bytes:
    registry = CollectorRegistry()
    for name, what, value in (
        ("restarts", "Workers begun anew because they had ended.", supervisor.restarts),
        ("hung", "Workers ended because their event loop stood still.", supervisor.hung),
        ("reloads", "Workers replaced on SIGHUP.", supervisor.reloads),
    ):
        Counter(f"hub_worker_{name}", what, registry=registry).inc(value)
    return bytes(generate_latest(registry))


async def _look_at_connections(database: Database, settings: Settings) -> None:
    """Say it when all workers together may want more connections than there are."""
    async with database.acquire() as connection:
        there = int(await connection.fetchval("SHOW max_connections"))
    wanted = settings.workers * (settings.database_connections + 1)
    if wanted > there - 5:
        log.warning(
            "PostgreSQL has too few connections for all workers; raise its max_connections or "
            "lower HUB_DATABASE_CONNECTIONS",
            wanted=wanted, max_connections=there,
        )  # fmt: skip
