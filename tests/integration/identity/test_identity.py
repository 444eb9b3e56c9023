"""Identity on the real database: who gets in, what ends it, and what happens at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from argon2 import PasswordHasher

from hub.errors import Conflict, Forbidden, HubError, NotFound, RateLimited, Unauthenticated
from hub.identity.passwords import Passwords
from hub.identity.principal import Principal
from hub.identity.service import Identity
from hub.settings import Settings
from hub.storage.pool import Database
from hub.wire import api
from tests.conftest import TurnableClock

PASSWORD = "correct horse"
DAY_S = 86_400


class Hub:
    """An identity service with an owner, and a list of what it said had ended."""

    def __init__(self, database: Database, clock: TurnableClock) -> None:
        self.database = database
        self.clock = clock
        self.revoked: list[tuple[str, str]] = []
        self.identity = self.another()

    def another(self) -> Identity:
        """As in a second process on the same database."""
        made = Identity(
            self.database,
            self.clock,
            Settings.from_environ({}),
            on_revoked=lambda kind, id_: self.revoked.append((kind, id_)),
        )
        made._passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        return made

    async def first_owner(self) -> Principal:
        link = await self.identity.first_owner_link()
        assert link is not None
        return await self.join(secret_of(link), "Ada", "ada@north.example")

    async def colleague(self, owner: Principal, name: str = "Ben") -> Principal:
        link = await self.identity.invite(owner, api.NewInvitation())
        return await self.join(secret_of(link.link), name, f"{name.lower()}@north.example")

    async def join(self, secret: str, name: str, address: str) -> Principal:
        _, cookie, _ = await self.identity.accept_link(accept(secret, name, address), "test", "r")
        return await self.identity.authenticate_cookie(cookie)

    async def sign_in(
        self, address: str, password: str = PASSWORD, remote: str = "192.0.2.1"
    ) -> tuple[Principal, str]:
        _, cookie = await self.identity.sign_in(api.SignIn(address, password), "test", remote)
        return await self.identity.authenticate_cookie(cookie), cookie


@pytest.fixture
def hub(database: Database, clock: TurnableClock) -> Hub:
    return Hub(database, clock)


def secret_of(link: str) -> str:
    page, _, secret = link.partition("#")
    assert page == "http://127.0.0.1:8480/welcome"
    return secret


def accept(secret: str, name: str | None = "Ada", address: str | None = None) -> api.AcceptLink:
    return api.AcceptLink(secret=secret, password=PASSWORD, display_name=name, address=address)


async def code_of(doing: Awaitable[Any]) -> str:
    with pytest.raises(HubError) as caught:
        await doing
    return caught.value.code


async def outcomes(*doing: Awaitable[Any]) -> list[str]:
    """``ok`` or the code of each, all at the same time, sorted."""
    results = await asyncio.gather(*doing, return_exceptions=True)
    for one in results:
        if isinstance(one, BaseException) and not isinstance(one, HubError):
            raise one
    return sorted(one.code if isinstance(one, HubError) else "ok" for one in results)


# --- the first owner ------------------------------------------------------------------------------


async def test_first_owner_link_makes_one_owner_and_then_none(hub: Hub) -> None:
    assert await hub.identity.needs_owner()
    ada = await hub.first_owner()
    assert ada.is_owner
    assert not await hub.identity.needs_owner()
    assert await hub.identity.first_owner_link() is None


async def test_first_owner_link_of_an_earlier_start_stops_working(hub: Hub) -> None:
    old = await hub.identity.first_owner_link()
    hub.clock.advance(601)
    new = await hub.identity.first_owner_link()
    assert old is not None
    assert new is not None
    assert await code_of(hub.identity.inspect_link(secret_of(old), "r")) == "link_revoked"
    assert (await hub.identity.inspect_link(secret_of(new), "r")).kind == "first_owner"


async def test_first_owner_link_used_twice_at_once_makes_one_owner(hub: Hub) -> None:
    link = await hub.identity.first_owner_link()
    assert link is not None
    other = hub.another()
    assert await outcomes(
        hub.identity.accept_link(accept(secret_of(link), "Ada", "a@n.example"), "", "r"),
        other.accept_link(accept(secret_of(link), "Eve", "e@n.example"), "", "r"),
    ) == ["link_used", "ok"]
    assert len(await hub.identity.accounts()) == 1


async def test_first_owner_links_of_several_starts_at_once_make_one_owner(hub: Hub) -> None:
    links = await asyncio.gather(*(hub.another().first_owner_link() for _ in range(4)))
    assert await outcomes(
        *(
            hub.another().accept_link(
                accept(secret_of(link or ""), "Ada", f"a{number}@n.example"), "", "r"
            )
            for number, link in enumerate(links)
        )
    ) == ["link_used"] * 3 + ["ok"]


# --- signing in -----------------------------------------------------------------------------------


async def test_sign_in_gives_a_session_that_ends_with_its_days(hub: Hub) -> None:
    await hub.first_owner()
    ada, cookie = await hub.sign_in(" ADA@North.example ")
    assert ada.scopes is None
    assert ada.expires_at_ms == hub.clock.now_ms() + 30 * DAY_S * 1000
    hub.clock.advance(30 * DAY_S - 1)
    await hub.identity.authenticate_cookie(cookie)
    hub.clock.advance(1)
    assert await code_of(hub.identity.authenticate_cookie(cookie)) == "session_ended"


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("ada@north.example", "wrong horse"),
        ("nobody@north.example", PASSWORD),
        ("no address", PASSWORD),
        ("ada\x00@north.example", PASSWORD),
    ],
)
async def test_sign_in_says_the_same_whatever_was_wrong(
    hub: Hub, address: str, password: str
) -> None:
    await hub.first_owner()
    with pytest.raises(Unauthenticated) as caught:
        await hub.sign_in(address, password)
    assert caught.value.code == "bad_credentials"
    assert caught.value.detail == "Address or password is wrong."


async def test_sign_in_limits_tries_from_one_place(hub: Hub) -> None:
    await hub.first_owner()
    for _ in range(10):
        assert await code_of(hub.sign_in("ada@north.example", "wrong")) == "bad_credentials"
    with pytest.raises(RateLimited) as caught:
        await hub.sign_in("ada@north.example")
    assert caught.value.retry_after_s == 10
    hub.clock.advance(10)
    await hub.sign_in("ada@north.example")


async def test_sign_in_is_not_barred_by_a_stranger_elsewhere(hub: Hub) -> None:
    await hub.first_owner()
    for _ in range(200):
        await code_of(hub.sign_in("ada@north.example", "wrong", remote="198.51.100.9"))
        hub.clock.advance(2)
    await hub.sign_in("ada@north.example")


async def test_sign_in_limits_tries_from_many_places_at_one_account(hub: Hub) -> None:
    await hub.first_owner()
    codes = [
        await code_of(hub.sign_in("ada@north.example", "wrong", remote=f"198.51.100.{number}"))
        for number in range(51)
    ]
    assert codes == ["bad_credentials"] * 50 + ["too_many_attempts"]


async def test_sign_in_limits_one_place_over_all_accounts(hub: Hub) -> None:
    codes = [await code_of(hub.sign_in(f"u{number}@north.example")) for number in range(31)]
    assert codes == ["bad_credentials"] * 30 + ["too_many_attempts"]


async def test_sign_in_renews_a_hash_of_old_parameters(hub: Hub) -> None:
    await hub.first_owner()
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    hub.identity._passwords = Passwords(stronger)
    await hub.sign_in("ada@north.example")
    async with hub.database.acquire() as connection:
        stored = await connection.fetchval("SELECT password_hash FROM accounts")
    assert not stronger.check_needs_rehash(stored)
    await hub.sign_in("ada@north.example")


class Slow(Passwords):
    """Stops after checking a password until told to go on."""

    def __init__(self, hasher: PasswordHasher) -> None:
        super().__init__(hasher)
        self.checked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def verify(self, stored: str | None, password: str) -> bool:
        good = await super().verify(stored, password)
        self.checked.set()
        await self.go_on.wait()
        return good


async def test_sign_in_with_a_password_changed_meanwhile_fails(hub: Hub) -> None:
    ada = await hub.first_owner()
    other = hub.another()
    # Other parameters, so that it would also write the old password's hash back.
    slow = other._passwords = Slow(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    late = asyncio.create_task(
        other.sign_in(api.SignIn("ada@north.example", PASSWORD), "", "192.0.2.1")
    )
    await slow.checked.wait()
    await hub.identity.change_password(ada, api.ChangePassword(PASSWORD, "another horse"))
    slow.go_on.set()
    assert await code_of(late) == "bad_credentials"
    await hub.sign_in("ada@north.example", "another horse")
    assert await code_of(hub.sign_in("ada@north.example", PASSWORD)) == "bad_credentials"


async def test_sign_in_to_an_account_disabled_meanwhile_fails(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    other = hub.another()
    slow = other._passwords = Slow(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    late = asyncio.create_task(
        other.sign_in(api.SignIn("ben@north.example", PASSWORD), "", "192.0.2.1")
    )
    await slow.checked.wait()
    await hub.identity.set_disabled(ada, ben.uid, True)
    slow.go_on.set()
    assert await code_of(late) == "bad_credentials"


# --- sessions -------------------------------------------------------------------------------------


async def test_last_seen_is_written_once_a_minute(hub: Hub) -> None:
    await hub.first_owner()
    ada, cookie = await hub.sign_in("ada@north.example")
    begun = hub.clock.now_ms()

    async def last_seen() -> int:
        await hub.identity.authenticate_cookie(cookie)
        await hub.identity.last_use.write()
        return next(one for one in await hub.identity.sessions(ada) if one.current).last_seen_at

    hub.clock.advance(59)
    assert await last_seen() == begun
    hub.clock.advance(2)
    assert await last_seen() == begun + 61_000


async def test_end_session_ends_one_and_tells(hub: Hub) -> None:
    await hub.first_owner()
    here, cookie = await hub.sign_in("ada@north.example")
    there, lost = await hub.sign_in("ada@north.example")
    assert there.session_id is not None
    listed = {one.id: one.current for one in await hub.identity.sessions(here)}
    assert listed[here.session_id or ""]
    assert not listed[there.session_id]
    await hub.identity.end_session(here.uid, there.session_id)
    assert hub.revoked == [("session", there.session_id)]
    assert await code_of(hub.identity.authenticate_cookie(lost)) == "session_ended"
    await hub.identity.authenticate_cookie(cookie)
    assert there.session_id not in [one.id for one in await hub.identity.sessions(here)]


async def test_end_session_of_somebody_else_is_unknown(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    assert ada.session_id is not None
    assert await code_of(hub.identity.end_session(ben.uid, ada.session_id)) == "session_not_found"
    assert hub.revoked == []


async def test_change_password_ends_the_other_sessions_and_reset_links(hub: Hub) -> None:
    ada = await hub.first_owner()
    here, cookie = await hub.sign_in("ada@north.example")
    _, lost = await hub.sign_in("ada@north.example")
    reset = await hub.identity.reset_link(ada, ada.uid)
    await hub.identity.change_password(here, api.ChangePassword(PASSWORD, "another horse"))
    await hub.identity.authenticate_cookie(cookie)
    assert await code_of(hub.identity.authenticate_cookie(lost)) == "session_ended"
    assert len(hub.revoked) == 2
    assert ("session", here.session_id) not in hub.revoked
    assert await code_of(hub.identity.inspect_link(secret_of(reset.link), "r")) == "link_revoked"


async def test_change_password_needs_the_present_one(hub: Hub) -> None:
    ada = await hub.first_owner()
    wrong = api.ChangePassword("wrong horse", "another horse")
    for _ in range(10):
        assert await code_of(hub.identity.change_password(ada, wrong)) == "bad_credentials"
    assert await code_of(hub.identity.change_password(ada, wrong)) == "too_many_attempts"
    await hub.sign_in("ada@north.example")


async def test_change_password_twice_at_once_lets_one_through(hub: Hub) -> None:
    ada = await hub.first_owner()
    assert await outcomes(
        hub.identity.change_password(ada, api.ChangePassword(PASSWORD, "second horse")),
        hub.another().change_password(ada, api.ChangePassword(PASSWORD, "third horse!")),
    ) == ["bad_credentials", "ok"]


# --- people ---------------------------------------------------------------------------------------


async def test_me_and_rename(hub: Hub) -> None:
    ada = await hub.first_owner()
    assert await hub.identity.me(ada) == api.Me(
        ada.uid, "Ada", ["ada@north.example"], True, ada.session_id
    )
    assert (
        await hub.identity.change_me(ada, api.PatchMe("  Ada   Okafor "))
    ).display_name == "Ada Okafor"
    for bad in ("   ", "A\x00da", "A\x1bda"):
        assert await code_of(hub.identity.change_me(ada, api.PatchMe(bad))) == "bad_text"


async def test_disabling_ends_everything_of_a_person(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    _, cookie = await hub.sign_in("ben@north.example")
    token = await hub.identity.create_token(ben, api.NewToken(name="bot", scopes=["read"]))
    invited = await hub.identity.invite(ben, api.NewInvitation())
    reset = await hub.identity.reset_link(ada, ben.uid)
    assert (await hub.identity.set_disabled(ada, ben.uid, True)).disabled
    assert ("user", ben.uid) in hub.revoked
    assert await code_of(hub.identity.authenticate_cookie(cookie)) == "session_ended"
    assert await code_of(hub.identity.authenticate_token(token.token)) == "bad_token"
    assert await code_of(hub.sign_in("ben@north.example")) == "bad_credentials"
    assert await code_of(hub.identity.principal_of(ben.uid)) == "session_ended"
    assert await hub.identity.known_uids([ada.uid, ben.uid, "u_nobody"]) == {ada.uid}
    for link in (invited, reset):
        assert await code_of(hub.identity.inspect_link(secret_of(link.link), "r")) == "link_revoked"
    # Enabled again, a person signs in anew; nothing of before comes back to life.
    assert not (await hub.identity.set_disabled(ada, ben.uid, False)).disabled
    assert await code_of(hub.identity.authenticate_cookie(cookie)) == "session_ended"
    assert await code_of(hub.identity.authenticate_token(token.token)) == "bad_token"
    await hub.sign_in("ben@north.example")


async def test_disabled_account_makes_nothing_that_outlives_it(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)  # a request of his is under way
    await hub.identity.set_disabled(ada, ben.uid, True)
    new = api.NewToken(name="bot", scopes=["read"])
    assert await code_of(hub.identity.create_token(ben, new)) == "account_disabled"
    assert await code_of(hub.identity.invite(ben, api.NewInvitation())) == "account_disabled"
    reset = await hub.identity.reset_link(ada, ben.uid)
    using = hub.identity.accept_link(accept(secret_of(reset.link)), "", "r")
    assert await code_of(using) == "account_disabled"


async def test_only_owners_disable_and_reset(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    assert await code_of(hub.identity.set_disabled(ben, ada.uid, True)) == "not_hub_owner"
    assert await code_of(hub.identity.reset_link(ben, ada.uid)) == "not_hub_owner"
    assert await code_of(hub.identity.set_disabled(ada, "u_nobody", True)) == "account_not_found"
    assert await code_of(hub.identity.reset_link(ada, "u_nobody")) == "account_not_found"


async def test_last_owner_cannot_be_disabled(hub: Hub) -> None:
    ada = await hub.first_owner()
    assert await code_of(hub.identity.set_disabled(ada, ada.uid, True)) == "last_owner"


async def test_two_owners_who_disable_each_other_at_once_leave_one(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    async with hub.database.acquire() as connection:
        await connection.execute("UPDATE accounts SET is_owner = true")
    ben = (await hub.sign_in("ben@north.example"))[0]
    assert await outcomes(
        hub.identity.set_disabled(ada, ben.uid, True),
        hub.another().set_disabled(ben, ada.uid, True),
    ) == ["last_owner", "ok"]
    assert [one.disabled for one in await hub.identity.accounts()].count(False) == 1


# --- links ----------------------------------------------------------------------------------------


async def test_invitation_says_what_it_is_and_works_once(hub: Hub) -> None:
    ada = await hub.first_owner()
    created = await hub.identity.invite(
        ada, api.NewInvitation(address="Ben@North.example", note="Welcome")
    )
    info = await hub.identity.inspect_link(secret_of(created.link), "r")
    assert info == api.LinkInfo(
        "invitation", "Webmail hub", "ben@north.example", "Ada", None,
        hub.clock.now_ms() + 7 * DAY_S * 1000,
    )  # fmt: skip
    me, cookie, link = await hub.identity.accept_link(
        accept(secret_of(created.link), "Ben"), "test", "r"
    )
    assert me.addresses == ["ben@north.example"]
    assert not me.is_owner
    assert link["thread_id"] is None
    assert (await hub.identity.authenticate_cookie(cookie)).uid == me.uid
    assert [one.state for one in await hub.identity.invitations(ada)] == ["used"]
    again = hub.identity.accept_link(accept(secret_of(created.link), "Eve"), "test", "r")
    assert await code_of(again) == "link_used"


async def test_invitation_used_twice_at_once_makes_one_account(hub: Hub) -> None:
    ada = await hub.first_owner()
    for turn in range(5):
        secret = secret_of((await hub.identity.invite(ada, api.NewInvitation())).link)
        assert await outcomes(
            *(
                hub.another().accept_link(
                    accept(secret, "Ben", f"ben{turn}{who}@north.example"), "", "r"
                )
                for who in range(3)
            )
        ) == ["link_used", "link_used", "ok"]
    assert len(await hub.identity.accounts()) == 6


async def test_two_invitations_for_one_address_at_once_make_one_account(hub: Hub) -> None:
    ada = await hub.first_owner()
    links = [
        await hub.identity.invite(ada, api.NewInvitation(address="ben@north.example"))
        for _ in range(2)
    ]
    assert await outcomes(
        *(hub.another().accept_link(accept(secret_of(one.link), "Ben"), "", "r") for one in links)
    ) == ["address_taken", "ok"]
    # The one that failed is not used up.
    states = sorted(one.state for one in await hub.identity.invitations(ada))
    assert states == ["open", "used"]


async def test_invitation_needs_a_name_and_an_address(hub: Hub) -> None:
    ada = await hub.first_owner()
    secret = secret_of((await hub.identity.invite(ada, api.NewInvitation())).link)
    for given in (accept(secret, None, "b@n.example"), accept(secret, "Ben", None)):
        assert await code_of(hub.identity.accept_link(given, "", "r")) == "bad_body"
    taken = accept(secret, "Ben", "ADA@north.example")
    assert await code_of(hub.identity.accept_link(taken, "", "r")) == "address_taken"
    await hub.join(secret, "Ben", "ben@north.example")


async def test_invitation_expires(hub: Hub) -> None:
    ada = await hub.first_owner()
    secret = secret_of((await hub.identity.invite(ada, api.NewInvitation())).link)
    hub.clock.advance(7 * DAY_S)
    assert await code_of(hub.identity.inspect_link(secret, "r")) == "link_expired"
    using = hub.identity.accept_link(accept(secret, "Ben", "b@n.example"), "", "r")
    assert await code_of(using) == "link_expired"
    assert [one.state for one in await hub.identity.invitations(ada)] == ["expired"]


async def test_invitation_can_be_withdrawn_by_who_made_it_and_by_owners(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben, eve = await hub.colleague(ada), await hub.colleague(ada, "Eve")
    first = await hub.identity.invite(ben, api.NewInvitation())
    second = await hub.identity.invite(ben, api.NewInvitation())
    assert await hub.identity.invitations(eve) == []
    assert {one.id for one in await hub.identity.invitations(ben)} == {first.id, second.id}
    assert len(await hub.identity.invitations(ada)) == 4
    assert await code_of(hub.identity.revoke_invitation(eve, first.id)) == "link_unknown"
    await hub.identity.revoke_invitation(ben, first.id)
    await hub.identity.revoke_invitation(ada, second.id)
    assert await code_of(hub.identity.inspect_link(secret_of(first.link), "r")) == "link_revoked"
    assert await code_of(hub.identity.revoke_invitation(ben, first.id)) == "link_used"
    reset = await hub.identity.reset_link(ada, ben.uid)
    assert await code_of(hub.identity.revoke_invitation(ada, reset.id)) == "link_unknown"


async def test_link_nobody_made_is_unknown_and_guessing_is_limited(hub: Hub) -> None:
    codes = [await code_of(hub.identity.inspect_link("x" * 43, "r")) for _ in range(31)]
    assert codes == ["link_unknown"] * 30 + ["too_many_attempts"]


async def test_reset_sets_the_password_and_ends_every_session(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    old = await hub.identity.reset_link(ada, ben.uid)
    created = await hub.identity.reset_link(ada, ben.uid)
    assert await code_of(hub.identity.inspect_link(secret_of(old.link), "r")) == "link_revoked"
    assert created.expires_at == hub.clock.now_ms() + 24 * 3600 * 1000
    given = api.AcceptLink(secret=secret_of(created.link), password="another horse")
    me, cookie, _ = await hub.identity.accept_link(given, "test", "r")
    assert me.uid == ben.uid
    assert hub.revoked == [("session", ben.session_id)]
    assert (await hub.identity.authenticate_cookie(cookie)).uid == ben.uid
    assert await code_of(hub.sign_in("ben@north.example")) == "bad_credentials"
    await hub.sign_in("ben@north.example", "another horse")


async def test_reset_and_disabling_at_once_leave_nobody_inside(hub: Hub) -> None:
    ada = await hub.first_owner()
    for turn in range(5):
        ben = await hub.colleague(ada, f"Ben{turn}")
        reset = await hub.identity.reset_link(ada, ben.uid)
        results = await outcomes(
            hub.another().accept_link(accept(secret_of(reset.link)), "", "r"),
            hub.identity.set_disabled(ada, ben.uid, True),
        )
        assert results in (["ok", "ok"], ["account_disabled", "ok"], ["link_revoked", "ok"])
        await hub.identity.set_disabled(ada, ben.uid, False)
        async with hub.database.acquire() as connection:
            assert not await connection.fetchval(
                "SELECT EXISTS (SELECT FROM sessions WHERE uid = $1 AND ended_at IS NULL)", ben.uid
            )


# --- tokens ---------------------------------------------------------------------------------------


async def test_token_works_within_its_scopes_until_it_ends(hub: Hub) -> None:
    ada = await hub.first_owner()
    made = await hub.identity.create_token(
        ada, api.NewToken(name="bot", scopes=["write", "read", "read"], expires_in_days=2)
    )
    assert made.info.scopes == ["read", "write"]
    program = await hub.identity.authenticate_token(made.token)
    assert program.uid == ada.uid
    assert program.token_id == made.info.id
    assert program.scopes == {"read", "write"}
    with pytest.raises(Forbidden):
        program.require("admin")
    await hub.identity.last_use.write()
    listed = await hub.identity.tokens(ada)
    assert [one.last_used_at for one in listed] == [hub.clock.now_ms()]
    hub.clock.advance(2 * DAY_S)
    assert await code_of(hub.identity.authenticate_token(made.token)) == "bad_token"


async def test_token_without_end_lasts(hub: Hub) -> None:
    ada = await hub.first_owner()
    new = api.NewToken(name="bot", scopes=["read"], expires_in_days=None)
    made = await hub.identity.create_token(ada, new)
    hub.clock.advance(5000 * DAY_S)
    assert (await hub.identity.authenticate_token(made.token)).expires_at_ms is None


async def test_token_revoked_ends_at_once_and_tells(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    made = await hub.identity.create_token(ada, api.NewToken(name="bot", scopes=["read"]))
    assert await code_of(hub.identity.revoke_token(ben, made.info.id)) == "token_not_found"
    await hub.identity.revoke_token(ada, made.info.id)
    assert hub.revoked == [("token", made.info.id)]
    assert await code_of(hub.identity.authenticate_token(made.token)) == "bad_token"
    assert await hub.identity.tokens(ada) == []
    assert await code_of(hub.identity.revoke_token(ada, made.info.id)) == "token_not_found"


async def test_token_cannot_widen_its_own_right(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    admin = api.NewToken(name="bot", scopes=["admin"])
    assert await code_of(hub.identity.create_token(ben, admin)) == "not_hub_owner"
    reading = api.NewToken(name="bot", scopes=["read"])
    made = await hub.identity.create_token(ada, reading)
    other = await hub.identity.create_token(ada, reading)
    program = await hub.identity.authenticate_token(made.token)
    assert await code_of(hub.identity.create_token(program, reading)) == "token_cannot"
    assert await code_of(hub.identity.revoke_token(program, other.info.id)) == "missing_scope"
    await hub.identity.revoke_token(program, made.info.id)


async def test_token_for_the_command_line_is_found_by_address(hub: Hub) -> None:
    ada = await hub.first_owner()
    new = api.NewToken(name="cli", scopes=["read"])
    made = await hub.identity.create_token_for("ADA@north.example", new)
    assert (await hub.identity.authenticate_token(made.token)).uid == ada.uid
    with pytest.raises(NotFound) as caught:
        await hub.identity.create_token_for("nobody@north.example", new)
    assert caught.value.code == "account_not_found"


# --- what is stored -------------------------------------------------------------------------------


async def test_no_secret_is_stored_readable(hub: Hub) -> None:
    ada = await hub.first_owner()
    _, cookie = await hub.sign_in("ada@north.example")
    token = (await hub.identity.create_token(ada, api.NewToken(name="b", scopes=["read"]))).token
    link = secret_of((await hub.identity.invite(ada, api.NewInvitation())).link)
    async with hub.database.acquire() as connection:
        for table in ("accounts", "addresses", "sessions", "tokens", "links"):
            text = str(await connection.fetch(f"SELECT t::text FROM {table} t"))
            for secret in (cookie, token, link, PASSWORD):
                assert secret not in text
                assert secret.encode().hex() not in text


async def test_conflict_of_the_last_owner_changes_nothing(hub: Hub) -> None:
    ada = await hub.first_owner()
    with pytest.raises(Conflict):
        await hub.identity.set_disabled(ada, ada.uid, True)
    _, cookie = await hub.sign_in("ada@north.example")
    await hub.identity.authenticate_cookie(cookie)
    assert hub.revoked == []
