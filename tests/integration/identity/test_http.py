"""Signing in, accounts, links and tokens over HTTP, as a browser and as a program."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from hub.app import create_app
from hub.settings import Settings
from tests.conftest import TurnableClock

ORIGIN = "http://127.0.0.1:8480"
PASSWORD = "correct horse"


class Site:
    """A running hub without sockets, and browsers and programs to use it with."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self.hub = app.state.hub

    def browser(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=ORIGIN,
            headers={"Origin": ORIGIN, **headers},
        )

    def program(self, token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=ORIGIN,
            headers={"Authorization": f"Bearer {token}"},
        )

    async def owner(self) -> httpx.AsyncClient:
        link = await self.hub.identity.first_owner_link()
        return await self.join(link, "Ada")

    async def join(self, link: str, name: str) -> httpx.AsyncClient:
        browser = self.browser()
        body = {
            "secret": link.partition("#")[2],
            "password": PASSWORD,
            "display_name": name,
            "address": f"{name.lower()}@north.example",
        }
        answer = await browser.post("/api/links/accept", json=body)
        assert answer.status_code == 201, answer.text
        return browser

    async def colleague(self, owner: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
        created = await owner.post("/api/invitations", json={})
        return await self.join(created.json()["link"], name)


@pytest.fixture
async def site(database_url: str, clock: TurnableClock, tmp_path: Path) -> AsyncIterator[Site]:
    settings = Settings.from_environ({"HUB_DATABASE_URL": database_url}, data_dir=tmp_path)
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        yield Site(app)


async def refused(asking: Awaitable[httpx.Response], status: int) -> str:
    """The code of a problem document."""
    answer = await asking
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    return str(body["code"])


async def ok(asking: Awaitable[httpx.Response], status: int = 200) -> Any:
    answer = await asking
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


SIGN_IN = {"address": "ada@north.example", "password": PASSWORD}


async def test_sign_in_sets_a_cookie_no_script_can_read(site: Site) -> None:
    await site.owner()
    async with site.browser() as browser:
        answer = await browser.post("/api/session", json=SIGN_IN)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("hub_session=")
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= attributes
        assert "secure" not in attributes
        assert await ok(browser.get("/api/me")) == answer.json()
        assert (await ok(browser.get("/api/hub")))["needs_owner"] is False


async def test_sign_in_over_https_sets_a_secure_cookie(
    database_url: str, clock: TurnableClock, tmp_path: Path
) -> None:
    origin = "https://mail.north.example"
    environ = {"HUB_DATABASE_URL": database_url, "HUB_PUBLIC_URL": origin}
    settings = Settings.from_environ(environ, data_dir=tmp_path)
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        link = await app.state.hub.identity.first_owner_link()
        body = {"secret": link.partition("#")[2], "password": PASSWORD, "display_name": "Ada",
                "address": "ada@north.example"}  # fmt: skip
        async with Site(app).browser(Origin=origin) as browser:
            answer = await browser.post("/api/links/accept", json=body)
    assert "; Secure" in answer.headers["set-cookie"]


async def test_sign_out_ends_the_session_and_may_be_repeated(site: Site) -> None:
    browser = await site.owner()
    kept = browser.cookies["hub_session"]
    await ok(browser.delete("/api/session"), 204)
    assert "hub_session" not in browser.cookies
    assert await refused(browser.get("/api/me"), 401) == "unauthenticated"
    async with site.browser(Cookie=f"hub_session={kept}") as late:
        assert await refused(late.get("/api/me"), 401) == "session_ended"
        answer = await late.delete("/api/session")
        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["set-cookie"]
    async with site.browser() as nobody:
        assert await refused(nobody.delete("/api/session"), 401) == "unauthenticated"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
async def test_other_sites_cannot_act_with_the_cookie(site: Site, headers: dict[str, str]) -> None:
    browser = await site.owner()
    del browser.headers["Origin"]
    name = {"display_name": "Eve"}
    assert await refused(browser.patch("/api/me", json=name, headers=headers), 403) == "cross_site"
    signing_in = browser.post("/api/session", json=SIGN_IN, headers=headers)
    assert await refused(signing_in, 403) == "cross_site"
    assert (await ok(browser.get("/api/me", headers=headers)))["display_name"] == "Ada"


async def test_same_site_is_known_by_the_browsers_word(site: Site) -> None:
    browser = await site.owner()
    del browser.headers["Origin"]
    headers = {"Sec-Fetch-Site": "same-origin"}
    await ok(browser.patch("/api/me", json={"display_name": "Ada O."}, headers=headers))
    headers = {"Origin": "http://localhost:8480", "Host": "localhost:8480"}
    await ok(browser.patch("/api/me", json={"display_name": "Ada"}, headers=headers))


@pytest.mark.parametrize(
    ("body", "status", "code", "detail"),
    [
        (b"", 400, "bad_json", ""),
        (b"{", 400, "bad_json", ""),
        (b'{"address":"\xff","password":"b"}', 400, "bad_json", ""),
        (b"[]", 400, "bad_body", "object"),
        (b'{"address":1,"password":"x"}', 400, "bad_body", "$.address"),
        (b'{"address":"a@b.example"}', 400, "bad_body", "password"),
        (b'{"address":"a","password":"b","more":1}', 400, "bad_body", "more"),
        (b'{"address":"a\\u0000@b.example","password":"b"}', 400, "bad_text", "U+0000"),
        (b'{"address":"a\\ud800@b.example","password":"b"}', 400, "bad_json", ""),
        (b'{"address":"a","password":"' + b"x" * 300 + b'"}', 400, "bad_body", "$.password"),
        (b" " * (1024 * 1024 + 1), 413, "body_too_large", ""),
    ],
)
async def test_bad_bodies_are_explained(
    site: Site, body: bytes, status: int, code: str, detail: str
) -> None:
    async with site.browser() as browser:
        answer = await browser.post("/api/session", content=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code
    assert detail in answer.json()["detail"]


async def test_a_body_of_unknown_length_is_counted(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 65536

    async with site.browser() as browser:
        assert await refused(browser.post("/api/session", content=endless()), 413) == (
            "body_too_large"
        )


async def test_tries_are_limited_with_the_time_to_wait(site: Site) -> None:
    async with site.browser() as browser:
        wrong = {"address": "ada@north.example", "password": "wrong"}
        for _ in range(10):
            assert await refused(browser.post("/api/session", json=wrong), 401) == (
                "bad_credentials"
            )
        answer = await browser.post("/api/session", json=wrong)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "10"
    assert answer.json()["retry_after_s"] == 10


async def test_profile_password_and_sessions(site: Site, clock: TurnableClock) -> None:
    here = await site.owner()
    clock.advance(1)
    there = site.browser(**{"User-Agent": "Elsewhere/1"})
    await ok(there.post("/api/session", json=SIGN_IN))
    assert (await ok(here.patch("/api/me", json={"display_name": "Ada O."})))["display_name"] == (
        "Ada O."
    )
    listed = await ok(here.get("/api/sessions"))
    assert [one["current"] for one in listed] == [False, True]
    assert listed[0]["user_agent"] == "Elsewhere/1"
    await ok(here.delete(f"/api/sessions/{listed[0]['id']}"), 204)
    assert await refused(there.get("/api/me"), 401) == "session_ended"
    unknown = here.delete(f"/api/sessions/{listed[0]['id']}")
    assert await refused(unknown, 404) == "session_not_found"
    await ok(there.post("/api/session", json=SIGN_IN))
    change = {"old": PASSWORD, "new": "another horse"}
    await ok(here.post("/api/me/password", json=change), 204)
    assert await refused(there.get("/api/me"), 401) == "session_ended"
    assert await refused(here.post("/api/me/password", json=change), 403) == "bad_credentials"
    short = {"old": "another horse", "new": "short"}
    assert await refused(here.post("/api/me/password", json=short), 400) == "bad_body"
    await ok(here.get("/api/me"))


async def test_tokens_act_within_their_scopes(site: Site) -> None:
    owner = await site.owner()
    made = await ok(owner.post("/api/tokens", json={"name": "bot", "scopes": ["read"]}), 201)
    async with site.program(made["token"]) as program:
        assert (await ok(program.get("/api/me")))["session"] is None
        assert len(await ok(program.get("/api/accounts"))) == 1
        name = {"display_name": "Bot"}
        assert await refused(program.patch("/api/me", json=name), 403) == "missing_scope"
        change = {"old": PASSWORD, "new": "another horse"}
        changing = program.post("/api/me/password", json=change)
        assert await refused(changing, 403) == "missing_scope"
        new = {"name": "more", "scopes": ["read"]}
        assert await refused(program.post("/api/tokens", json=new), 403) == "token_cannot"
        assert await refused(program.post("/api/invitations", json={}), 403) == "missing_scope"
        me = await ok(program.get("/api/me"))
        disable = program.patch(f"/api/accounts/{me['uid']}", json={"disabled": True})
        assert await refused(disable, 403) == "missing_scope"
        assert [one["id"] for one in await ok(owner.get("/api/tokens"))] == [made["info"]["id"]]
        await ok(owner.delete(f"/api/tokens/{made['info']['id']}"), 204)
        assert await refused(program.get("/api/me"), 401) == "bad_token"
        answer = await program.get("/api/me")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_token_that_only_writes_reads_nothing(site: Site) -> None:
    owner = await site.owner()
    made = await ok(owner.post("/api/tokens", json={"name": "bot", "scopes": ["write"]}), 201)
    async with site.program(made["token"]) as program:
        for path in ("/api/sessions", "/api/tokens", "/api/accounts", "/api/invitations"):
            assert await refused(program.get(path), 403) == "missing_scope"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("Bearer", "bad_token"),
        ("Bearer ", "bad_token"),
        ("Bearer x y", "bad_token"),
        ("Basic YTpi", "unauthenticated"),  # what a proxy asked for
        ("", "unauthenticated"),
    ],
)
async def test_bad_authorization_is_refused(site: Site, authorization: str, code: str) -> None:
    async with site.browser(Authorization=authorization) as browser:
        assert await refused(browser.get("/api/me"), 401) == code


async def test_owner_invites_disables_and_resets(site: Site) -> None:
    owner = await site.owner()
    bound = await ok(
        owner.post("/api/invitations", json={"address": "Ben@north.example", "note": "Hi"}), 201
    )
    page, _, secret = bound["link"].partition("#")
    assert page == f"{ORIGIN}/welcome"
    async with site.browser() as nobody:
        info = await ok(nobody.post("/api/links/inspect", json={"secret": secret}))
        assert info["address"] == "ben@north.example"
        assert info["invited_by"] == "Ada"
        unknown = nobody.post("/api/links/inspect", json={"secret": "x" * 43})
        assert await refused(unknown, 404) == "link_unknown"
    ben = await site.join(bound["link"], "Ben")
    uid = (await ok(ben.get("/api/me")))["uid"]
    people = await ok(ben.get("/api/accounts"))
    assert [(one["display_name"], one["is_owner"]) for one in people] == [
        ("Ada", True),
        ("Ben", False),
    ]
    disable = {"disabled": True}
    mine = ben.patch(f"/api/accounts/{people[0]['uid']}", json=disable)
    assert await refused(mine, 403) == "not_hub_owner"
    last = owner.patch(f"/api/accounts/{people[0]['uid']}", json=disable)
    assert await refused(last, 409) == "last_owner"
    assert (await ok(owner.patch(f"/api/accounts/{uid}", json=disable)))["disabled"]
    assert await refused(ben.get("/api/me"), 401) == "session_ended"
    await ok(owner.patch(f"/api/accounts/{uid}", json={"disabled": False}))
    reset = await ok(owner.post(f"/api/accounts/{uid}/reset"), 201)
    body = {"secret": reset["link"].partition("#")[2], "password": "another horse"}
    assert (await ok(ben.post("/api/links/accept", json=body), 201))["uid"] == uid
    await ok(ben.get("/api/me"))
    assert await refused(ben.post("/api/links/accept", json=body), 409) == "link_used"


async def test_invitation_can_be_withdrawn(site: Site) -> None:
    owner = await site.owner()
    created = await ok(owner.post("/api/invitations", json={}), 201)
    listed = await ok(owner.get("/api/invitations"))
    assert [one["state"] for one in listed] == ["open"]
    assert "secret" not in json.dumps(listed)
    await ok(owner.delete(f"/api/invitations/{created['id']}"), 204)
    body = {"secret": created["link"].partition("#")[2]}
    assert await refused(owner.post("/api/links/inspect", json=body), 409) == "link_revoked"


async def test_invitation_into_a_thread_makes_a_member(site: Site) -> None:
    owner = await site.owner()
    thread = (await ok(owner.post("/api/threads", json={"subject": "Plan"}), 201))["summary"]
    new = {"thread": thread["thread"], "role": "reader"}
    created = await ok(owner.post("/api/invitations", json=new), 201)
    secret = created["link"].partition("#")[2]
    info = await ok(owner.post("/api/links/inspect", json={"secret": secret}))
    assert info["thread_subject"] == "Plan"
    ben = await site.join(created["link"], "Ben")
    inbox = await ok(ben.get("/api/threads"))
    assert [(one["thread"], one["role"]) for one in inbox] == [(thread["thread"], "reader")]


async def test_invitation_takes_somebody_with_an_account_into_the_thread(site: Site) -> None:
    owner = await site.owner()
    ben, eve = await site.colleague(owner, "Ben"), await site.colleague(owner, "Eve")
    me = {name: (await ok(one.get("/api/me"))) for name, one in (("ben", ben), ("eve", eve))}
    state = await ok(owner.post("/api/threads", json={"subject": "Plan"}), 201)
    thread = state["summary"]["thread"]
    members = f"/api/threads/{thread}/members"

    async def invite(**more: str) -> dict[str, str]:
        new = {"thread": thread, "role": "reader", **more}
        created = await ok(owner.post("/api/invitations", json=new), 201)
        return {"secret": created["link"].partition("#")[2]}

    link = await invite()
    async with site.browser() as nobody:
        assert await refused(nobody.post("/api/links/join", json=link), 401) == "unauthenticated"
    # Who made it, and is in, does not use it up; who is not joins, and may ask again.
    assert await ok(owner.post("/api/links/join", json=link)) == {"thread": thread}
    for _ in range(2):
        assert await ok(ben.post("/api/links/join", json=link)) == {"thread": thread}
    assert [one["role"] for one in await ok(ben.get("/api/threads"))] == ["reader"]
    assert await refused(eve.post("/api/links/join", json=link), 409) == "link_used"
    # Who was removed is not let in again by the link of before.
    await ok(owner.post(members, json={"uid": me["ben"]["uid"], "role": None}), 201)
    assert await refused(ben.post("/api/links/join", json=link), 403) == "invitation_void"
    assert await ok(ben.get("/api/threads")) == []

    bound = await invite(address=me["eve"]["addresses"][0])
    assert await refused(ben.post("/api/links/join", json=bound), 403) == "wrong_address"
    assert await ok(eve.post("/api/links/join", json=bound)) == {"thread": thread}

    reset = await ok(owner.post(f"/api/accounts/{me['ben']['uid']}/reset"), 201)
    other = {"secret": reset["link"].partition("#")[2]}
    assert await refused(ben.post("/api/links/join", json=other), 400) == "not_an_invitation"
    created = await ok(owner.post("/api/invitations", json={}), 201)
    only_hub = {"secret": created["link"].partition("#")[2]}
    assert await ok(ben.post("/api/links/join", json=only_hub)) == {"thread": None}


async def test_invitation_into_a_thread_needs_its_owner(site: Site) -> None:
    owner = await site.owner()
    ben = await site.colleague(owner, "Ben")
    thread = (await ok(owner.post("/api/threads", json={"subject": "Plan"}), 201))["summary"]
    new = {"thread": thread["thread"]}
    assert await refused(ben.post("/api/invitations", json=new), 404) == "thread_not_found"


async def test_invitation_of_somebody_removed_since_joins_the_hub_only(site: Site) -> None:
    owner = await site.owner()
    ben = await site.colleague(owner, "Ben")
    uid = (await ok(ben.get("/api/me")))["uid"]
    state = await ok(owner.post("/api/threads", json={"subject": "Plan", "members": [uid]}), 201)
    thread = state["summary"]["thread"]
    members = f"/api/threads/{thread}/members"
    await ok(owner.post(members, json={"uid": uid, "role": "owner"}), 201)
    created = await ok(ben.post("/api/invitations", json={"thread": thread}), 201)
    await ok(owner.post(members, json={"uid": uid, "role": "editor"}), 201)
    eve = await site.join(created["link"], "Eve")
    assert await ok(eve.get("/api/threads")) == []


@pytest.mark.parametrize("path", ["/api/sessions/%00", "/api/tokens/x%00y", "/api/invitations/%00"])
async def test_ids_with_nul_are_refused(site: Site, path: str) -> None:
    owner = await site.owner()
    assert await refused(owner.delete(path), 400) == "bad_path"
