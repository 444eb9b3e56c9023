"""The issuer that threads name is pinned by the first of them."""

from __future__ import annotations

import pytest

from hub.app import home_of
from hub.errors import Conflict
from hub.settings import Settings
from tests.integration.conftest import Served, serve
from tests.support.hub_process import answer


def settings(url: str) -> Settings:
    return Settings.from_environ({}, public_url=url)


async def test_a_hub_keeps_the_address_that_its_threads_name(
    served: Served, database_url: str
) -> None:
    database = served.hub.database
    first, second = "https://mail.north.example", "https://mail.south.example"
    assert await home_of(database, settings(first)) == first
    assert await home_of(database, settings(second)) == second  # nothing names it yet
    ada = await served.person("ada")
    await served.thread(ada)
    # Tried on this machine only: now it gets its address.
    assert await home_of(database, settings(first)) == first
    with pytest.raises(Conflict) as caught:
        await home_of(database, settings(second))
    assert (caught.value.code, first in caught.value.detail) == ("home_changed", True)
    # A look at it on this machine changes nothing.
    assert await home_of(database, settings("http://127.0.0.1:9999")) == first
    async with serve(database_url) as again:
        browser = again.browser()
        browser.cookies = ada.http.cookies
        made = await answer(browser.post("/api/threads", json={"subject": "New"}))
        thread = made["summary"]["thread"]
        async with database.acquire() as connection:
            row = await connection.fetchrow("SELECT home FROM threads WHERE thread_id = $1", thread)
    assert row["home"] == first
