"""Calendar files over HTTP: brought in, taken out, looked at where they hang on messages, and
followed at an address of somebody's own."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.agenda import files
from hub.api.attachments import readable
from hub.api.blobs import matches, version_of
from hub.api.downloads import disposition
from hub.api.hub import Hub, hub_of
from hub.api.requests import principal, read_body, read_bytes, respond
from hub.errors import Forbidden, NotFound, TooLarge, Unauthenticated
from hub.files.contents import contents
from hub.identity.principal import Principal
from hub.rooms.permissions import Action, require
from hub.storage.attachments import Stored
from hub.storage.blobs import Blob
from hub.wire import api
from hub.wire.agenda import EntrySource

SCOPES: Final = frozenset(("feed",))
_TYPE: Final = "text/calendar; charset=utf-8"


async def bring(request: Request) -> Response:
    """A file into a thread."""
    who = await principal(request)
    thread = request.path_params["id"]
    since = await _since(hub_of(request), who, thread, Action.WRITE)
    data = await read_bytes(request, files.MAX_BYTES, code="calendar_too_large")
    return respond(await hub_of(request).calendar_files.bring(who, data, thread, since))


async def of_thread(request: Request) -> Response:
    who = await principal(request)
    thread = request.path_params["id"]
    hub = hub_of(request)
    since = await _since(hub, who, thread, Action.READ)
    async with hub.rooms.hold(thread) as room:
        subject = room.state.subject
    data = await hub.calendar_files.export(who.uid, subject, thread, since)
    return _file(data, subject)


async def mine(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    data = await hub_of(request).calendar_files.export(who.uid, who.display_name, None)
    return _file(data, who.display_name)


async def feed(request: Request) -> Response:
    """What is for somebody, at an address that says who; for programs that only read."""
    hub = hub_of(request)
    try:
        who = await hub.identity.authenticate_token(request.path_params["token"], SCOPES)
    except (Unauthenticated, Forbidden) as error:
        raise NotFound("There is no such calendar, or its address has ended.") from error
    hub.calendars.reads.spend(who.token_id or who.uid)
    etag = f'"{await hub.calendar_files.digest(who.uid)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    data = await hub.calendar_files.export(who.uid, who.display_name, None, alarms=False)
    return Response(data, headers=headers | {"Content-Type": _TYPE})


async def look(request: Request) -> Response:
    """What a file of a thread has."""
    who = await principal(request)
    hub = hub_of(request)
    thread, since = await readable(request, who)
    stored, _ = await version_of(request)
    data = await _read(hub, stored)
    return respond(await hub.calendar_files.look(data, thread, who.uid, since))


async def bring_version(request: Request) -> Response:
    """What a file of a thread has, into the thread."""
    who = await principal(request)
    hub = hub_of(request)
    asked = await read_body(request, api.BringCalendar)
    thread, since = await readable(request, who)
    stored, _ = await version_of(request)
    data = await _read(hub, stored)
    source = EntrySource(attachment=request.path_params["id"], number=stored.version.number)
    return respond(
        await hub.calendar_files.bring(who, data, thread, since, source, message=asked.seq)
    )


async def _since(hub: Hub, who: Principal, thread: str, action: Action) -> int:
    """The first seq that somebody may read.

    Raises:
        HubError: of ``require``.
    """
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), action)
        return room.since(who.uid)


async def _read(hub: Hub, stored: Stored) -> bytes:
    """Raises:
    TooLarge: ``calendar_too_large``.
    """
    version = stored.version
    if version.size > files.MAX_BYTES or version.blob is None:
        raise TooLarge(
            f"A calendar file has at most {files.MAX_BYTES >> 20} MiB.", code="calendar_too_large"
        )
    blob = Blob(version.blob, version.size, stored.place)
    return b"".join([part async for part in contents(hub.database, hub.blobs, blob)])


def _file(data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": disposition(f"{name[:80]}.ics"), "Content-Type": _TYPE}
    return Response(data, headers=headers)


def routes() -> list[BaseRoute]:
    version = "/api/attachments/{id}/versions/{number}/calendar"
    return [
        Route("/api/calendar.ics", mine, methods=["GET"]),
        Route("/api/threads/{id}/calendar.ics", of_thread, methods=["GET"]),
        Route("/api/threads/{id}/calendar", bring, methods=["POST"]),
        Route(version, look, methods=["GET"]),
        Route(version, bring_version, methods=["POST"]),
        Route("/feeds/{token}.ics", feed, methods=["GET"]),
    ]
