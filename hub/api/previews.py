"""What may be shown of a version: small pictures, pages, words. The same people get it as get the
version itself (``hub.api.blobs``)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from hub.api.blobs import file_headers, matches, version_of
from hub.api.downloads import disposition
from hub.api.hub import Hub, hub_of
from hub.blobs.store import BlobStore
from hub.files.previews.service import not_found
from hub.storage import previews as rows
from hub.storage.previews import Part, Shown

_CHUNK: Final = 1 << 20
_PART: Final = re.compile(r"[a-z]{1,8}(-[0-9]{1,6})?")
_SUFFIXES: Final = {"image/webp": ".webp", "application/pdf": ".pdf"}


async def get_preview(request: Request) -> Response:
    stored, name = await version_of(request)
    hub, asked = hub_of(request), request.path_params["part"]
    async with hub.database.acquire() as connection:
        shown = await rows.of_version(connection, stored.version.key)
    if shown is None or not _PART.fullmatch(asked):
        raise not_found()
    if asked == "text":
        return await _text(request, hub, shown, name)
    return await _part(request, hub, await hub.previews.part(shown, asked), name)


async def _text(request: Request, hub: Hub, shown: Shown, name: str) -> Response:
    headers = file_headers(f'"{shown.row.blob}.{shown.row.kind}.text"')
    # A text that could run is shown as one that cannot.
    headers["Content-Disposition"] = disposition(name + ".txt", inline=True)
    if shown.row.has_text and matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    text = await hub.previews.text(shown)
    return Response(text, headers=headers, media_type="text/plain; charset=utf-8")


async def _part(request: Request, hub: Hub, part: Part, name: str) -> Response:
    headers = file_headers(f'"{part.name}"')
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    suffix = _SUFFIXES.get(part.media_type, "")
    headers["Content-Disposition"] = disposition(f"{name}.{part.part}{suffix}", inline=True)
    headers["Content-Type"] = part.media_type
    headers["Content-Length"] = str(part.size)
    if request.method == "HEAD":
        return Response(headers=headers)
    first = await hub.blobs.read(part.name, 0, min(_CHUNK, part.size))
    return StreamingResponse(_rest(hub.blobs, part, first), headers=headers)


async def _rest(store: BlobStore, part: Part, first: bytes) -> AsyncIterator[bytes]:
    """What is wrong with the first bytes was said before anything is sent."""
    yield first
    for start in range(len(first), part.size, _CHUNK):
        yield await store.read(part.name, start, min(part.size, start + _CHUNK))


def routes() -> list[BaseRoute]:
    path = "/api/attachments/{id}/versions/{number}/preview/{part}"
    return [Route(path, get_preview, methods=["GET"])]
