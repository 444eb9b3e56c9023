"""Several files of a thread as one ZIP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from hub.api.downloads import disposition
from hub.api.hub import Hub, hub_of
from hub.api.requests import principal
from hub.errors import BadRequest, NotFound
from hub.files.archive import Entry, archived
from hub.files.contents import contents
from hub.files.scanning.verdicts import blocked
from hub.rooms.permissions import Action, require
from hub.storage import attachments as rows
from hub.storage import verdicts
from hub.storage.blobs import Blob
from hub.wire.filenames import file_name

MAX_NAMED: Final = 500


async def get_archive(request: Request) -> Response:
    """What was blocked, or was not looked at where that is asked for, is left out when all are
    wanted, and refused when it is named."""
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    named = list(dict.fromkeys(request.query_params.getlist("attachment"))) or None
    if named is not None and len(named) > MAX_NAMED:
        raise BadRequest(f"Name at most {MAX_NAMED} files, or none for all.", code="bad_parameter")
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        subject = room.state.subject
        async with hub.database.acquire() as connection:
            found = await rows.shown(connection, thread, room.since(who.uid), named)
    served = [
        one
        for one in found
        if one.verdict != "blocked" and (one.verdict or hub.scanning.policy != "hold")
    ]
    if named is not None and len(served) < len(named):
        raise NotFound("One of the files cannot be had.", code="version_not_found")
    headers = {
        "Content-Disposition": disposition(file_name(f"{subject}.zip")),
        "Cache-Control": "private, no-store",
    }
    if request.method == "HEAD":  # how long it is is not known before it is made
        return StreamingResponse(_nothing(), headers=headers, media_type="application/zip")
    entries = (Entry(one.name, one.at_ms, one.blob.size, _parts(hub, one.blob)) for one in served)
    return StreamingResponse(archived(entries), headers=headers, media_type="application/zip")


async def _parts(hub: Hub, blob: Blob) -> AsyncIterator[bytes]:
    """Of a file whose turn has come. Not more are read at once than there are turns, of all
    archives together; who takes them in slowly keeps no other waiting.

    Raises:
        Blocked: since the archive was begun, which breaks off.
    """
    async with hub.database.acquire() as connection:
        verdict, finding = await verdicts.last(connection, blob.blob)
    if verdict == "blocked":
        raise blocked(finding)
    parts = contents(hub.database, hub.blobs, blob)
    while True:
        async with hub.archives:
            part = await anext(parts, None)
        if part is None:
            return
        yield part


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


def routes() -> list[BaseRoute]:
    return [Route("/api/threads/{id}/files.zip", get_archive, methods=["GET"])]
