"""uvicorn, set up for the hub, alone on its address or as one of several workers."""

from __future__ import annotations

import asyncio
import errno
import faulthandler
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette

from hub import sample as samples
from hub.api.bounded_http import BoundedHttp
from hub.api.fast_socket import FastSocket
from hub.api.hub import Hub
from hub.api.metrics import exposition
from hub.app import build, create_app, drain
from hub.clock import SystemClock
from hub.errors import Conflict
from hub.identity.service import Identity
from hub.settings import Settings
from hub.workers.figures import gathered, handing_out
from hub.workers.pulse import Pulse
from hub.workers.signals import Signals, until_told

GC_THRESHOLD = 20_000


def run(settings: Settings, *, sample: bool = False) -> None:
    """Serve until SIGINT or SIGTERM, alone.

    Raises:
        Conflict: ``port_in_use``.
        HubError: what stands against the start.
    """
    with listen(settings) as listener:
        _run(partial(_serve_alone, settings, listener, sample))


def run_worker(
    settings: Settings, listener: int, pulse: int, *, number: int, figures: Path
) -> None:
    """Serve as one of several processes, until SIGTERM or the end of the supervisor.

    Args:
        number: of this one.
        figures: folder in which siblings hand out theirs.
        listener: descriptor of the listening socket that all share.
        pulse: descriptor that the supervisor hears.
    """
    faulthandler.enable()  # a supervisor that finds it hanging asks where, by SIGABRT
    with socket.socket(fileno=listener) as shared:
        os.set_inheritable(listener, False)
        _run(partial(_serve_beside_others, settings, shared, Pulse(pulse), number, figures))


def _run(serving: Callable[[Signals], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told(serving))


async def _serve_alone(
    settings: Settings, listener: socket.socket, sample: bool, signals: Signals
) -> None:
    async with build(settings, SystemClock()) as hub:

        async def announce() -> None:
            await say_hello(settings, hub.identity, lines)

        lines = await samples.fill_if_new(hub) if sample else []
        server = _server(hub, announce)
        signals.hand_over(server.leave)
        await server.serve(sockets=[listener])


async def _serve_beside_others(
    settings: Settings,
    listener: socket.socket,
    pulse: Pulse,
    number: int,
    figures: Path,
    signals: Signals,
) -> None:
    async with build(settings, SystemClock()) as hub:

        async def announce() -> None:
            pulse.ready()

        hub.all_figures = partial(gathered, figures)
        server = _server(hub, announce)
        signals.hand_over(server.leave)
        beating = asyncio.create_task(pulse.run(server.leave), name="pulse")
        try:
            async with handing_out(figures, str(number), partial(exposition, hub)):
                await server.serve(sockets=[listener])
        finally:
            beating.cancel()


def _server(hub: Hub, on_ready: Callable[[], Awaitable[None]]) -> _Server:
    # What was made until now lives on; what an update makes is gone without a cycle.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    config = configure(create_app(hub.settings, hub=hub), hub.settings, lifespan="off")
    return _Server(config, hub, on_ready)


async def say_hello(settings: Settings, identity: Identity, lines: Sequence[str]) -> None:
    """Print where the hub is, and the first owner's link."""
    print(f"\n{settings.hub_name} is at {settings.public_url}\n", flush=True)
    for line in lines:
        print(line, flush=True)
    if (link := await identity.first_owner_link()) is not None:
        print(f"Open this link once to become its first owner:\n\n  {link}\n", flush=True)


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
        Conflict: ``port_in_use``; ``cannot_listen``: the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        where = f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}."
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"{where} Stop what uses it, or choose another with --port.", code="port_in_use"
            ) from error
        raise Conflict(
            f"{where} --host names an address of this machine.", code="cannot_listen"
        ) from error
    listener.listen(1024)
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """Says when it is up, and asks everybody to leave before it goes."""

    def __init__(
        self, config: uvicorn.Config, hub: Hub, on_ready: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._hub = hub
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await self._on_ready()

    def leave(self, which: int = signal.SIGTERM) -> None:
        """As a signal would have it; at the second SIGINT without waiting for anybody."""
        self.force_exit |= self.should_exit and which == signal.SIGINT
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are heard already: see ``signals``."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:  # who comes now is another process's, or waits for the next
            server.close()
        await drain(self._hub)
        await super().shutdown(sockets)
