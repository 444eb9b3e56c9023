"""Uploads by tus 1.0.0 at ``/files/``: creation (with upload), checksum, expiration, termination,
concatenation. Never keeps more of a body in memory than is being written.

What clients do, so that it works with those that exist: docs/adr/0015. Source: tus.io/protocols,
resumable upload 1.0.0.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.problems import problem
from hub.api.requests import principal
from hub.errors import BadRequest, HubError, TooLarge
from hub.files.receiving import Checksum, Part
from hub.identity.principal import Principal
from hub.rooms.permissions import Action, require
from hub.storage.uploads import Upload
from hub.wire.filenames import file_name, media_type

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,expiration,termination,concatenation"
ALGORITHMS: Final = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
BODY_TYPE: Final = "application/offset+octet-stream"
MAX_METADATA: Final = 16 * 1024
MAX_SIZE: Final = 2**50
QUIET_S: Final = 1.0
SMALL_BYTES: Final = 2**20
"""Not more than a batch of any other upload."""

Handler = Callable[[Request], Awaitable[Response]]


class WrongVersion(BadRequest):
    code = "tus_version"
    title = "This hub speaks tus 1.0.0"
    http_status = 412


class WrongType(BadRequest):
    code = "tus_content_type"
    title = "The body must be application/offset+octet-stream"
    http_status = 415


class RequestBody:
    """The bytes of a request as they come; null where none came for a second, an empty part at
    the end, nothing more where the client went away."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._waiting: asyncio.Timeout | None = None
        self._interrupted = False

    def interrupt(self) -> None:
        self._interrupted = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def __aiter__(self) -> AsyncIterator[Part]:
        while True:
            if self._interrupted:
                self._interrupted = False
                yield None
            try:
                async with asyncio.timeout(QUIET_S) as self._waiting:
                    message = await self._receive()
            except TimeoutError:
                self._interrupted = True
                continue
            finally:
                self._waiting = None
            if message["type"] == "http.disconnect":
                return
            if part := message.get("body", b""):
                yield part
            if not message.get("more_body", False):
                yield b""
                return


def _tus(handler: Handler) -> Handler:
    """What holds for every answer."""

    async def answer(request: Request) -> Response:
        try:
            if request.headers.get("tus-resumable") != VERSION:
                raise WrongVersion
            response = await handler(request)
        except HubError as error:
            response = problem(error)
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        if response.status_code == 412:
            response.headers["Tus-Version"] = VERSION
        return response

    return answer


async def options(request: Request) -> Response:
    """What this end can do; asked by whoever is not signed in, too."""
    most = hub_of(request).uploads.bounds.file or MAX_SIZE
    headers = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(most),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


async def create(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    metadata = request.headers.get("upload-metadata", "")
    told = parse_metadata(metadata)
    name = file_name(told.get("filename", told.get("name", "")))
    type_ = media_type(told.get("filetype", told.get("type", "")))
    concat = request.headers.get("upload-concat", "")
    uploads = hub_of(request).uploads
    if concat.startswith("final;"):
        parts = [_name_of(url) for url in concat.removeprefix("final;").split()]
        thread = await _thread(request, who, told)
        joined = await uploads.join(who.uid, thread, parts, name, type_, metadata)
        return _created(joined)
    if concat not in ("", "partial"):
        raise BadRequest("Upload-Concat is partial or final;…", code="bad_upload_header")
    size = _number(request, "upload-length")
    if size > MAX_SIZE:
        raise TooLarge("No file is that large.", code="file_too_large")
    into = None if concat else await _thread(request, who, told)
    has_body = request.headers.get("content-type") == BODY_TYPE
    whole = request.headers.get("content-length") == str(size) and 0 < size <= SMALL_BYTES
    if has_body and whole and into is not None:
        data = await _whole(request, size)
        made = await uploads.take(
            who.uid, into, name, type_, metadata, data, _checksum(request)
        )  # fmt: skip
        return _created(made, {"Upload-Offset": str(made.received)})
    made = await uploads.begin(who.uid, into, size, name, type_, metadata)
    if has_body:
        made = await uploads.receive(
            who.uid, made.upload, 0, RequestBody(request), _checksum(request)
        )
        return _created(made, {"Upload-Offset": str(made.received)})
    return _created(made)


async def head(request: Request) -> Response:
    who = await principal(request)
    found = await hub_of(request).uploads.offset(who.uid, request.path_params["id"])
    headers = _headers(found)
    headers["Upload-Length"] = str(found.size)
    if found.parts is None or found.state == "done":
        headers["Upload-Offset"] = str(found.received)
    if found.metadata:
        headers["Upload-Metadata"] = found.metadata
    if found.partial:
        headers["Upload-Concat"] = "partial"
    elif found.parts is not None:
        headers["Upload-Concat"] = "final;" + " ".join(f"/files/{one}" for one in found.parts)
    return Response(status_code=200, headers=headers)


async def patch(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    if request.headers.get("content-type") != BODY_TYPE:
        raise WrongType
    offset = _number(request, "upload-offset")
    uploads, name = hub_of(request).uploads, request.path_params["id"]
    found = await uploads.find(who.uid, name)
    if found.thread is not None:  # who was removed sends nothing more
        await _require_writer(request, who, found.thread)
    stands = await uploads.receive(
        who.uid, name, offset, RequestBody(request), _checksum(request)
    )  # fmt: skip
    headers = {**_headers(stands), "Upload-Offset": str(stands.received)}
    return Response(status_code=204, headers=headers)


async def delete(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    await hub_of(request).uploads.terminate(who.uid, request.path_params["id"])
    return Response(status_code=204)


async def overridden(request: Request) -> Response:
    """Some networks let only GET and POST through."""
    handler = {"PATCH": patch, "DELETE": delete, "HEAD": head}.get(
        request.headers.get("x-http-method-override", "").upper()
    )
    if handler is None:
        raise BadRequest("POST goes to /files/.", code="bad_upload_header")
    return await handler(request)


def parse_metadata(header: str) -> dict[str, str]:
    """Keys and values of an Upload-Metadata header.

    Raises:
        BadRequest: ``bad_upload_header``.
    """
    if len(header) > MAX_METADATA:
        raise BadRequest("Upload-Metadata is too long.", code="bad_upload_header")
    told: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise BadRequest(
                f"The value of {key!r} in Upload-Metadata is no base64 of UTF-8.",
                code="bad_upload_header",
            ) from error
        if key in told or not re.fullmatch(r"[!-+\--~]+", key):
            raise BadRequest("Upload-Metadata names a key twice.", code="bad_upload_header")
        told[key] = text
    return told


async def _thread(request: Request, who: Principal, told: dict[str, str]) -> str:
    """Where the file goes; who asks may write there.

    Raises:
        BadRequest: ``thread_required``.
        HubError: of ``require``.
    """
    if not (thread := told.get("thread", "")):
        raise BadRequest("Upload-Metadata must name the thread.", code="thread_required")
    await _require_writer(request, who, thread)
    return thread


async def _require_writer(request: Request, who: Principal, thread: str) -> None:
    async with hub_of(request).rooms.hold(thread[:64]) as room:
        require(who, room.role(who.uid), Action.WRITE)


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,24}", text):
        raise BadRequest(f"{header.title()} must be a number.", code="bad_upload_header")
    return int(text)


def _checksum(request: Request) -> Checksum | None:
    """Raises:
    BadRequest: ``bad_checksum``.
    """
    if (header := request.headers.get("upload-checksum")) is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != ALGORITHMS.get(algorithm):
        raise BadRequest(
            f"Upload-Checksum is one of {', '.join(ALGORITHMS)} and base64.", code="bad_checksum"
        )
    return Checksum(algorithm, digest)


async def _whole(request: Request, size: int) -> bytes:
    """Raises:
    BadRequest: ``bad_upload_header``: it broke off.
    """
    parts = [part async for part in RequestBody(request) if part]
    data = b"".join(parts)
    if len(data) != size:
        raise BadRequest("Fewer bytes came than were announced.", code="bad_upload_header")
    return data


def _name_of(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]


def _created(upload: Upload, more: dict[str, Any] | None = None) -> Response:
    headers = {**_headers(upload), "Location": f"/files/{upload.upload}", **(more or {})}
    return Response(status_code=201, headers=headers)


def _headers(upload: Upload) -> dict[str, str]:
    if upload.state != "receiving":
        return {}
    return {"Upload-Expires": formatdate(upload.expires_at_ms / 1000, usegmt=True)}


def routes() -> list[BaseRoute]:
    return [
        Route("/files/", options, methods=["OPTIONS"]),
        Route("/files/", _tus(create), methods=["POST"]),
        Route("/files/{id}", options, methods=["OPTIONS"]),
        Route("/files/{id}", _tus(head), methods=["HEAD"]),
        Route("/files/{id}", _tus(patch), methods=["PATCH"]),
        Route("/files/{id}", _tus(delete), methods=["DELETE"]),
        Route("/files/{id}", _tus(overridden), methods=["POST"]),
    ]
