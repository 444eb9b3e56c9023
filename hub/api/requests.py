"""Reading requests and writing answers: bodies with a cap, who asks, cookies, parameters."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response

from hub.api.hub import hub_of
from hub.errors import BadRequest, Forbidden, TooLarge, Unauthenticated
from hub.identity.principal import Principal
from hub.settings import Settings, is_loopback
from hub.wire.reading import refuse_nul

COOKIE = "hub_session"
DISCARD_S = 5.0
DISCARD_BYTES = 8 * 1024 * 1024
"""Of a body that is refused so much is read, for so long."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_PORTS = {"http": 80, "https": 443}  # which browsers leave out of an Origin

Body = TypeVar("Body", bound=msgspec.Struct)
_encode = msgspec.json.Encoder().encode


async def read_body(request: Request, type_: type[Body]) -> Body:
    """The JSON body.

    Raises:
        TooLarge: ``body_too_large``.
        BadRequest: ``bad_json``, ``bad_text``, or ``bad_body`` with the path of what is wrong.
    """
    body = await read_bytes(request, hub_of(request).settings.max_body_bytes)
    try:
        given = msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error), code="bad_body") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The body is no JSON, or nested too deep.", code="bad_json") from error
    if b"\\u0000" in body:
        refuse_nul(given)
    return given


async def read_bytes(request: Request, most: int, *, code: str = "body_too_large") -> bytes:
    """The body as it comes.

    Args:
        code: of what is too large.

    Raises:
        TooLarge: that.
        BadRequest: ``body_ended``: it ended early.
    """
    announced = request.headers.get("content-length", "")
    too_large = announced.isdecimal() and int(announced) > most
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(DISCARD_S if too_large else None) as deadline:
            # What is too large is read on for a while: a proxy that is still writing would take the
            # end of the connection for a fault of the hub, and say 502.
            async for chunk in request.stream():
                size += len(chunk)
                if size > most and not too_large:
                    too_large = True
                    deadline.reschedule(asyncio.get_running_loop().time() + DISCARD_S)
                if too_large:
                    parts.clear()
                    if size > most + DISCARD_BYTES:
                        break
                else:
                    parts.append(chunk)
    except TimeoutError:
        pass  # only what is too large has a deadline here
    except ClientDisconnect as error:
        raise BadRequest("The body ended early.", code="body_ended") from error
    if too_large:
        raise TooLarge("The body is too large.", code=code)
    return b"".join(parts)


def respond(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(_encode(body), status, media_type="application/json")


def no_content() -> Response:
    return Response(status_code=204)


async def principal(request: Request) -> Principal:
    """Who asks, by bearer token or cookie.

    Raises:
        Unauthenticated: nobody, or somebody whose right has ended.
        Forbidden: ``cross_site`` when another site's page sends the cookie along.
    """
    identity = hub_of(request).identity
    if (token := bearer(request)) is not None:
        return await identity.authenticate_token(token)
    secret = request.cookies.get(COOKIE)
    if secret is None:
        raise Unauthenticated("Sign in first.")
    if request.method not in SAFE_METHODS:
        require_same_origin(request)
    return await identity.authenticate_cookie(secret)


def bearer(connection: HTTPConnection) -> str | None:
    """The token of an ``Authorization`` header, of a request or an upgrade; null without one. What
    another scheme says is for the proxy before this hub."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def require_same_origin(request: Request) -> None:
    """Raises:
    Forbidden: ``cross_site``.
    """
    settings = hub_of(request).settings
    origin = request.headers.get("origin")
    if origin is None:
        if request.headers.get("sec-fetch-site") in ("same-origin", "none"):
            return
    elif is_own_origin(settings, origin, request.headers.get("host", "")):
        return
    raise Forbidden("This request comes from another site.", code="cross_site")


def is_own_origin(settings: Settings, origin: str, host: str) -> bool:
    """Whether an ``Origin`` is this hub's: of its public address, or, on this machine, whatever
    name of it the browser used."""
    try:
        parts = urlsplit(origin)
        public = urlsplit(settings.origin)
        if (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)) == (
            public.scheme, public.hostname, public.port or _PORTS.get(public.scheme)
        ):  # fmt: skip
            return True
        return parts.netloc == host and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def remote(request: Request) -> str:
    """Where the request comes from; behind a trusted proxy uvicorn has put the client here."""
    return request.client.host if request.client is not None else "?"


def set_session(response: Response, settings: Settings, secret: str) -> Response:
    response.set_cookie(
        COOKIE,
        secret,
        max_age=settings.session_days * 86400,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure,
    )
    return response


def clear_session(response: Response, settings: Settings) -> Response:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=settings.secure)
    return response


def int_param(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A number in the address, held within its bounds.

    Raises:
        BadRequest: ``bad_parameter``.
    """
    value = optional_int_param(request, name)
    return default if value is None else max(least, min(most, value))


def optional_int_param(request: Request, name: str) -> int | None:
    """Raises:
    BadRequest: ``bad_parameter``.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 53:
        raise BadRequest(f"{name} must be a number from 0.", code="bad_parameter")
    return value
