"""A real Redis on loopback that a test can freeze, kill and start again; and its Sentinel."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from tests.support.child import Child


class RedisServer(Child):
    """Keeps nothing on disk.

    Args:
        options: lines of its configuration.
    """

    program = "redis-server"
    hello = b"PING\r\n"

    def __init__(self, *options: str) -> None:
        super().__init__()
        self._options = options

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def arguments(self) -> list[str]:
        lines = [
            "bind 127.0.0.1", f"port {self.port}", 'save ""', "appendonly no", "daemonize no",
            *self._options,
        ]  # fmt: skip
        (self.folder / "redis.conf").write_text("\n".join(lines) + "\n")
        return [str(self.folder / "redis.conf")]

    def freeze(self) -> None:
        """It takes connections (the kernel does) and does nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def command(self, *words: str) -> bytes:
        """The first bytes of the answer to a command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.recv(65536)


class SentinelServer(RedisServer):
    """Watches masters by name, alone; fails over after half a second of silence."""

    program = "redis-sentinel"

    def __init__(self, **masters: RedisServer) -> None:
        super().__init__()
        self._masters = masters

    def arguments(self) -> list[str]:
        lines = ["bind 127.0.0.1", f"port {self.port}", "daemonize no"]
        for name, master in self._masters.items():
            lines += [
                f"sentinel monitor {name} 127.0.0.1 {master.port} 1",
                f"sentinel down-after-milliseconds {name} 500",
                f"sentinel failover-timeout {name} 2000",
            ]
        config = Path(self.folder / "sentinel.conf")
        if not config.exists():  # it writes to it
            config.write_text("\n".join(lines) + "\n")
        return [str(config)]
