"""A large file by the browser, while the hub is killed; its pair is tests/crash."""

from __future__ import annotations

import asyncio
import base64
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.people import PASSWORD, Person
from tests.support.hub_process import HubProcess, answer
from tests.support.large import EVERY_TIME, IN_A_BROWSER, Noise, Witness, wanted_bytes


async def there_and_away(ada: Person, hub: HubProcess, size: int) -> None:
    ada.forgive(r"Failed to load resource|WebSocket connection|ERR_")
    film = Noise(size)
    root = asyncio.create_task(asyncio.to_thread(film.root))
    await ada.begin_thread("Films")
    thread = ada.page.url.rpartition("/")[2]
    http = hub.browser()
    await answer(http.post("/api/session", json={"address": ada.address, "password": PASSWORD}))
    witness = Witness(hub, size)
    choose = await ada.page.get_by_label("Attach files").element_handle()
    began_s = time.monotonic()
    await ada.page.evaluate(
        IN_A_BROWSER, [choose, size, base64.b64encode(film.block).decode()]
    )  # fmt: skip
    await ada.say("The film")
    await witness.kills(lambda: True)
    attachment = await arrived(http, thread)
    took_s = time.monotonic() - began_s
    (version,) = attachment["versions"]
    assert (version["size"], version["blob"]) == (size, await root)
    await witness.holds(version["blob"])
    witness.check_memory()
    await answer(http.delete(f"/api/attachments/{attachment['attachment']}"))
    await http.aclose()
    await witness.nothing_stays()
    grown = max(witness.grown) / 2**20
    print(f"browser: {size / 2**20:.0f} MiB in {took_s:.1f} s, the hub grew by {grown:.0f} MiB")


async def arrived(http: Any, thread: str) -> dict[str, Any]:
    while True:
        found = await answer(http.get(f"/api/threads/{thread}/attachments"))
        (attachment,) = found["attachments"]
        assert attachment["versions"][0]["state"] in ("arriving", "ready")
        if attachment["versions"][0]["state"] == "ready":
            return dict(attachment)
        await asyncio.sleep(0.2)


@pytest.mark.timeout(120)
async def test_a_large_file_outlives_the_hub(ada: Person, hub: HubProcess) -> None:
    await there_and_away(ada, hub, EVERY_TIME)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
async def test_a_huge_file_outlives_the_hub(ada: Person, hub: HubProcess, tmp_path: Path) -> None:
    await there_and_away(ada, hub, wanted_bytes(tmp_path))
