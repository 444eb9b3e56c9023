"""People of the hub, invitations, one-time links."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

import hub as package
from hub.api.hub import Hub, hub_of
from hub.api.requests import (
    COOKIE,
    no_content,
    principal,
    read_body,
    remote,
    require_same_origin,
    respond,
    set_session,
)
from hub.errors import Forbidden, HubError, Unauthenticated, Unavailable
from hub.rooms.permissions import Action, require
from hub.wire import api
from hub.wire.commands import SetMember

log = structlog.get_logger()


async def get_hub(request: Request) -> Response:
    hub = hub_of(request)
    info = api.HubInfo(
        name=hub.settings.hub_name,
        needs_owner=await hub.identity.needs_owner(),
        version=package.__version__,
    )
    if COOKIE in request.cookies:
        try:
            info.me = await hub.identity.me(await principal(request))
        except Unauthenticated:
            info.session_ended = True
    return respond(info)


async def list_accounts(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await hub_of(request).identity.accounts())


async def patch_account(request: Request) -> Response:
    who = await principal(request)
    patch = await read_body(request, api.PatchAccount)
    uid = request.path_params["uid"]
    return respond(await hub_of(request).identity.set_disabled(who, uid, patch.disabled))


async def reset_account(request: Request) -> Response:
    who = await principal(request)
    link = await hub_of(request).identity.reset_link(who, request.path_params["uid"])
    return respond(link, 201)


async def list_invitations(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await hub_of(request).identity.invitations(who))


async def create_invitation(request: Request) -> Response:
    hub = hub_of(request)
    who = await principal(request)
    new = await read_body(request, api.NewInvitation)
    if new.thread is not None:
        async with hub.rooms.hold(new.thread) as room:
            require(who, room.role(who.uid), Action.OWN)
    return respond(await hub.identity.invite(who, new), 201)


async def revoke_invitation(request: Request) -> Response:
    who = await principal(request)
    await hub_of(request).identity.revoke_invitation(who, request.path_params["id"])
    return no_content()


async def inspect_link(request: Request) -> Response:
    given = await read_body(request, api.InspectLink)
    return respond(await hub_of(request).identity.inspect_link(given.secret, remote(request)))


async def accept_link(request: Request) -> Response:
    require_same_origin(request)
    hub = hub_of(request)
    given = await read_body(request, api.AcceptLink)
    agent = request.headers.get("user-agent", "")
    me, secret, link = await hub.identity.accept_link(given, agent, remote(request))
    try:
        entered = await _enter_thread(hub, link, me.uid)
    except Unavailable:
        entered = None  # the account is made; its inviter can add it
    accepted = api.LinkAccepted(**msgspec.structs.asdict(me), thread=entered)
    return set_session(respond(accepted, 201), hub.settings, secret)


async def join_link(request: Request) -> Response:
    hub = hub_of(request)
    who = await principal(request)
    who.require("write")
    given = await read_body(request, api.JoinLink)
    link = await hub.identity.invitation(who, given.secret, remote(request))
    thread = link["thread_id"]
    # Who is in already leaves it to others: the link may be theirs.
    if thread is not None and not await _is_member(hub, thread, who.uid):
        await hub.identity.use_invitation(who, given.secret)
        if await _enter_thread(hub, link, who.uid) is None:
            raise Forbidden(
                "Whoever invited you can no longer let people into the thread.",
                code="invitation_void",
            )
    return respond(api.Joined(thread))


async def _is_member(hub: Hub, thread: str, uid: str) -> bool:
    async with hub.rooms.hold(thread) as room:
        return room.role(uid) is not None


async def _enter_thread(hub: Hub, link: Any, uid: str) -> str | None:
    """Into the thread the invitation names, if who invited may still let people in; returns it."""
    thread: str | None = link["thread_id"]
    if thread is None:
        return None
    try:
        await hub.door.write(
            await hub.identity.principal_of(link["created_by"]),
            SetMember(
                thread=thread,
                send_id=f"invited.{link['id']}",
                uid=uid,
                role=link["role"],
            ),
        )
    except Unavailable:
        raise  # not now: the same link can be used again
    except HubError as error:
        log.info("an invitation no longer opens its thread", link=link["id"], reason=error.code)
        return None
    # Who was removed since is not let in again by the same link.
    return thread if await _is_member(hub, thread, uid) else None


def routes() -> list[BaseRoute]:
    return [
        Route("/api/hub", get_hub, methods=["GET"]),
        Route("/api/accounts", list_accounts, methods=["GET"]),
        Route("/api/accounts/{uid}", patch_account, methods=["PATCH"]),
        Route("/api/accounts/{uid}/reset", reset_account, methods=["POST"]),
        Route("/api/invitations", list_invitations, methods=["GET"]),
        Route("/api/invitations", create_invitation, methods=["POST"]),
        Route("/api/invitations/{id}", revoke_invitation, methods=["DELETE"]),
        Route("/api/links/inspect", inspect_link, methods=["POST"]),
        Route("/api/links/accept", accept_link, methods=["POST"]),
        Route("/api/links/join", join_link, methods=["POST"]),
    ]
