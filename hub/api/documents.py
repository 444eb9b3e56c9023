"""Documents over HTTP: list, make, fetch the state, export, print, tickets for Yjs clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import ValidationError, convert
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.downloads import disposition
from hub.api.hub import hub_of
from hub.api.requests import principal, read_body, respond
from hub.editing.exporting import MEDIA_TYPES, Exported, Format
from hub.editing.refusals import CharactersMissing
from hub.errors import BadRequest
from hub.formats import export
from hub.ids import b64url, new_id, sha256
from hub.rooms.documents import LiveDocument
from hub.rooms.permissions import Action, require
from hub.storage import documents as rows
from hub.storage import timeline
from hub.wire import api
from hub.wire import commands as cmd
from hub.wire.api import DocumentInfo

# An export is a stranger's text: a browser may show it, never run it.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; sandbox"


@asynccontextmanager
async def _reading(request: Request) -> AsyncIterator[LiveDocument]:
    """The document of the path, when the user may read it."""
    who = await principal(request)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    async with hub.rooms.hold(info.thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with hub.library.using(info) as live:
            yield live


async def list_documents(request: Request) -> Response:
    who = await principal(request)
    hub, thread = hub_of(request), request.path_params["id"]
    async with hub.rooms.hold(thread) as room:
        require(who, room.role(who.uid), Action.READ)
        async with hub.database.acquire() as connection:
            return respond(await timeline.documents_of(connection, thread))


async def create_document(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewDocument)
    command = cmd.CreateDocument(
        thread=request.path_params["id"],
        send_id=new.send_id or new_id("n"),
        kind=new.kind,
        title=new.title,
        language=new.language,
        line_ends=new.line_ends,
    )
    return respond(await hub_of(request).door.write(who, command), 201)


async def get_document(request: Request) -> Response:
    who = await principal(request)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    async with hub.rooms.hold(info.thread) as room:
        require(who, room.role(who.uid), Action.READ)
    return respond(info)


async def get_authors(request: Request) -> Response:
    """Whose the words of a document are."""
    who = await principal(request)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    async with hub.rooms.hold(info.thread) as room:
        require(who, room.role(who.uid), Action.READ)
    async with timeline.snapshot(hub.database) as connection:
        owned = await rows.owners(connection, info.document)
        relayed = await rows.relayed(connection, info.document)
    ids = [api.ClientIds(one.first, one.last, one.uid) for one in owned]
    return respond(api.Authors(ids, [api.Relayed(*one) for one in relayed]))


async def get_state(request: Request) -> Response:
    """The document as one Yjs update (format v1)."""
    async with _reading(request) as live:
        state = live.state()
    etag = f'"{b64url(sha256(state))}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(state, media_type="application/octet-stream", headers={"ETag": etag})


async def _exported(request: Request, format_: Format) -> tuple[DocumentInfo, Exported]:
    hub = hub_of(request)
    async with _reading(request) as live:
        return live.info, await hub.exporting.export(live.info, format_)


async def get_export(request: Request) -> Response:
    """Without ``strict`` what a format cannot show (characters without a font) is left out without
    a word."""
    try:
        format_ = convert(request.query_params.get("format", "md"), Format)
    except ValidationError:
        raise BadRequest(f"format is one of {', '.join(MEDIA_TYPES)}.", code="bad_format") from None
    info, made = await _exported(request, format_)
    if made.missing and "strict" in request.query_params:
        raise CharactersMissing(made.missing)
    name = disposition(export.file_name(info, format_))
    headers = {"Content-Disposition": name, "Content-Security-Policy": SANDBOX}
    return Response(made.data, media_type=MEDIA_TYPES[format_], headers=headers)


async def get_print(request: Request) -> Response:
    """A page to print."""
    _, made = await _exported(request, "html")
    return Response(
        made.data, media_type=MEDIA_TYPES["html"], headers={"Content-Security-Policy": SANDBOX}
    )


async def create_ticket(request: Request) -> Response:
    who = await principal(request)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    async with hub.rooms.hold(info.thread) as room:
        require(who, room.role(who.uid), Action.READ)
    return respond(hub.tickets.issue(who, info.document), 201)


def routes() -> list[BaseRoute]:
    return [
        Route("/api/threads/{id}/documents", list_documents, methods=["GET"]),
        Route("/api/threads/{id}/documents", create_document, methods=["POST"]),
        Route("/api/documents/{id}", get_document, methods=["GET"]),
        Route("/api/documents/{id}/authors", get_authors, methods=["GET"]),
        Route("/api/documents/{id}/state", get_state, methods=["GET"]),
        Route("/api/documents/{id}/export", get_export, methods=["GET"]),
        Route("/api/documents/{id}/print", get_print, methods=["GET"]),
        Route("/api/documents/{id}/ticket", create_ticket, methods=["POST"]),
    ]
