"""The bytes of a version: whole or a range, each piece proved before it is sent, never as anything
that runs a script.

Source: RFC 9110 sections 13 (conditions) and 14 (ranges).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from hub.api.attachments import readable
from hub.api.downloads import disposition
from hub.api.hub import Hub, hub_of
from hub.api.problems import problem
from hub.api.requests import principal
from hub.blobs.handover import Linked
from hub.blobs.reading import verified
from hub.errors import HubError, NotFound
from hub.files.previews.kinds import HEAD_BYTES, Nature, nature
from hub.files.scanning.verdicts import NotScanned, blocked
from hub.storage import attachments as rows
from hub.storage import blobs
from hub.storage.attachments import Stored
from hub.wire.pieces import bounds, span

ACCELERATES: Final = "x-hub-accel"
"""A header by which the web server in front says that it sends bytes for the hub."""
SANDBOX: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
HEADS: Final = 512


class BadRange(HubError):
    code = "bad_range"
    title = "The file has no such bytes"
    http_status = 416
    retry_s = None


class Part(NamedTuple):
    """Bytes ``start`` to ``end`` (not included); ``whole``: no range was asked for."""

    start: int
    end: int
    whole: bool


def part_of(header: str | None, size: int) -> Part:
    """What a Range header asks of so many bytes. Several ranges, other units and what cannot be
    read are passed over, as a server may.

    Raises:
        BadRange: it begins behind the end.
    """
    everything = Part(0, size, True)
    found = re.fullmatch(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", header or "")
    if found is None or found[1] == found[2] == "":
        return everything
    if found[1] == "":
        start, end = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return everything
    if start >= size or start >= end:
        raise BadRange()
    return Part(start, end, False)


async def get_version(request: Request) -> Response:
    stored, name = await version_of(request)
    return await _answer(request, hub_of(request), stored, name)


async def version_of(request: Request) -> tuple[Stored, str]:
    """The version that a request names, and the name of its file; of those that its sender may
    have.

    Raises:
        NotFound: ``attachment_not_found``, ``version_not_found``.
        HubError: of ``readable`` and ``require_looked_at``.
    """
    who = await principal(request)
    hub = hub_of(request)
    _, since = await readable(request, who)
    try:
        number = max(0, min(int(request.path_params["number"]), 2**31 - 1))
    except ValueError:
        number = 0
    async with hub.database.acquire() as connection:
        attachment = await rows.find(connection, request.path_params["id"])
        stored = await rows.stored(connection, request.path_params["id"], number)
    if stored is None or attachment is None or stored.removed or stored.version.seq < since:
        raise NotFound("There is no such version.", code="version_not_found")
    require_looked_at(hub, stored)
    return stored, attachment.name


def file_headers(etag: str) -> dict[str, str]:
    """Of every answer that has bytes of a file, or what was made of them."""
    return {
        "ETag": etag,
        # Who may read it may be somebody else in a moment: a browser asks again.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": SANDBOX,
        "Vary": "Cookie, Authorization",
    }


def require_looked_at(hub: Hub, stored: Stored) -> None:
    """Raises:
    Blocked: ``file_blocked``.
    NotScanned: ``file_not_scanned``.
    """
    if stored.verdict == "blocked":
        raise blocked(stored.finding)
    if stored.verdict is None and hub.scanning.policy == "hold":
        raise NotScanned()


async def _answer(request: Request, hub: Hub, stored: Stored, name: str) -> Response:
    version = stored.version
    etag = f'"{version.blob}"'
    headers = {**file_headers(etag), "Accept-Ranges": "bytes"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    is_ = await _nature(hub, stored, name)
    inline = is_.inline and "download" not in request.query_params
    headers["Content-Type"] = is_.media_type
    if is_.media_type.startswith("text/"):
        headers["Content-Type"] += "; charset=utf-8"
    headers["Content-Disposition"] = disposition(name, inline=inline)
    front = isinstance(hub.handover, Linked) or ACCELERATES in request.headers
    # Links are signed for GET.
    if hub.handover is not None and front and version.size and request.method == "GET":
        download = "download" in request.query_params
        handed = await hub.handover.of(stored.place, headers, download=download)
        if handed is not None:
            return Response(status_code=handed.status, headers=dict(handed.headers))
    asked = request.headers.get("range")
    if request.method != "GET" or request.headers.get("if-range") not in (None, etag):
        asked = None
    try:
        part = part_of(asked, version.size)
    except BadRange as error:
        refusal = problem(error)
        refusal.headers.update(file_headers(etag) | {"Content-Range": f"bytes */{version.size}"})
        return refusal
    headers["Content-Length"] = str(part.end - part.start)
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{version.size}"
    status = 200 if part.whole else 206
    if request.method == "HEAD" or part.start == part.end:
        return Response(status_code=status, headers=headers)
    parts = await _begun(hub, stored, part.start, part.end)
    return StreamingResponse(parts, status, headers=headers)


async def _begun(hub: Hub, stored: Stored, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes; what is wrong with the first of them is said before anything is sent."""
    assert stored.version.blob is not None
    pieces = span(start, end)
    async with hub.database.acquire() as connection:
        hashes = await blobs.hashes(
            connection, stored.version.blob, pieces.start, len(pieces)
        )  # fmt: skip
    parts = verified(hub.blobs, stored.place, stored.version.size, hashes, start, end)
    first = await anext(parts)

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return all_of_it()


async def _nature(hub: Hub, stored: Stored, name: str) -> Nature:
    blob = stored.version.blob or ""
    head = _heads.get(blob)
    if head is None:
        _, end = bounds(0, stored.version.size)
        head = b""
        if end:
            async for part in await _begun(hub, stored, 0, min(end, HEAD_BYTES)):
                head += part
        _heads[blob] = head
        if len(_heads) > HEADS:
            _heads.popitem(last=False)
    return nature(name, stored.version.type, head)


_heads: OrderedDict[str, bytes] = OrderedDict()
"""First bytes of what was asked for lately; a blob never changes."""


def matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this one."""
    if header is None:
        return False
    return header.strip() == "*" or etag in (
        one.strip().removeprefix("W/") for one in header.split(",")
    )


def routes() -> list[BaseRoute]:
    return [Route("/api/attachments/{id}/versions/{number}", get_version, methods=["GET"])]
