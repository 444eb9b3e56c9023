"""What every WebSocket endpoint does: check the origin, sign in, send the outbox, close well.

Close codes: docs/protocol.md. 4400 to 4499 mean "do not retry".
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hub.api.hub import Hub
from hub.api.requests import COOKIE, is_own_origin
from hub.errors import Forbidden, HubError, Unavailable
from hub.identity.service import Principal
from hub.rooms.connections import Connection
from hub.rooms.outbox import Outbox

CLOSE_S = 5.0
LOOK_S = 60.0


class TokenExpired(HubError):
    code = "token_expired"
    http_status = 401
    close_code = 4501
    title = "The token or session has expired; bring a fresh one"


class Busy(Unavailable):
    code = "busy"
    title = "Too many are connecting at once; try again in a moment"


class Silent(HubError):
    code = "silent"
    http_status = 408
    close_code = 4508
    title = "Nothing was heard from you"


class Restarting(Unavailable):
    code = "restarting"
    close_code = 1012
    title = "The hub is restarting"


def check_origin(hub: Hub, websocket: WebSocket) -> None:
    """A browser says where the page came from; only this hub's own pages may connect.

    Raises:
        Forbidden: ``cross_site``.
    """
    origin = websocket.headers.get("origin")
    if origin is None:
        return
    if is_own_origin(hub.settings, origin, websocket.headers.get("host", "")):
        return
    raise Forbidden("This page is not of this hub.", code="cross_site")


async def from_cookie(hub: Hub, websocket: WebSocket) -> Principal | None:
    """The signed-in browser, or null when there is no cookie.

    Raises:
        Forbidden: ``cross_site`` for a cookie without this hub's Origin.
        Unauthenticated: the session has ended.
    """
    secret = websocket.cookies.get(COOKIE)
    if secret is None:
        return None
    if websocket.headers.get("origin") is None:
        raise Forbidden("A browser must say its origin.", code="cross_site")
    return await hub.identity.authenticate_cookie(secret)


async def drain(websocket: WebSocket, outbox: Outbox) -> None:
    """Send the outbox until it ends, then close with its reason."""
    while (frame := await outbox.take()) is not None:
        if isinstance(frame, str):
            await websocket.send({"type": "websocket.send", "text": frame})
        else:
            await websocket.send({"type": "websocket.send", "bytes": frame})
        outbox.sent()
    if outbox.ended is not None:
        await close(websocket, outbox.ended)


async def close(websocket: WebSocket, reason: HubError) -> None:
    """Close with the reason's code; never longer than 5 s."""
    if websocket.application_state is WebSocketState.DISCONNECTED:
        return
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError, OSError):
        async with asyncio.timeout(CLOSE_S):
            await websocket.close(code=reason.close_code, reason=reason.code)


async def end_at_expiry(hub: Hub, connection: Connection) -> None:
    """End the connection when its token or session does; a fresh one moves the end."""
    while True:
        expires_at_ms = connection.principal.expires_at_ms
        left_ms = LOOK_S * 1000 if expires_at_ms is None else expires_at_ms - hub.clock.now_ms()
        if left_ms <= 0:
            connection.end(TokenExpired())
            return
        await asyncio.sleep(min(left_ms / 1000, LOOK_S))
