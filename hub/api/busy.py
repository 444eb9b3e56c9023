"""Free and busy over HTTP: whom one agrees to, and when several people are free."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import no_content, principal, read_body, respond
from hub.wire import busy as api


async def consents(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await hub_of(request).availability.consents(who.uid))


async def agree(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    await hub_of(request).availability.agree(who.uid, request.path_params["uid"])
    return no_content()


async def refuse(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    await hub_of(request).availability.refuse(who.uid, request.path_params["uid"])
    return no_content()


async def ask(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    await hub_of(request).availability.ask(who.uid, request.path_params["uid"])
    return no_content()


async def slots(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    asked = await read_body(request, api.FindSlots)
    return respond(await hub_of(request).availability.slots(who.uid, asked))


def routes() -> list[BaseRoute]:
    return [
        Route("/api/busy/consents", consents, methods=["GET"]),
        Route("/api/busy/consents/{uid}", agree, methods=["PUT"]),
        Route("/api/busy/consents/{uid}", refuse, methods=["DELETE"]),
        Route("/api/busy/asks/{uid}", ask, methods=["PUT"]),
        Route("/api/busy/slots", slots, methods=["POST"]),
    ]
