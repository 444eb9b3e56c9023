"""uvicorn, set up for the hub: when it is up it prints where, and the first owner's link."""

from __future__ import annotations

import asyncio
import socket

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from hub.app import create_app, drain
from hub.errors import Conflict
from hub.mail import sample as samples
from hub.settings import Settings

log = structlog.get_logger()


def run(settings: Settings, *, sample: bool = False) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        Conflict: ``port_in_use``.
        HubError: what stands against the start.
    """
    listener = listen(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # 43 KiB a connection (measured)
        ws_max_size=max(settings.max_frame_bytes, settings.max_document_bytes),
        ws_ping_interval=20,
        ws_ping_timeout=20,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=5,
        lifespan="on",
    )
    server = _Server(config, app, settings, sample=sample)
    with listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))
    if (failure := getattr(app.state, "failure", None)) is not None:
        raise failure


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
    def __init__(
        self, config: uvicorn.Config, app: Starlette, settings: Settings, *, sample: bool
    ) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings
        self._sample = sample

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return
        hub = self._app.state.hub
        print(f"\n{self._settings.hub_name} is at {self._settings.public_url}\n", flush=True)
        if self._sample and await hub.identity.needs_owner():
            for line in await samples.fill(hub):
                print(line, flush=True)
        if (link := await hub.identity.first_owner_link()) is not None:
            print(f"Open this link once to become its first owner:\n\n  {link}\n", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if hasattr(self._app.state, "hub"):
            await drain(self._app.state.hub)
        await super().shutdown(sockets)
