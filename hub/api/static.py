"""The built browser client: hashed assets kept for ever, everything else is its one page."""

from __future__ import annotations

import mimetypes
from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from hub.errors import NotFound

FOLDER = Path(str(resources.files("hub").joinpath("static"))).resolve()
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# A path below these is an answer of the hub, never a page.
_NOT_PAGES = ("api/", "yjs/", "assets/", "healthz", "readyz", "metrics", "live")


async def client(request: Request) -> Response:
    path = request.path_params["path"]
    if path and (file := _file(path)) is not None:
        return _send(request, file)
    if path.startswith(_NOT_PAGES):
        raise NotFound("There is nothing here.")
    index = _file("index.html")
    if index is None:
        return PlainTextResponse(
            "The browser client is not built. Run `make build` and start the hub again.\n", 503
        )
    return _send(request, index)


def _file(path: str) -> Path | None:
    """The file of a path, if it is one of ours."""
    file = (FOLDER / path).resolve()
    return file if file.is_relative_to(FOLDER) and file.is_file() else None


def _send(request: Request, file: Path) -> Response:
    forever = "assets" in file.relative_to(FOLDER).parts
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if forever else "no-cache",
        "Vary": "Accept-Encoding",
    }
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    accepted = request.headers.get("accept-encoding", "")
    for name, suffix in _ENCODINGS:
        packed = file.with_name(file.name + suffix)
        if name in accepted and packed.is_file():
            headers["Content-Encoding"] = name
            return FileResponse(packed, headers=headers, media_type=media_type)
    return FileResponse(file, headers=headers, media_type=media_type)


def routes() -> list[BaseRoute]:
    return [Route("/{path:path}", client, methods=["GET"])]
