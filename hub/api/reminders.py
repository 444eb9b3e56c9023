"""Reminders over HTTP: private, like what becomes of them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import no_content, principal, read_body, respond
from hub.wire import reminders as api


async def listed(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await hub_of(request).reminders.listed(who.uid))


async def add(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    new = await read_body(request, api.NewReminder)
    return respond(await hub_of(request).reminders.add(who.uid, new), 201)


async def move(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    patch = await read_body(request, api.PatchReminder)
    reminder = request.path_params["id"]
    return respond(await hub_of(request).reminders.move(who.uid, reminder, patch.when))


async def remove(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    await hub_of(request).reminders.remove(who.uid, request.path_params["id"])
    return no_content()


async def notices(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await hub_of(request).reminders.notices(who.uid))


async def see(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    await hub_of(request).reminders.see(who.uid, request.path_params["id"])
    return no_content()


async def snooze(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    asked = await read_body(request, api.SnoozeNotice)
    notice = request.path_params["id"]
    return respond(await hub_of(request).reminders.snooze(who.uid, notice, asked.when), 201)


def routes() -> list[BaseRoute]:
    return [
        Route("/api/reminders", listed, methods=["GET"]),
        Route("/api/reminders", add, methods=["POST"]),
        Route("/api/reminders/{id}", move, methods=["PATCH"]),
        Route("/api/reminders/{id}", remove, methods=["DELETE"]),
        Route("/api/notices", notices, methods=["GET"]),
        Route("/api/notices/{id}", see, methods=["DELETE"]),
        Route("/api/notices/{id}/snooze", snooze, methods=["POST"]),
    ]
