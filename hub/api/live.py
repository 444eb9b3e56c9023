"""``GET /live``: one WebSocket for rooms, documents, presence and signals.

Browsers are known by their cookie and an exact Origin; programs send ``auth`` as their first
frame. What the frames mean is the business of ``hub.rooms.session``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import thread_time

import msgspec
import structlog
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hub.api import metrics
from hub.api.hub import Hub, hub_of
from hub.api.sockets import (
    Busy,
    Restarting,
    Silent,
    check_origin,
    close,
    drain,
    end_at_expiry,
    from_cookie,
)
from hub.errors import BadRequest, HubError, TooLarge, Unauthenticated
from hub.rooms import limits
from hub.rooms.outbox import Outbox
from hub.rooms.session import Session
from hub.wire.commands import AnyCommand, Auth

SUBPROTOCOL = "hub.live.v1"

log = structlog.get_logger()
_decode = msgspec.json.Decoder(AnyCommand).decode


async def live(websocket: WebSocket) -> None:
    hub = hub_of(websocket)
    outbox = Outbox(hub.clock)
    try:
        if SUBPROTOCOL not in websocket.scope.get("subprotocols", ()):
            raise BadRequest(f"Speak the subprotocol {SUBPROTOCOL}.", code="bad_subprotocol")
        if hub.draining:
            raise Restarting()
        check_origin(hub, websocket)
        browser = await from_cookie(hub, websocket)
    except HubError as error:
        # Accepted first: a refused upgrade tells a browser nothing of why.
        offered = SUBPROTOCOL in websocket.scope.get("subprotocols", ())
        await websocket.accept(subprotocol=SUBPROTOCOL if offered else None)
        await close(websocket, error)
        return
    await websocket.accept(subprotocol=SUBPROTOCOL)
    token = None
    try:
        token = None if browser else await _first_frame(hub, websocket)
        principal = browser or await hub.identity.authenticate_token(token or "")
    except HubError as error:
        await close(websocket, error)
        return
    except _GoneError:
        return
    session = Session(principal, outbox, hub.rooms, hub.connections, hub.bus, hub.clock)
    metrics.CONNECTIONS.inc()
    try:
        # Again, now that a revocation would find the connection.
        if token is None:
            await from_cookie(hub, websocket)
        else:
            await hub.identity.authenticate_token(token)
    except HubError as error:
        session.end(error)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_send(websocket, outbox, tasks))
            tasks.create_task(_receive(hub, websocket, session, is_browser=browser is not None))
            tasks.create_task(session.carry_out_writes())
            tasks.create_task(end_at_expiry(hub, session))
    except* _GoneError:
        pass
    except* OSError:
        pass
    finally:
        metrics.CONNECTIONS.dec()
        session.close()


class _GoneError(Exception):
    """The other side has left; ends the tasks of a connection."""


async def _send(websocket: WebSocket, outbox: Outbox, _: asyncio.TaskGroup) -> None:
    # The socket may close under our hands.
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await drain(websocket, outbox)
    raise _GoneError


async def _frames(websocket: WebSocket, silent_s: float | None) -> AsyncIterator[str | bytes]:
    while True:
        try:
            async with asyncio.timeout(silent_s):
                message = await websocket.receive()
        except TimeoutError:
            raise Silent() from None
        if message["type"] == "websocket.disconnect":
            raise _GoneError
        yield message["text"] if message.get("text") is not None else message["bytes"]


async def _receive(hub: Hub, websocket: WebSocket, session: Session, *, is_browser: bool) -> None:
    budget = limits.Budget(hub.clock)
    try:
        async for frame in _frames(websocket, limits.SILENT_S if is_browser else None):
            started = thread_time()
            if len(frame) > hub.settings.max_frame_bytes:
                raise TooLarge("The frame is too large.", code="frame_too_large")
            if isinstance(frame, bytes):
                metrics.FRAMES.labels("binary").inc()
                await session.receive_binary(frame)
            else:
                metrics.FRAMES.labels("text").inc()
                if not await _fresh_token(hub, session, frame):
                    await session.receive_text(frame)
            # The wait of a command for the disk is no work; other tasks' work in it is bounded.
            await budget.spend(min(thread_time() - started, 0.005), len(frame))
    except HubError as error:
        session.end(error)
        await asyncio.Event().wait()  # the sender says so, and ends us
    except _GoneError:
        raise
    except Exception:
        log.exception("a connection failed")
        session.end(HubError("The hub failed at this.", code="internal"))
        await asyncio.Event().wait()


async def _fresh_token(hub: Hub, session: Session, frame: str) -> bool:
    """A program may bring a fresh token for the same user in the middle of the session."""
    if '"auth"' not in frame:
        return False
    try:
        command = _decode(frame)
    except msgspec.DecodeError:
        return False
    if not isinstance(command, Auth):
        return False
    principal = await hub.identity.authenticate_token(command.token)
    if principal.uid != session.uid:
        raise Unauthenticated("The token is another user's.", code="bad_token")
    session.principal = principal
    session.reply(command.id)
    return True


async def _first_frame(hub: Hub, websocket: WebSocket) -> str:
    """The token a program brings.

    Raises:
        Unauthenticated: no ``auth`` within 5 s and 64 KiB.
        Busy: too many others have not said who they are either.
    """
    if hub.unknown_sockets >= limits.MAX_UNKNOWN_SOCKETS:
        raise Busy()
    hub.unknown_sockets += 1
    try:
        async with asyncio.timeout(limits.AUTH_S):
            message = await websocket.receive()
    except TimeoutError:
        raise Unauthenticated("No token came in time.", code="auth_timeout") from None
    finally:
        hub.unknown_sockets -= 1
    if message["type"] == "websocket.disconnect":
        raise _GoneError
    text = message.get("text")
    if text is None or len(text) > limits.AUTH_BYTES:
        raise Unauthenticated("The first frame must be auth.", code="auth_required")
    try:
        command = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unauthenticated("The first frame must be auth.", code="auth_required") from None
    if not isinstance(command, Auth):
        raise Unauthenticated("The first frame must be auth.", code="auth_required")
    return command.token


def routes() -> list[BaseRoute]:
    return [WebSocketRoute("/live", live)]
