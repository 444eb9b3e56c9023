"""What holds for every answer: which Host is ours, what a page may load and who may embed it,
and that even a failure says so in the same way."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.problems import on_failure, problem
from hub.errors import BadRequest, HubError
from hub.settings import is_loopback

# Asked by machines that know the hub by whatever address it has inside.
_ANY_HOST = ("/healthz", "/readyz", "/metrics")
# It goes into a policy below, so nothing that means something there.
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


@lru_cache(maxsize=16)
def policy(socket_origin: str) -> str:
    """The Content-Security-Policy of pages.

    Args:
        socket_origin: ``ws://…`` or ``wss://…``; not every browser finds it in ``'self'``.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            # Editors place carets and widths by attribute; blocks of style stay forbidden.
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data: blob: https:",
            "font-src 'self'",
            f"connect-src 'self' {socket_origin}".rstrip(),
            "media-src 'self' blob:",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Adds the headers; a route's own policy (of an export) stays.

    Args:
        secure: whether browsers come by https. Without it a hub is for this machine only, and so
            are the names it answers to: a page elsewhere cannot reach it by a name of its own.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        api = scope["path"].startswith("/api/")
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", policy(self._socket_origin(scope)))
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                if self._secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if api:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, receive, send_with_headers)
        except HubError as error:
            await problem(error)(scope, receive, send_with_headers)
        except Exception as error:
            if started:
                raise
            # Starlette's own handler of last resort stands outside and would send no header.
            answer = await on_failure(Request(scope), error)
            await answer(scope, receive, send_with_headers)

    def _check(self, scope: Scope) -> None:
        """Raises:
        BadRequest: ``wrong_host``, ``bad_path``.
        """
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            raise BadRequest("The address holds the character U+0000.", code="bad_path")
        # Behind a proxy the Host may be any inner name; it is the proxy that knows the outer one.
        if self._secure or scope["path"] in _ANY_HOST:
            return
        if not is_loopback(_name(_host(scope))):
            raise BadRequest(
                f"This hub answers at {_public_url(scope)} only.",
                code="wrong_host",
            )

    def _socket_origin(self, scope: Scope) -> str:
        if self._secure:
            return f"wss://{urlsplit(_public_url(scope)).netloc}"
        host = _host(scope)
        return f"ws://{host}" if is_loopback(_name(host)) else ""


def _host(scope: Scope) -> str:
    return Headers(scope=scope).get("host", "")


def _name(host: str) -> str:
    """The name in a Host header, or nothing when it is malformed."""
    if not _HOST.fullmatch(host):
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _public_url(scope: Scope) -> str:
    url: str = scope["app"].state.hub.settings.public_url
    return url
