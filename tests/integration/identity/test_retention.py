"""What ended long ago is forgotten; what still works is not."""

from __future__ import annotations

import pytest

from hub.identity import retention, service
from hub.identity.attempts import SharedAttempts
from hub.identity.retention import Retention
from hub.wire import api
from tests.integration.identity.test_identity import DAY_S, Hub, code_of, hub

__all__ = ["hub"]


async def test_retention_forgets_only_what_ended_long_ago(hub: Hub) -> None:
    ada = await hub.first_owner()
    ben = await hub.colleague(ada)
    bot = api.NewToken(name="bot", scopes=["read"], expires_in_days=None)
    kept = await hub.identity.create_token(ada, bot)
    gone = await hub.identity.create_token(ada, bot)
    await hub.identity.revoke_token(ada, gone.info.id)
    assert ben.session_id is not None
    await hub.identity.end_session(ben.uid, ben.session_id)
    forgetting = Retention(hub.database, hub.clock)
    assert await forgetting.forget() == 0
    hub.clock.advance(89 * DAY_S)
    assert await forgetting.forget() == 0
    hub.clock.advance(2 * DAY_S)
    _, cookie = await hub.sign_in("ben@north.example")
    # The first owner's link and Ben's invitation, the revoked token, Ben's first session.
    assert await forgetting.forget() == 4
    await hub.identity.authenticate_cookie(cookie)
    await hub.identity.authenticate_token(kept.token)


async def test_tokens_of_a_person_are_bounded(hub: Hub) -> None:
    ada = await hub.first_owner()
    bot = api.NewToken(name="bot", scopes=["read"])
    made = [await hub.identity.create_token(ada, bot) for _ in range(service.MAX_TOKENS)]
    assert await code_of(hub.identity.create_token(ada, bot)) == "too_many_tokens"
    await hub.identity.revoke_token(ada, made[0].info.id)
    await hub.identity.create_token(ada, bot)


async def test_what_strangers_try_is_not_kept_for_long(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PAGE", 7)
    tries = SharedAttempts("pair", hub.database, hub.clock, burst=2, every_s=10)
    for number in range(30):
        await tries.spend(f"stranger {number}")

    async def kept() -> int:
        async with hub.database.acquire() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM attempts"))

    kept_for = Retention(hub.database, hub.clock)
    hub.clock.advance(300)
    await tries.spend("somebody")
    await kept_for.forget_attempts()
    assert await kept() == 31
    hub.clock.advance(320)
    await kept_for.forget_attempts()
    assert await kept() == 1
