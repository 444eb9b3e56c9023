"""Signing in and out, one's own profile, sessions and tokens."""

from __future__ import annotations

import contextlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.api.hub import hub_of
from hub.api.requests import (
    COOKIE,
    clear_session,
    no_content,
    principal,
    read_body,
    remote,
    require_same_origin,
    respond,
    set_session,
)
from hub.errors import NotFound, Unauthenticated
from hub.wire import api


async def sign_in(request: Request) -> Response:
    require_same_origin(request)
    hub = hub_of(request)
    given = await read_body(request, api.SignIn)
    agent = request.headers.get("user-agent", "")
    me, secret = await hub.identity.sign_in(given, agent, remote(request))
    return set_session(respond(me), hub.settings, secret)


async def sign_out(request: Request) -> Response:
    hub = hub_of(request)
    try:
        who = await principal(request)
    except Unauthenticated:
        if COOKIE not in request.cookies:
            raise
        # Ended already, which is what was asked for; the cookie goes as well.
        return clear_session(no_content(), hub.settings)
    if who.session_id is not None:
        with contextlib.suppress(NotFound):  # another tab was faster
            await hub.identity.end_session(who.uid, who.session_id)
    return clear_session(no_content(), hub.settings)


async def get_me(request: Request) -> Response:
    return respond(await hub_of(request).identity.me(await principal(request)))


async def patch_me(request: Request) -> Response:
    who = await principal(request)
    who.require("write")
    patch = await read_body(request, api.PatchMe)
    return respond(await hub_of(request).identity.change_me(who, patch))


async def change_password(request: Request) -> Response:
    who = await principal(request)
    who.require("admin")
    await hub_of(request).identity.change_password(
        who, await read_body(request, api.ChangePassword)
    )
    return no_content()


async def list_sessions(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await hub_of(request).identity.sessions(who))


async def end_session(request: Request) -> Response:
    who = await principal(request)
    who.require("admin")
    await hub_of(request).identity.end_session(who.uid, request.path_params["id"])
    return no_content()


async def list_tokens(request: Request) -> Response:
    who = await principal(request)
    who.require("read")
    return respond(await hub_of(request).identity.tokens(who))


async def create_token(request: Request) -> Response:
    who = await principal(request)
    new = await read_body(request, api.NewToken)
    return respond(await hub_of(request).identity.create_token(who, new), 201)


async def revoke_token(request: Request) -> Response:
    who = await principal(request)
    await hub_of(request).identity.revoke_token(who, request.path_params["id"])
    return no_content()


def routes() -> list[BaseRoute]:
    return [
        Route("/api/session", sign_in, methods=["POST"]),
        Route("/api/session", sign_out, methods=["DELETE"]),
        Route("/api/me", get_me, methods=["GET"]),
        Route("/api/me", patch_me, methods=["PATCH"]),
        Route("/api/me/password", change_password, methods=["POST"]),
        Route("/api/sessions", list_sessions, methods=["GET"]),
        Route("/api/sessions/{id}", end_session, methods=["DELETE"]),
        Route("/api/tokens", list_tokens, methods=["GET"]),
        Route("/api/tokens", create_token, methods=["POST"]),
        Route("/api/tokens/{id}", revoke_token, methods=["DELETE"]),
    ]
