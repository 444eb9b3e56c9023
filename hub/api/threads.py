"""Threads over HTTP: the inbox, state, history, events, messages, members; and search.

Writing goes through the room's door like every command of the live socket.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import int_param, optional_int_param, principal, read_body, respond
from hub.errors import BadRequest, NotFound
from hub.identity.service import Principal
from hub.ids import new_id
from hub.rooms.permissions import Action, require
from hub.storage import timeline
from hub.wire import api
from hub.wire import commands as cmd

MAX_PAGE = 500


async def list_threads(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    async with hub_of(request).database.acquire() as connection:
        return respond(await timeline.summaries(connection, who.uid))


async def create_thread(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    new = await read_body(request, api.NewThread)
    thread = await hub_of(request).threads.create(who.uid, new)
    return respond(await _state(request, who, thread), 201)


async def get_thread(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await _state(request, who, request.path_params["id"]))


async def patch_thread(request: Request) -> Response:
    who = await principal(request)
    patch = await read_body(request, api.PatchThread)
    thread = request.path_params["id"]
    if patch.subject is None and patch.history is None:
        raise BadRequest("Give a subject or a history.", code="nothing_to_do")
    door = hub_of(request).door
    send_id = patch.send_id or new_id("n")
    if patch.subject is not None:
        await door.write(
            who, cmd.Rename(thread=thread, send_id=send_id + ".s", subject=patch.subject)
        )
    if patch.history is not None:
        await door.write(
            who, cmd.SetHistory(thread=thread, send_id=send_id + ".h", history=patch.history)
        )
    return respond(await _state(request, who, thread))


async def get_events(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    after, before = optional_int_param(request, "after"), optional_int_param(request, "before")
    limit = int_param(request, "limit", 100, 1, MAX_PAGE)
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with timeline.snapshot(hub.database) as connection:
            events = await timeline.events_page(
                connection, thread, uid=who.uid, from_seq=room.since(who.uid), after=after,
                before=before, limit=limit,
            )  # fmt: skip
            state = await timeline.room_state(connection, thread)
    return respond(api.EventsPage(events, state.head if state else 0))


async def get_history(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    before, around = optional_int_param(request, "before"), optional_int_param(request, "around")
    limit = int_param(request, "limit", 50, 1, MAX_PAGE)
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with timeline.snapshot(hub.database) as connection:
            page = await timeline.history_page(
                connection, thread, uid=who.uid, from_seq=room.since(who.uid), before=before,
                around=around, limit=limit,
            )  # fmt: skip
    return respond(page)


async def post_message(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewMessage)
    command = cmd.Post(
        thread=request.path_params["id"],
        send_id=new.send_id or new_id("n"),
        text=new.text,
        reply_to=new.reply_to,
        mentions=new.mentions,
        files=new.files,
    )
    return respond(await hub_of(request).door.write(who, command), 201)


async def list_members(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with hub.database.acquire() as connection:
            return respond(await timeline.members_of(connection, thread))


async def set_member(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewMember)
    command = cmd.SetMember(
        thread=request.path_params["id"],
        send_id=new.send_id or new_id("n"),
        uid=new.uid,
        role=new.role,
    )
    return respond(await hub_of(request).door.write(who, command), 201)


async def search(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    question = request.query_params.get("q", "")
    if len(question) > 500:
        raise BadRequest("The question is too long.", code="bad_query")
    result = await hub_of(request).search.everything(
        who.uid,
        question,
        thread=request.query_params.get("thread"),
        limit=int_param(request, "limit", 20, 1, 100),
        offset=int_param(request, "offset", 0, 0, 10_000),
    )
    return respond(result)


async def _state(request: Request, who: Principal, thread: str) -> api.ThreadState:
    async with timeline.snapshot(hub_of(request).database) as connection:
        state = await timeline.thread_state(connection, thread, who.uid)
    if state is None:
        raise NotFound("There is no such thread, or you are no member.", code="thread_not_found")
    return state


async def mark_read(request: Request) -> Response:
    who = await principal(request)
    body = await read_body(request, api.ReadMark)
    return respond(await hub_of(request).door.mark_read(who, request.path_params["id"], body.seq))


def routes() -> list[BaseRoute]:
    return [
        Route("/api/threads", list_threads, methods=["GET"]),
        Route("/api/threads", create_thread, methods=["POST"]),
        Route("/api/threads/{id}", get_thread, methods=["GET"]),
        Route("/api/threads/{id}", patch_thread, methods=["PATCH"]),
        Route("/api/threads/{id}/events", get_events, methods=["GET"]),
        Route("/api/threads/{id}/history", get_history, methods=["GET"]),
        Route("/api/threads/{id}/messages", post_message, methods=["POST"]),
        Route("/api/threads/{id}/members", list_members, methods=["GET"]),
        Route("/api/threads/{id}/members", set_member, methods=["POST"]),
        Route("/api/threads/{id}/read", mark_read, methods=["PUT"]),
        Route("/api/search", search, methods=["GET"]),
    ]
