"""The files of a thread: what is there, adding, renaming, removing, and which version is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import (
    int_param,
    no_content,
    optional_int_param,
    principal,
    read_body,
    respond,
)
from hub.errors import BadRequest, NotFound
from hub.identity.principal import Principal
from hub.ids import b64url, new_id, sha256
from hub.rooms.permissions import Action, require
from hub.storage import attachments as rows
from hub.storage import timeline
from hub.wire import api
from hub.wire import commands as cmd
from hub.wire import properties as props

MAX_PAGE: Final = 5000
MAX_NAMED: Final = 200


async def list_attachments(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    named = request.query_params.getlist("attachment")
    if len(named) > MAX_NAMED:
        raise BadRequest(f"Name at most {MAX_NAMED} files.", code="bad_parameter")
    before = optional_int_param(request, "before")
    limit = int_param(request, "limit", 1000, 1, MAX_PAGE)
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with timeline.snapshot(hub.database) as connection:
            since = room.since(who.uid)
            if named:
                found, more = await _named(connection, thread, named, since), False
            else:
                found, more = await rows.listed(connection, thread, since, before, limit)
            head = await timeline.head(connection, thread)
            used = await rows.used_in(connection, thread)
    quota = hub.settings.thread_quota_bytes or None
    return respond(api.Attachments(found, head, used, quota, more))


async def _named(
    connection: Any, thread: str, attachments: Sequence[str], since: int
) -> list[api.Attachment]:
    """Those of them that are there, with all versions."""
    seen = {one.attachment: one for one in await rows.some(connection, attachments, since)}
    hidden = [one for one in attachments if one not in seen]
    # A picture is seen by whoever reads its document.
    shown = [one for one in await rows.some(connection, hidden, 0) if one.document is not None]
    found = seen | {one.attachment: one for one in shown}
    return [one for one in found.values() if one.thread == thread]


async def add_attachment(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewAttachment)
    command = cmd.AddAttachment(
        thread=request.path_params["id"],
        send_id=new.send_id or new_id("n"),
        file=new.file,
        document=new.document,
    )
    return respond(await hub_of(request).door.write(who, command), 201)


async def get_attachment(request: Request) -> Response:
    who = await principal(request)
    thread, since = await readable(request, who)
    return respond(await _one(request, thread, since))


async def patch_attachment(request: Request) -> Response:
    who = await principal(request)
    patch = await read_body(request, api.PatchAttachment)
    thread, since = await readable(request, who)
    send_id, attachment = patch.send_id or new_id("n"), request.path_params["id"]
    commands: list[Any] = []
    if patch.name is not None:
        commands.append(
            cmd.RenameAttachment(
                thread=thread, send_id=send_id + ".n", attachment=attachment, name=patch.name
            )
        )
    if patch.number is not None:
        commands.append(
            cmd.RestoreVersion(
                thread=thread, send_id=send_id + ".v", attachment=attachment, number=patch.number
            )
        )
    commands += _set_properties(patch, thread, send_id, attachment)
    if not commands:
        raise BadRequest("Name what should change.", code="nothing_to_do")
    for command in commands:
        await hub_of(request).door.write(who, command)
    return respond(await _one(request, thread, since))


def _set_properties(
    patch: api.PatchAttachment, thread: str, send_id: str, attachment: str
) -> list[cmd.SetProperty]:
    """One for each, those that take one away first; nothing is written when one cannot be so.

    Raises:
        BadRequest: ``bad_property``.
    """
    props.checked_source(patch.source)
    commands: dict[str, cmd.SetProperty] = {}
    for given, value in sorted(patch.properties.items(), key=lambda one: one[1] is not None):
        folded = props.folded(props.key(given))
        if value is not None:
            props.checked(value)
        if folded in commands:
            raise BadRequest(f"Two keys are one property: {given}.", code="bad_property")
        commands[folded] = cmd.SetProperty(
            thread=thread, send_id=f"{send_id}.p.{b64url(sha256(folded.encode())[:9])}",
            attachment=attachment, key=given, property=value, source=patch.source,
        )  # fmt: skip
    return list(commands.values())


async def remove_attachment(request: Request) -> Response:
    who = await principal(request)
    thread, _ = await readable(request, who)
    command = cmd.RemoveAttachment(
        thread=thread, send_id=new_id("n"), attachment=request.path_params["id"]
    )
    await hub_of(request).door.write(who, command)
    return no_content()


async def unremove_attachment(request: Request) -> Response:
    who = await principal(request)
    thread, since = await readable(request, who)
    command = cmd.UnremoveAttachment(
        thread=thread, send_id=new_id("n"), attachment=request.path_params["id"]
    )
    await hub_of(request).door.write(who, command)
    return respond(await _one(request, thread, since))


async def readable(request: Request, who: Principal) -> tuple[str, int]:
    """The thread of the attachment that a request names, and from which seq on its history may be
    read; who may not read there does not learn that it exists.

    Raises:
        NotFound: ``attachment_not_found``.
        HubError: of ``require``.
    """
    hub = hub_of(request)
    async with hub.database.acquire() as connection:
        found = await rows.find(connection, request.path_params["id"])
    if found is None:
        raise _not_found()
    async with hub.rooms.hold(found.thread) as room:
        if room.role(who.uid) is None:
            raise _not_found()
        require(who, room.role(who.uid), Action.READ)
        # A picture is seen by whoever reads its document, since when they may.
        since = 0 if found.document is not None else room.since(who.uid)
        return found.thread, since


async def _one(request: Request, thread: str, since: int) -> api.Attachment:
    async with timeline.snapshot(hub_of(request).database) as connection:
        found = await rows.some(connection, [request.path_params["id"]], since)
    if not found or found[0].thread != thread:
        raise _not_found()
    return found[0]


def _not_found() -> NotFound:
    return NotFound("There is no such file.", code="attachment_not_found")


def routes() -> list[BaseRoute]:
    return [
        Route("/api/threads/{id}/attachments", list_attachments, methods=["GET"]),
        Route("/api/threads/{id}/attachments", add_attachment, methods=["POST"]),
        Route("/api/attachments/{id}", get_attachment, methods=["GET"]),
        Route("/api/attachments/{id}", patch_attachment, methods=["PATCH"]),
        Route("/api/attachments/{id}", remove_attachment, methods=["DELETE"]),
        Route("/api/attachments/{id}/unremove", unremove_attachment, methods=["POST"]),
    ]
