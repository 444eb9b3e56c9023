"""References over HTTP: threads found by their numbers, what a thread's messages name, the owner's
rules, and channels."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import no_content, principal, read_body, respond
from hub.ids import new_id
from hub.rooms.permissions import Action, require
from hub.storage import timeline
from hub.wire import api
from hub.wire.commands import SetMember


async def find(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    asked = await read_body(request, api.FindReferences)
    hub = hub_of(request)
    return respond(await hub.references.find(who.uid, asked.text, typed=asked.typed))


async def of_thread(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with timeline.snapshot(hub.database) as connection:
            found = await hub.references.of_thread(connection, thread, room.since(who.uid))
            head = await timeline.head(connection, thread)
    return respond(msgspec.structs.replace(found, head=head))


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
    return respond(await hub_of(request).channels.change(who, request.path_params["id"], patch))


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
        members = set(room.state.members)
    async with timeline.snapshot(hub.database) as connection:
        state = await timeline.thread_state(connection, thread, who.uid)
    named = [(one.kind, one.number) for one in state.references] if state else []
    people = await hub.channels.asked_in(who.uid, [asked.channel], named)
    missing = [uid for uid in people if uid not in members]
    for uid in missing:
        await hub.door.write(
            who, SetMember(thread=thread, send_id=new_id("n"), uid=uid, role="editor")
        )
    return respond(api.AskedIn(missing))


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
