"""Files that people work on together: open as a live document, save as a new version."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.attachments import readable
from hub.api.blobs import SANDBOX
from hub.api.downloads import disposition
from hub.api.hub import hub_of
from hub.api.requests import principal, read_body, respond
from hub.editing.attaching import Wish
from hub.errors import Conflict, NotFound
from hub.files.following import MERGE
from hub.formats.replacing import Replacement
from hub.ids import new_id
from hub.rooms.permissions import Action, require
from hub.storage import attachments as rows
from hub.storage import document_files as files
from hub.storage import jobs
from hub.wire import api

PRIVATE = {"Cache-Control": "private, no-store", "Content-Security-Policy": SANDBOX}


async def open_file(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.OpenFile)
    hub = hub_of(request)
    _, since = await readable(request, who)
    async with hub.database.acquire() as connection:
        attachment = await rows.find(connection, request.path_params["id"])
        number = (attachment.number if attachment is not None else None) or 0
        stored = attachment and await rows.stored(connection, attachment.attachment, number)
    if attachment is not None and asked.number not in (None, number):
        raise Conflict("Show this version first, then open it.", code="not_shown")
    if attachment is None or not stored or stored.removed or stored.version.seq < since:
        raise NotFound("There is no such version.", code="version_not_found")
    send_id = asked.send_id or new_id("n")
    info, made = await hub.opening.open(who, stored, attachment.name, send_id)
    return respond(info, 201 if made else 200)


async def save_document(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.SaveDocument)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    saved = await hub.file_saving.save(who, info, asked.send_id or new_id("n"), asked.encoding)
    return respond(saved)


async def attach_document(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.AttachDocument)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    wish = Wish(asked.format, asked.name, asked.attachment, asked.anyway, asked.live)
    made = await hub.attaching.attach(who, info, wish, asked.send_id or new_id("n"))
    return respond(made, 201)


async def get_live(request: Request) -> Response:
    """The file as its live document says now, saved or not."""
    who = await principal(request)
    hub = hub_of(request)
    await readable(request, who)
    async with hub.database.acquire() as connection:
        attachment = await rows.find(connection, request.path_params["id"])
        number = (attachment.number if attachment is not None else None) or 0
        binding = await files.open_copy(connection, request.path_params["id"], number)
    if attachment is None or attachment.removed_by is not None or binding is None:
        raise NotFound("Nobody has this file open.", code="not_open")
    body, _ = await hub.file_saving.current(await hub.library.info(binding.document))
    headers = {"Content-Disposition": disposition(attachment.name), **PRIVATE}
    return Response(body, media_type="application/octet-stream", headers=headers)


async def merge_version(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.MergeVersion)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    send_id = asked.send_id or new_id("n")
    return respond(await hub.merging.merge(who, info, asked.version, asked.take, send_id))


async def read_as(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.ReadAs)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    send_id = asked.send_id or new_id("n")
    return respond(await hub.merging.read_as(who, info, asked.encoding, send_id))


async def replace_words(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.ReplaceWords)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    wanted = [
        Replacement(one.old, one.new, one.before, one.after, one.nth, one.of)
        for one in asked.replacements
    ]
    return respond(api.Replaced(await hub.replacing.replace(who, info, wanted, asked.client)))


async def patch_file(request: Request) -> Response:
    who = await principal(request)
    asked = await read_body(request, api.PatchFile)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    await hub.autosaving.set(who, info, asked.autosave, asked.send_id or new_id("n"))
    return await get_file(request)


async def get_file(request: Request) -> Response:
    """How a live document stands to its file."""
    who = await principal(request)
    hub = hub_of(request)
    info = await hub.library.info(request.path_params["id"])
    async with hub.rooms.hold(info.thread) as room:
        require(who, room.role(who.uid), Action.READ)
    async with hub.database.acquire() as connection:
        binding = await files.find(connection, info.document)
        if binding is None:
            raise Conflict("This document is no file of the thread.", code="not_a_file")
        attachment = await rows.find(connection, binding.attachment)
        last = await files.last_update(connection, info.document)
        authors = await files.authors(connection, info.document, binding.saved_seq, last)
        merging = await jobs.is_waiting(connection, MERGE, binding.attachment)
    gone = attachment is None or attachment.removed_by is not None
    other = not gone and attachment is not None and attachment.number not in binding.known
    return respond(
        api.FileState(
            attachment=binding.attachment,
            name=attachment.name if attachment is not None else info.title,
            number=binding.number,
            shown=None if gone or attachment is None else attachment.number,
            format=binding.format,  # type: ignore[arg-type]  # only these are written
            encoding=binding.encoding,
            unsaved=last > binding.saved_seq,
            authors=authors,
            waits=other and not merging,
            merging=other and merging,
            merged=binding.merged,
            autosave=binding.autosave,
            notices=binding.notices or [],
        )
    )


def routes() -> list[BaseRoute]:
    return [
        Route("/api/attachments/{id}/open", open_file, methods=["POST"]),
        Route("/api/attachments/{id}/live", get_live, methods=["GET"]),
        Route("/api/documents/{id}/save", save_document, methods=["POST"]),
        Route("/api/documents/{id}/attach", attach_document, methods=["POST"]),
        Route("/api/documents/{id}/merge", merge_version, methods=["POST"]),
        Route("/api/documents/{id}/encoding", read_as, methods=["POST"]),
        Route("/api/documents/{id}/replace", replace_words, methods=["POST"]),
        Route("/api/documents/{id}/file", get_file, methods=["GET"]),
        Route("/api/documents/{id}/file", patch_file, methods=["PATCH"]),
    ]
