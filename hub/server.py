"""uvicorn, set up for the hub: when it is up it prints where, and the first owner's link."""

from __future__ import annotations

import asyncio
import gc
import socket
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from hub import sample as samples
from hub.api.bounded_http import BoundedHttp
from hub.api.fast_socket import FastSocket
from hub.api.hub import Hub
from hub.app import build, create_app, drain
from hub.clock import SystemClock
from hub.errors import Conflict
from hub.settings import Settings

GC_THRESHOLD = 20_000

log = structlog.get_logger()


def run(settings: Settings, *, sample: bool = False) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        Conflict: ``port_in_use``.
        HubError: what stands against the start.
    """
    with listen(settings) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener, sample=sample))


async def _serve(settings: Settings, listener: socket.socket, *, sample: bool) -> None:
    async with build(settings, SystemClock()) as hub:
        # What was made until now lives on; what an update makes is gone without a cycle.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        config = configure(create_app(settings, hub=hub), settings, lifespan="off")
        await _Server(config, hub, sample=sample).serve(sockets=[listener])


def configure(app: Starlette, settings: Settings, **changes: Any) -> uvicorn.Config:
    """How the hub is served; ``changes`` go to ``uvicorn.Config`` as they are."""
    options: dict[str, Any] = {
        "http": BoundedHttp,
        "ws": FastSocket,
        "ws_per_message_deflate": False,  # 43 KiB a connection (measured)
        "ws_max_size": max(settings.max_frame_bytes, settings.max_document_bytes),
        "ws_ping_interval": 20,
        "ws_ping_timeout": 20,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": True,
        "forwarded_allow_ips": settings.trusted_proxies,
        "timeout_graceful_shutdown": 5,
    }
    return uvicorn.Config(app, **(options | changes))


def listen(settings: Settings) -> socket.socket:
    """The hub's listening socket.

    Raises:
        Conflict: ``port_in_use``.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Conflict(
            f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}. "
            "Stop what uses it, or choose another with --port.",
            code="port_in_use",
        ) from error
    listener.listen(1024)
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """Says where the hub is once it is up, and asks everybody to leave before it goes."""

    def __init__(self, config: uvicorn.Config, hub: Hub, *, sample: bool) -> None:
        super().__init__(config)
        self._hub = hub
        self._sample = sample

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        lines = []
        if self._sample and await self._hub.identity.needs_owner():
            lines = await samples.fill(self._hub)  # before anybody is told that it is ready
        await super().startup(sockets)
        settings = self._hub.settings
        print(f"\n{settings.hub_name} is at {settings.public_url}\n", flush=True)
        for line in lines:
            print(line, flush=True)
        if (link := await self._hub.identity.first_owner_link()) is not None:
            print(f"Open this link once to become its first owner:\n\n  {link}\n", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await drain(self._hub)
        await super().shutdown(sockets)
        # uvicorn would raise the signal again now, and the database would never be stopped.
        self._captured_signals.clear()
