"""The built browser client: hashed assets kept for ever, everything else is its one page."""

from __future__ import annotations

import asyncio
import mimetypes
from email.utils import formatdate
from importlib import resources
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

FOLDER = Path(str(resources.files("hub").joinpath("static"))).resolve()
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# A path that begins so is an answer of the hub, never a page.
_NOT_PAGES = ("api", "yjs", "assets", "healthz", "readyz", "metrics", "live", "dav", "feeds")
# What the client is made of; the machine's own table may lack or misname some.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


async def client(request: Request) -> Response:
    path: str = request.path_params["path"]
    file = await asyncio.to_thread(_file, path) if path else None
    if file is None:
        if path.split("/", 1)[0] in _NOT_PAGES:
            raise HTTPException(404)
        file = await asyncio.to_thread(_file, "index.html")
    if file is None:
        return PlainTextResponse(
            "The browser client is not built. Run `make build` and start the hub again.\n", 503
        )
    return await asyncio.to_thread(_answer, request, file)


def _file(path: str) -> Path | None:
    """The file of a path, if it is one of ours."""
    file = (FOLDER / path).resolve()
    return file if file.is_relative_to(FOLDER) and file.is_file() else None


def _answer(request: Request, file: Path) -> Response:
    forever = file.relative_to(FOLDER).parts[0] == "assets"
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if forever else "no-cache",
        "Vary": "Accept-Encoding",
    }
    packed, encoding = file, ""
    accepted = _accepted(request.headers.get("accept-encoding", ""))
    for name, suffix in _ENCODINGS:
        candidate = file.with_name(file.name + suffix)
        if name in accepted and candidate.is_file():
            packed, encoding = candidate, name
            headers["Content-Encoding"] = name
            break
    stat = packed.stat()
    headers["ETag"] = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}{encoding and "-"}{encoding}"'
    headers["Last-Modified"] = formatdate(stat.st_mtime, usegmt=True)
    if _same(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    return FileResponse(
        packed,
        headers=headers,
        media_type=media_type or "application/octet-stream",
        stat_result=stat,
    )


def _accepted(header: str) -> set[str]:
    """The encodings of an Accept-Encoding header, without those of quality 0."""
    found = set()
    for part in header.lower().split(","):
        name, _, parameters = part.partition(";")
        quality = parameters.strip().removeprefix("q=")
        if quality.strip("0.") or not quality:
            found.add(name.strip())
    return found


def _same(if_none_match: str, etag: str) -> bool:
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", etag) for tag in tags)


def routes() -> list[BaseRoute]:
    return [Route("/{path:path}", client, methods=["GET"])]
