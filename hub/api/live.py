"""``GET /live``: one WebSocket for rooms, documents, presence and signals.

Browsers are known by their cookie and an exact Origin, programs by an ``Authorization`` header or
by ``auth`` as their first frame. What the frames mean is the business of ``hub.rooms.session``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial

import msgspec
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from hub import figures
from hub.api.hub import Hub, hub_of
from hub.api.requests import bearer
from hub.api.sockets import (
    Busy,
    Conversation,
    GoneError,
    Restarting,
    close,
    from_browser,
)
from hub.errors import BadRequest, HubError, TooLarge, Unauthenticated
from hub.rooms import limits
from hub.rooms.session import Session
from hub.wire.commands import AnyCommand, Auth

SUBPROTOCOL = "hub.live.v1"

TEXT = figures.FRAMES.labels("text")
BINARY = figures.FRAMES.labels("binary")

_decode = msgspec.json.Decoder(AnyCommand).decode


async def live(websocket: WebSocket) -> None:
    hub = hub_of(websocket)
    conversation = Conversation(hub, websocket)
    conversation.socket.limit(limits.AUTH_BYTES)
    try:
        if SUBPROTOCOL not in websocket.scope.get("subprotocols", ()):
            raise BadRequest(f"Speak the subprotocol {SUBPROTOCOL}.", code="bad_subprotocol")
        if hub.draining:
            raise Restarting()
        # A token comes first at every door: whoever sends one is no browser.
        token = bearer(websocket)
        browser = None if token is not None else await from_browser(hub, websocket)
    except HubError as error:
        # Accepted first: a refused upgrade tells a browser nothing of why.
        offered = SUBPROTOCOL in websocket.scope.get("subprotocols", ())
        await websocket.accept(subprotocol=SUBPROTOCOL if offered else None)
        await close(websocket, error)
        return
    await websocket.accept(subprotocol=SUBPROTOCOL)
    auth = None
    try:
        if browser is None and token is None:
            auth = await _first_frame(hub, conversation)
            token = auth.token
        principal = browser or await hub.identity.authenticate_token(token or "")
    except HubError as error:
        await close(websocket, error)
        return
    except GoneError:
        return
    conversation.socket.limit(2 * hub.settings.max_frame_bytes)  # so that we can say what is wrong
    session = Session(principal, conversation.outbox, hub.services)
    try:
        await session.listen()
        # Again, now that a revocation would find the connection.
        if token is None:
            await from_browser(hub, websocket)
        else:
            await hub.identity.authenticate_token(token)
        if auth is not None:
            session.reply(auth.id)
    except HubError as error:
        session.end(error)
    except BaseException:
        _leave(session)
        raise
    conversation.silent_s = limits.SILENT_S if browser else None
    conversation.begin(session, partial(_take, hub, session), partial(_leave, session))


def _leave(session: Session) -> None:
    session.close()


def _take(hub: Hub, session: Session, frame: str | bytes) -> Awaitable[float | None] | None:
    if len(frame) > hub.settings.max_frame_bytes:
        raise TooLarge("The frame is too large.", code="frame_too_large")
    if isinstance(frame, bytes):
        BINARY.inc()
        return session.receive_binary(frame)
    TEXT.inc()
    if '"auth"' in frame and (command := _auth(frame)) is not None:
        return _fresh_token(hub, session, command)
    return session.receive_text(frame)


def _auth(frame: str | bytes) -> Auth | None:
    try:
        command = _decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return command if isinstance(command, Auth) else None


async def _fresh_token(hub: Hub, session: Session, command: Auth) -> None:
    """A program may bring a fresh token for the same user in the middle of the session."""
    principal = await hub.identity.authenticate_token(command.token)
    if principal.uid != session.uid:
        raise Unauthenticated("The token is another user's.", code="bad_token")
    session.principal = principal
    # Again, now that a revocation would find the connection.
    await hub.identity.authenticate_token(command.token)
    session.reply(command.id)


async def _first_frame(hub: Hub, conversation: Conversation) -> Auth:
    """What a program without an ``Authorization`` header says first.

    Raises:
        Unauthenticated: no ``auth`` within 5 s (and 64 KiB: the socket refuses longer frames).
        Busy: too many others have not said who they are either.
        GoneError: the peer left.
    """
    if hub.unknown_sockets >= limits.MAX_UNKNOWN_SOCKETS:
        raise Busy()
    hub.unknown_sockets += 1
    try:
        async with asyncio.timeout(limits.AUTH_S):
            frame = await conversation.first()
    except TimeoutError:
        raise Unauthenticated("No token came in time.", code="auth_timeout") from None
    finally:
        hub.unknown_sockets -= 1
    command = _auth(frame) if isinstance(frame, str) else None
    if command is None:
        raise Unauthenticated("The first frame must be auth.", code="auth_required")
    return command


def routes() -> list[BaseRoute]:
    return [WebSocketRoute("/live", live)]
