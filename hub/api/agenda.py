"""Tasks and meetings over HTTP: those of a thread and of somebody, one of them, and its text.

Writing goes through the room's door like every command of the live socket.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, cast
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.agenda import reading
from hub.api.hub import hub_of
from hub.api.requests import optional_int_param, principal, read_body, respond
from hub.clock import to_datetime
from hub.errors import BadRequest, NotFound
from hub.identity.service import Principal
from hub.ids import new_id
from hub.mail.agenda.moments import AHEAD, BACK
from hub.rooms.permissions import Action, require
from hub.storage import entries
from hub.wire import agenda as wire
from hub.wire import api
from hub.wire import commands as cmd

MAX_PAGE: Final = 200
MAX_TASKS: Final = 1_000
MAX_OCCURRENCES: Final = 5_000
MAX_SPAN: Final = timedelta(days=400)
LATELY: Final = timedelta(days=2)


async def agenda(request: Request) -> Response:
    """What is for whoever asks, between ``first`` and ``last`` (Unix ms)."""
    who = await principal(request)
    who.require("read")
    hub = hub_of(request)
    first, last = _moment(request, "first"), _moment(request, "last")
    if not first < last <= first + MAX_SPAN:
        raise BadRequest(f"At most {MAX_SPAN.days} days are read at once.", code="bad_parameter")
    zone = reading.zone(request.query_params.get("zone", "UTC"))
    local = tuple(one.astimezone(zone).replace(tzinfo=UTC) for one in (first, last))
    async with hub.database.acquire() as connection:
        found, named = await entries.between(
            connection, who.uid, first, last, local=(local[0], local[1]),
            limit=MAX_OCCURRENCES + 1,
        )  # fmt: skip
    now = to_datetime(hub.clock.now_ms())
    kept = tuple(int(one.timestamp() * 1000) for one in (now - BACK, now + AHEAD))
    more = len(found) > MAX_OCCURRENCES
    # As JSON already, which is written as it is.
    moments = cast("list[wire.AgendaOccurrence]", found[:MAX_OCCURRENCES])
    return respond(wire.Agenda(moments, named, more, (kept[0], kept[1])))


async def tasks(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    hub = hub_of(request)
    lately = to_datetime(hub.clock.now_ms()) - LATELY
    async with hub.database.acquire() as connection:
        found = await entries.tasks_of(connection, who.uid, MAX_TASKS + 1, lately)
    return respond(wire.Tasks(found[:MAX_TASKS], len(found) > MAX_TASKS))


async def of_thread(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    after = request.query_params.get("after")
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with hub.database.acquire() as connection:
            found = await entries.of_thread(
                connection, thread, who.uid, room.since(who.uid), limit=MAX_PAGE + 1, after=after
            )
    return respond(wire.Entries(found[:MAX_PAGE], len(found) > MAX_PAGE))


async def add(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewEntry)
    fields = {name: getattr(new, name) for name in new.__struct_fields__ if name != "send_id"}
    command = cmd.AddEntry(
        thread=request.path_params["id"], send_id=new.send_id or new_id("n"), **fields
    )
    return respond(await hub_of(request).door.write(who, command), 201)


async def get(request: Request) -> Response:
    who = await principal(request)
    entry, _ = await _one(request, who, request.path_params["id"])
    return respond(entry)


async def get_text(request: Request) -> Response:
    """As the program that made it wrote it."""
    who = await principal(request)
    entry, ical = await _one(request, who, request.path_params["id"])
    name = quote(entry.title[:80], safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}.ics"}
    return Response(ical, media_type="text/calendar; charset=utf-8", headers=headers)


async def patch(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.PatchEntry)
    entry, _ = await _one(request, who, request.path_params["id"])
    place = {
        "thread": entry.thread, "entry": entry.entry, "occurrence": asked.occurrence,
        "send_id": asked.send_id or new_id("n"),
    }  # fmt: skip
    changes = {
        name: value
        for name in _CHANGES
        if (value := getattr(asked, name)) is not msgspec.UNSET
    }  # fmt: skip
    if asked.done is not None:
        if changes:
            raise BadRequest("A task is changed, or done.", code="bad_body")
        command: cmd.Command = cmd.FinishEntry(**place, done=asked.done)  # type: ignore[arg-type]
    elif changes:
        command = cmd.ChangeEntry(**place, base=asked.base, **changes)  # type: ignore[arg-type]
    else:
        raise BadRequest("Give what is to be changed.", code="nothing_to_do")
    return respond(await hub_of(request).door.write(who, command))


async def remove(request: Request) -> Response:
    who = await principal(request)
    entry, _ = await _one(request, who, request.path_params["id"])
    command = cmd.RemoveEntry(thread=entry.thread, entry=entry.entry, send_id=new_id("n"))
    return respond(await hub_of(request).door.write(who, command))


async def personal(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    return respond(api.PersonalThread(await hub_of(request).personal.thread_of(who.uid)))


async def _one(request: Request, who: Principal, entry: str) -> tuple[wire.Entry, str]:
    who.require("read")
    async with hub_of(request).database.acquire() as connection:
        found = await entries.one_of(connection, entry, who.uid)
    if found is None:
        raise NotFound("There is no such task or meeting.", code="entry_not_found")
    return found


def _moment(request: Request, name: str) -> datetime:
    """Raises:
    BadRequest: ``bad_parameter``.
    """
    value = optional_int_param(request, name)
    if value is None or value > _LAST_MS:
        raise BadRequest(f"Give {name} in milliseconds since 1970.", code="bad_parameter")
    return to_datetime(value)


_LAST_MS: Final = int(datetime(2999, 1, 1, tzinfo=UTC).timestamp() * 1000)
_CHANGES: Final = (
    "title", "notes", "place", "starts", "ends", "rule", "people", "blocked", "state",
)  # fmt: skip


def routes() -> list[BaseRoute]:
    return [
        Route("/api/agenda", agenda, methods=["GET"]),
        Route("/api/tasks", tasks, methods=["GET"]),
        Route("/api/me/thread", personal, methods=["POST"]),
        Route("/api/threads/{id}/entries", of_thread, methods=["GET"]),
        Route("/api/threads/{id}/entries", add, methods=["POST"]),
        Route("/api/entries/{id}.ics", get_text, methods=["GET"]),
        Route("/api/entries/{id}", get, methods=["GET"]),
        Route("/api/entries/{id}", patch, methods=["PATCH"]),
        Route("/api/entries/{id}", remove, methods=["DELETE"]),
    ]
