"""What a client needs for calls, beside the live socket."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import principal, respond


async def get_ice(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    return respond(hub_of(request).ice.of(who.uid))


def routes() -> list[BaseRoute]:
    return [Route("/api/ice", get_ice, methods=["GET"])]
