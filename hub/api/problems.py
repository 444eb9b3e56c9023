"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from hub.errors import HubError
from hub.wire.api import Problem

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


def problem(error: HubError) -> Response:
    """The answer that tells of an error."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = Problem(
        type="about:blank",
        title=error.title,
        status=error.http_status,
        detail=error.detail,
        code=error.code,
        retry_after_s=error.retry_after_s,
    )
    return _answer(body, headers)


async def on_hub_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    return problem(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What Starlette's router refuses."""
    assert isinstance(error, HTTPException)
    if error.status_code not in (404, 405):
        return _plain(error.status_code, "http_error", error.detail, error.headers)
    if methods := _methods(request):
        allowed = {"Allow": ", ".join(sorted(methods))}
        return _plain(405, "method_not_allowed", "Method Not Allowed", allowed)
    return _plain(404, "not_found", "Not Found", None)


async def on_failure(request: Request, error: Exception) -> Response:
    log.error("a request failed", path=_without_secret(request.url.path), exc_info=error)
    return problem(HubError("The hub failed at this; it has been noted.", code="internal"))


def _without_secret(path: str) -> str:
    """An address to follow a calendar is a secret."""
    return "/feeds/…" if path.startswith("/feeds/") else path


def _methods(request: Request) -> set[str]:
    """The methods this path takes. Starlette names those of the first matching route only, and
    the browser client's route matches everything."""
    found: set[str] = set()
    for route in request.app.routes:
        if not isinstance(route, Route) or route.path == "/{path:path}":
            continue
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return found


def _plain(status: int, code: str, title: str, headers: Mapping[str, str] | None) -> Response:
    body = Problem(type="about:blank", title=title, status=status, detail=title, code=code)
    return _answer(body, headers)


def _answer(body: Problem, headers: Mapping[str, str] | None) -> Response:
    return Response(
        _encode(body), body.status, dict(headers or {}), media_type="application/problem+json"
    )


Handler = Callable[[Request, Exception], Any]

HANDLERS: Mapping[Any, Handler] = {
    HubError: on_hub_error,
    HTTPException: on_http_exception,
    Exception: on_failure,
}
