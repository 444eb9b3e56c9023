"""A large file by the Python client, while the hub is killed; its pair is tests/e2e."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from hub.client import FileClient
from tests.support.hub_process import HubProcess, answer, token
from tests.support.large import EVERY_TIME, Noise, Witness, wanted_bytes


async def there_and_away(folder: Path, size: int) -> None:
    film = Noise(size)
    root = asyncio.create_task(asyncio.to_thread(Noise(size).root))
    async with HubProcess(folder / "data") as hub:
        owner = await hub.first_owner()
        thread = (await answer(owner.post("/api/threads", json={"subject": "Films"})))["summary"][
            "thread"
        ]
        client = FileClient(hub.url, await token(owner), state=folder / "state")
        witness = Witness(hub, size)
        began_s = time.monotonic()
        sending = asyncio.create_task(client.upload(film, thread))
        await witness.kills(lambda: not sending.done())
        sent = await sending
        (attachment,) = await client.post(thread, [sent], "The film")
        took_s = time.monotonic() - began_s
        assert sent.blob == attachment.versions[0].blob == await root
        await witness.holds(sent.blob)
        witness.check_memory()
        await answer(owner.delete(f"/api/attachments/{attachment.attachment}"))
        await witness.nothing_stays()
        await owner.aclose()
    grown = max(witness.grown) / 2**20
    print(f"hub.client: {size / 2**20:.0f} MiB in {took_s:.1f} s, the hub grew by {grown:.0f} MiB")


@pytest.mark.timeout(120)
async def test_a_large_file_outlives_the_hub(tmp_path: Path) -> None:
    await there_and_away(tmp_path, EVERY_TIME)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
async def test_a_huge_file_outlives_the_hub(tmp_path: Path) -> None:
    await there_and_away(tmp_path, wanted_bytes(tmp_path))
