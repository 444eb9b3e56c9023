"""docker-compose.yml as plain processes on loopback: the same services, settings and files.

What differs is what must: ports instead of hosts, clamd's signatures are made here, and another S3
server stands in for the gateway.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML

from tests.support.child import Child
from tests.support.hub_process import HubProcess, free_port
from tests.support.object_store import client_of, object_store
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer
from tests.support.scanners import ClamdProcess
from tests.support.turn import CoturnProcess

ROOT = Path(__file__).parents[2]


class CaddyProcess(Child):
    """Caddy with deploy/Caddyfile; its certificate is of an authority of its own.

    Args:
        upstreams: addresses, with spaces between them.
    """

    program = "caddy"
    hello = b"GET / HTTP/1.0\r\n\r\n"

    def __init__(self, upstreams: str) -> None:
        super().__init__()
        self.host = f"localhost:{self.port}"
        self.environ = {
            "HUB_DOMAIN": self.host,
            "HUB_UPSTREAMS": upstreams,
            "HTTPS_PORT": str(self.port),
            "HTTP_PORT": str(free_port()),
            "ADMIN_PORT": str(free_port()),
            "TLS_OPTION": "tls internal",
            "XDG_DATA_HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
        }

    @property
    def authority(self) -> Path:
        """Its own certificate, to be trusted."""
        return self.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def arguments(self) -> list[str]:
        return ["run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]


class ComposeRedis(RedisServer):
    """Redis with the configuration that deploy/prepare made."""

    def __init__(self, config: Path) -> None:
        super().__init__()
        lines = config.read_text().replace("bind * -::*", "bind 127.0.0.1")
        (self.folder / "redis.conf").write_text(f"{lines}port {self.port}\n")

    def arguments(self) -> list[str]:
        return [str(self.folder / "redis.conf")]


class ComposeTurn(CoturnProcess):
    """coturn with the configuration that deploy/prepare made."""

    def __init__(self, config: Path) -> None:
        super().__init__()
        lines = config.read_text().replace("listening-port=3478", f"listening-port={self.port}")
        (self.folder / "turnserver.conf").write_text(f"{lines}listening-ip=127.0.0.1\n")

    def arguments(self) -> list[str]:
        return [
            "-c", str(self.folder / "turnserver.conf"), f"--log-file={self.folder / 'log'}",
            f"--pidfile={self.folder / 'pid'}", f"--userdb={self.folder / 'users'}",
        ]  # fmt: skip


class Topology:
    """Args:
    folder: for everything that it writes.

    Attributes:
        url: of the proxy.
        hubs: the hub services, each its supervisor.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.hubs: list[HubProcess] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        file: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
        self._prepare()
        enter = self._stack.enter_context
        self.postgres = enter(PostgresServer("max_connections = 200"))
        self.postgres.sql("CREATE USER hub SUPERUSER", database="postgres")
        self.postgres.create()
        self.redis = enter(ComposeRedis(self.folder / "secrets" / "redis.conf"))
        self.clamd = enter(ClamdProcess())
        self.coturn = enter(ComposeTurn(self.folder / "secrets" / "turnserver.conf"))
        store = enter(object_store())
        await asyncio.to_thread(lambda: client_of(store).create_bucket(Bucket="hub"))
        hosts = {
            "postgres:5432": f"127.0.0.1:{self.postgres.port}",
            "redis:6379": f"127.0.0.1:{self.redis.port}",
            "s3:7070": store.removeprefix("http://"),
            "clamd:3310": f"127.0.0.1:{self.clamd.port}",
            "turn.hub.example:3478": f"127.0.0.1:{self.coturn.port}",
            "172.30.80.0/24": "127.0.0.1",
        }
        services = [one for name, one in file["services"].items() if name.startswith("hub")]
        self.hubs = [self._hub(number, one) for number, one in enumerate(services)]
        caddy = CaddyProcess(" ".join(one.url.removeprefix("http://") for one in self.hubs))
        self.caddy = enter(caddy)
        self.url = f"https://{self.caddy.host}"
        for hub, service in zip(self.hubs, services, strict=True):
            hub.environ.update(self._environ(service["environment"], hosts))
            hub.environ["HUB_PORT"] = str(hub.port)
            await self._stack.enter_async_context(hub)
        self.authority = self.caddy.authority

    def _prepare(self) -> None:
        shutil.copytree(ROOT / "deploy", self.folder / "deploy", dirs_exist_ok=True)
        subprocess.run(
            [self.folder / "deploy" / "prepare", "hub.example", "turn.hub.example"],
            check=True, capture_output=True,
        )  # fmt: skip

    def _hub(self, number: int, service: dict[str, Any]) -> HubProcess:
        workers = service["command"][1:]
        return HubProcess(self.folder / f"data{number}", *workers)

    def _environ(self, given: dict[str, str], hosts: dict[str, str]) -> dict[str, str]:
        """What Compose would give to the container, with addresses of this machine."""
        names = {"HUB_DOMAIN": self.caddy.host, "TURN_DOMAIN": "turn.hub.example"}
        environ = {}
        for variable, value in given.items():
            text = re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: names[found[1]], str(value))
            if text.startswith("/run/secrets/"):
                name = text.removeprefix("/run/secrets/")
                secret = _at(hosts, (self.folder / "secrets" / name).read_text())
                file = self.folder / f"{name}.here"
                file.write_text(secret)
                text = str(file)
            environ[variable] = _at(hosts, text)
        return environ


def _at(hosts: dict[str, str], text: str) -> str:
    for there, here in hosts.items():
        text = text.replace(there, here)
    return text
