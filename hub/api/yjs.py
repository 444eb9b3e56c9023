"""``GET /yjs/{document_id}``: the plain y-websocket protocol, so that every Yjs editor can join.

Known by cookie and Origin, by an ``Authorization`` header, or by a ticket in the URL, which is the
only way a stock client has.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hub.api import metrics
from hub.api.hub import Hub, hub_of
from hub.api.sockets import Restarting, check_origin, close, drain, end_at_expiry, from_cookie
from hub.errors import BadRequest, HubError, TooLarge, Unauthenticated
from hub.identity.service import Principal
from hub.rooms import limits
from hub.rooms.outbox import Outbox
from hub.rooms.permissions import Action, may_write, require
from hub.rooms.yjs import YjsSession


class _GoneError(Exception):
    """The other side has left."""


async def yjs(websocket: WebSocket) -> None:
    hub = hub_of(websocket)
    document = websocket.path_params["document_id"]
    await websocket.accept()
    try:
        if hub.draining:
            raise Restarting()
        principal = await _sign_in(hub, websocket, document)
        info = await hub.rooms.library.info(document)
        async with hub.rooms.hold(info.thread) as room:
            require(principal, room.role(principal.uid), Action.READ)
            async with hub.rooms.library.using(info) as live:
                role = room.role(principal.uid)
                require(principal, role, Action.READ)
                scopes = principal.scopes
                editable = may_write(role) and (scopes is None or "write" in scopes)
                outbox = Outbox(hub.clock)
                session = YjsSession(
                    principal, live, "edit" if editable else "read", outbox, hub.connections
                )
                metrics.CONNECTIONS.inc()
                try:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(_send(websocket, outbox))
                        tasks.create_task(_receive(hub, websocket, session))
                        tasks.create_task(end_at_expiry(hub, session))
                except* (_GoneError, OSError):
                    pass
                finally:
                    metrics.CONNECTIONS.dec()
                    session.close()
    except HubError as error:
        await close(websocket, error)


async def _sign_in(hub: Hub, websocket: WebSocket, document: str) -> Principal:
    if (ticket := websocket.query_params.get("ticket")) is not None:
        return await hub.identity.principal_of(hub.tickets.verify(ticket, document))
    authorization = websocket.headers.get("authorization", "")
    if authorization.lower().startswith("bearer "):
        return await hub.identity.authenticate_token(authorization[7:].strip())
    check_origin(hub, websocket)
    if (principal := await from_cookie(hub, websocket)) is not None:
        return principal
    raise Unauthenticated("Bring a ticket.", code="ticket_required")


async def _send(websocket: WebSocket, outbox: Outbox) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await drain(websocket, outbox)
    raise _GoneError


async def _receive(hub: Hub, websocket: WebSocket, session: YjsSession) -> None:
    budget = limits.Budget(hub.clock)
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise _GoneError
            data = message.get("bytes")
            if data is None:
                raise BadRequest("Only binary messages are spoken here.", code="unknown_frame")
            if len(data) > hub.settings.max_document_bytes:
                raise TooLarge("The message is too large.", code="frame_too_large")
            await session.receive(data)
            await budget.spend(0.0002, len(data))
    except HubError as error:
        session.end(error)
        await asyncio.Event().wait()


def routes() -> list[BaseRoute]:
    return [WebSocketRoute("/yjs/{document_id}", yjs)]
