"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import HubError
from hub.wire.api import Problem

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


def problem(error: HubError) -> Response:
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
    return Response(
        _encode(body), error.http_status, headers, media_type="application/problem+json"
    )


async def on_hub_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    return problem(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = HubError(error.detail, code=_CODES.get(error.status_code, "http_error"))
    body = Problem(
        type="about:blank",
        title=error.detail,
        status=error.status_code,
        detail=error.detail,
        code=known.code,
    )
    headers = dict(error.headers or {})
    return Response(
        _encode(body), error.status_code, headers, media_type="application/problem+json"
    )


async def on_failure(request: Request, error: Exception) -> Response:
    log.error("a request failed", path=request.url.path, exc_info=error)
    return problem(HubError("The hub failed at this; it has been noted.", code="internal"))


_CODES = {404: "not_found", 405: "method_not_allowed"}

Handler = Callable[[Request, Exception], Any]

HANDLERS: Mapping[Any, Handler] = {
    HubError: on_hub_error,
    HTTPException: on_http_exception,
    Exception: on_failure,
}
