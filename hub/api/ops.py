"""For whoever runs the hub: is it alive, is it ready, how is it."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from hub.api import metrics
from hub.api.hub import hub_of
from hub.errors import HubError
from hub.storage import health


async def healthz(request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """The hub can serve: the database answers and no end is near. What is not as it should be, and
    keeps nobody from working, is said in further lines."""
    hub = hub_of(request)
    if hub.draining:
        return PlainTextResponse("restarting\n", 503)
    try:
        async with hub.database.acquire() as connection:
            server = await health.look(connection)
    except HubError as error:
        return PlainTextResponse(f"{error.code}\n", 503)
    ills = ["database: takes no writes"] if server.read_only else []
    if (apart := health.clocks_apart(hub.clock.now_ms(), server.now_ms)) is not None:
        ills.append(f"clock: {apart}")
    if not hub.bus.health.up:
        ills.append(f"bus: {hub.bus.health.words}")
    for loop in hub.background.loops:
        if loop.reason is not None:
            ills.append(f"loop {loop.name}: failed {loop.failures} times; the log says why")
    return PlainTextResponse("".join(f"{line}\n" for line in ("ready", *ills)))


async def prometheus(request: Request) -> Response:
    """The figures of this process, or of all that share its address."""
    hub = hub_of(request)
    figures = metrics.exposition(hub) if hub.all_figures is None else await hub.all_figures()
    return Response(figures, media_type=CONTENT_TYPE_LATEST)


def routes() -> list[BaseRoute]:
    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", prometheus, methods=["GET"]),
    ]
