"""``GET /yjs/{document_id}``: the plain y-websocket protocol, so that every Yjs editor can join.

Known by cookie and Origin, by an ``Authorization`` header, or by a ticket in the URL, which is the
only way a stock client has.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import ExitStack
from functools import partial

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from hub.api.hub import Hub, hub_of
from hub.api.requests import bearer
from hub.api.sockets import Conversation, Restarting, close, from_browser
from hub.errors import BadRequest, HubError, Unauthenticated
from hub.identity.service import Principal
from hub.rooms import limits
from hub.rooms.documents import LiveDocument
from hub.rooms.permissions import Action, require
from hub.rooms.room import Room
from hub.rooms.yjs import YjsSession


async def yjs(websocket: WebSocket) -> None:
    hub = hub_of(websocket)
    document = websocket.path_params["document_id"]
    conversation = Conversation(hub, websocket)
    conversation.socket.limit(limits.AUTH_BYTES)
    await websocket.accept()
    try:
        if hub.draining:
            raise Restarting()
        principal = await _sign_in(hub, websocket, document)
        info = await hub.library.info(document)
        with ExitStack() as stack:
            room = await hub.rooms.take(info.thread)
            stack.callback(hub.rooms.give_back, room)
            require(principal, room.role(principal.uid), Action.READ)
            live = await hub.library.take(info)
            stack.callback(hub.library.give_back, live)
            role = room.role(principal.uid)
            require(principal, role, Action.READ)
            conversation.socket.limit(hub.settings.max_document_bytes)
            session = YjsSession(principal, live, role, conversation.outbox, hub.connections)
            stack.callback(session.close)
            # Again, now that a revocation would find the connection.
            await _sign_in(hub, websocket, document)
            stack.pop_all()  # from here on they are the conversation's
        leave = partial(_leave, hub, room, live, session)
        conversation.begin(session, partial(_take, session), leave)
    except HubError as error:
        conversation.stop()
        await close(websocket, error)


def _leave(hub: Hub, room: Room, live: LiveDocument, session: YjsSession) -> None:
    try:
        session.close()
    finally:
        hub.library.give_back(live)
        hub.rooms.give_back(room)


def _take(session: YjsSession, frame: str | bytes) -> Awaitable[float | None] | None:
    if isinstance(frame, str):
        raise BadRequest("Only binary messages are spoken here.", code="unknown_frame")
    return session.receive(frame)


async def _sign_in(hub: Hub, websocket: WebSocket, document: str) -> Principal:
    if (given := websocket.query_params.get("ticket")) is not None:
        ticket = hub.tickets.verify(given, document)
        scopes = frozenset(ticket.scopes)
        return await hub.identity.principal_behind(ticket.session, ticket.token, scopes)
    if (token := bearer(websocket)) is not None:
        return await hub.identity.authenticate_token(token)
    if (principal := await from_browser(hub, websocket)) is not None:
        return principal
    raise Unauthenticated("Bring a ticket.", code="ticket_required")


def routes() -> list[BaseRoute]:
    return [WebSocketRoute("/yjs/{document_id}", yjs)]
