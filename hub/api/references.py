"""References over HTTP: threads found by their numbers, what a thread's messages name, the owner's
rules, and channels."""

from __future__ import annotations

from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import no_content, optional_int_param, principal, read_body, respond
from hub.errors import BadRequest
from hub.ids import new_id
from hub.rooms.permissions import Action, require
from hub.storage import references as rows
from hub.storage import timeline
from hub.wire import api
from hub.wire.commands import SetMember

log = structlog.get_logger()

MAX_LOOKED: Final = 100
"""Messages at the end of a thread that are looked at for proposals, and characters of each."""
MAX_CHARS: Final = 2000


async def find(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    asked = await read_body(request, api.FindReferences)
    hub = hub_of(request)
    return respond(await hub.references.find(who.uid, asked.text, typed=asked.typed))


async def of_thread(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    after = optional_int_param(request, "after") or 0
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with timeline.snapshot(hub.database) as connection:
            head = await timeline.head(connection, thread)
            texts = await rows.texts(
                connection, thread, room.since(who.uid), MAX_LOOKED, changed_after=after,
                chars=MAX_CHARS,
            )  # fmt: skip
            settled = await rows.settled(connection, thread, [seq for seq, _ in texts])
            named = await rows.of_thread(connection, thread)
    # What takes long holds neither the room nor a connection.
    proposed = await hub.references.proposed(texts, settled)
    channels = await hub.channels.gathering(who.uid, [(one.kind, one.number) for one in named])
    return respond(api.ThreadReferences(proposed, [seq for seq, _ in texts], channels, head))


async def list_rules(request: Request) -> Response:
    return respond(await hub_of(request).reference_rules.listed(await principal(request)))


async def add_rule(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewReferenceRule)
    return respond(await hub_of(request).reference_rules.add(who, new), 201)


async def remove_rule(request: Request) -> Response:
    who = await principal(request)
    await hub_of(request).reference_rules.remove(who, request.path_params["id"])
    return no_content()


async def list_channels(request: Request) -> Response:
    return respond(await hub_of(request).channels.seen(await principal(request)))


async def add_channel(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewChannel)
    return respond(await hub_of(request).channels.add(who, new), 201)


async def get_channel(request: Request) -> Response:
    who = await principal(request)
    return respond(await hub_of(request).channels.one(who, request.path_params["id"]))


async def patch_channel(request: Request) -> Response:
    who = await principal(request)
    patch = await read_body(request, api.PatchChannel)
    changed = await hub_of(request).channels.change(who, request.path_params["id"], patch)
    return no_content() if changed is None else respond(changed)


async def remove_channel(request: Request) -> Response:
    who = await principal(request)
    await hub_of(request).channels.remove(who, request.path_params["id"])
    return no_content()


async def ask_in(request: Request) -> Response:
    """Those of a channel who are not in a thread that it gathers."""
    who = await principal(request)
    asked = await read_body(request, api.AskIn)
    hub, thread = hub_of(request), request.path_params["id"]
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.OWN)
    async with hub.database.acquire() as connection:
        named = await rows.of_thread(connection, thread)
    people = await hub.channels.asked_in(
        who.uid, [asked.channel], [(one.kind, one.number) for one in named]
    )
    came: list[str] = []
    for uid in people:
        async with hub.rooms.hold(thread) as room:
            if room.role(uid) is not None:
                continue
        command = SetMember(thread=thread, send_id=new_id("n"), uid=uid, role="editor")
        try:
            await hub.door.write(who, command)
        except BadRequest as refused:  # their account is gone
            log.info("somebody was not asked in", thread=thread, reason=refused.code)
        else:
            came.append(uid)
    return respond(api.AskedIn(came))


def routes() -> list[BaseRoute]:
    return [
        Route("/api/references/find", find, methods=["POST"]),
        Route("/api/references/rules", list_rules, methods=["GET"]),
        Route("/api/references/rules", add_rule, methods=["POST"]),
        Route("/api/references/rules/{id}", remove_rule, methods=["DELETE"]),
        Route("/api/threads/{id}/references", of_thread, methods=["GET"]),
        Route("/api/threads/{id}/channels", ask_in, methods=["POST"]),
        Route("/api/channels", list_channels, methods=["GET"]),
        Route("/api/channels", add_channel, methods=["POST"]),
        Route("/api/channels/{id}", get_channel, methods=["GET"]),
        Route("/api/channels/{id}", patch_channel, methods=["PATCH"]),
        Route("/api/channels/{id}", remove_channel, methods=["DELETE"]),
    ]
