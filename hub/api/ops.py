"""For whoever runs the hub: is it alive, is it ready, how is it."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from hub.api import metrics
from hub.api.hub import hub_of
from hub.errors import HubError


async def healthz(request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """The hub can serve: the database answers and no end is near."""
    hub = hub_of(request)
    if hub.draining:
        return PlainTextResponse("restarting\n", 503)
    try:
        async with hub.database.acquire() as connection:
            await connection.fetchval("SELECT 1")
    except HubError as error:
        return PlainTextResponse(f"{error.code}\n", 503)
    return PlainTextResponse("ready\n")


async def prometheus(request: Request) -> Response:
    hub = hub_of(request)
    metrics.ROOMS.set(len(hub.rooms))
    metrics.DOCUMENTS.set(hub.library.open)
    metrics.QUEUED.set(hub.writer.queued_bytes)
    metrics.FLUSHES.set(hub.writer.flushes)
    metrics.ENTRIES.set(hub.writer.entries_written)
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


def routes() -> list[BaseRoute]:
    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", prometheus, methods=["GET"]),
    ]
