"""A PostgreSQL of Debian's on loopback that a test can kill, freeze and turn read-only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.support.child import Child

PROGRAMS = Path(os.environ.get("HUB_TEST_POSTGRES15") or "/usr/lib/postgresql/15/bin")
DATABASE = "hub"


class PostgresServer(Child):
    """Writes for good (fsync), as one that people's work is trusted to.

    Args:
        options: lines of its configuration.
    """

    program = str(PROGRAMS / "postgres")
    hello = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # SSLRequest: one byte is the answer

    def __init__(self, *options: str) -> None:
        super().__init__()
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.data = self.folder / "data"
        if self._as:
            shutil.chown(self.folder, "postgres")
        self.initialise()
        lines = [
            "listen_addresses = '127.0.0.1'", f"port = {self.port}",
            f"unix_socket_directories = '{self.folder}'", "max_connections = 200", *options,
        ]  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as config:
            config.write("\n".join(lines) + "\n")

    def initialise(self) -> None:
        """Make its folder of data."""
        subprocess.run(
            [*self._as, PROGRAMS / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres",
             "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=self.folder,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{DATABASE}"

    def arguments(self) -> list[str]:
        return ["-D", str(self.data)]

    def launch(self, program: str) -> list[str]:
        return [*self._as, program]

    def start(self) -> None:
        """A server that answers may still be starting up, or reading its log again."""
        super().start()
        is_ready = [PROGRAMS / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        until = time.monotonic() + 30
        while subprocess.run(is_ready, check=False, timeout=10).returncode != 0:
            assert time.monotonic() < until, "PostgreSQL does not become ready"
            time.sleep(0.05)

    def create(self) -> None:
        """The hub's database, empty."""
        self.sql(f"CREATE DATABASE {DATABASE}", database="postgres")

    def sql(self, statement: str, database: str = DATABASE) -> str:
        done = subprocess.run(
            [*self._as, PROGRAMS / "psql", "-h", self.folder, "-p", str(self.port),
             "-U", "postgres", "-AtXq", "-c", statement, database],
            check=True, capture_output=True, text=True, cwd=self.folder, timeout=30,
        )  # fmt: skip
        return done.stdout

    def read_only(self, on: bool) -> None:
        """Every transaction from now on, of whatever connection.

        `pg_reload_conf` only asks: a session that starts with the new value was started after
        every older one was told of it.
        """
        value = "on" if on else "off"
        self.sql(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        self.sql("SELECT pg_reload_conf()", database="postgres")
        until = time.monotonic() + 30
        while self.sql("SHOW default_transaction_read_only", "postgres").strip() != value:
            assert time.monotonic() < until, "PostgreSQL does not read its configuration again"

    def freeze(self) -> None:
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)
