"""kill -9 of the hub while people write: nothing acknowledged is missing afterwards."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.checking import Writers, write_through
from tests.support.hub_process import HubProcess


async def kill_and_check(folder: Path, *, kills: int) -> None:
    async with HubProcess(folder / "data") as hub:

        async def kill(group: Writers) -> None:
            for _ in range(kills):
                await group.more_than(await group.acknowledged() + random.randint(1, 200))
                await hub.kill()
                await hub.start()

        # Between two quick kills somebody may not have come back yet.
        await write_through(hub, folder, kill, writers=20, connects=kills + 1)


@pytest.mark.timeout(120)
async def test_nothing_acknowledged_is_lost_when_the_hub_is_killed(tmp_path: Path) -> None:
    await kill_and_check(tmp_path, kills=1)


@pytest.mark.heavy
async def test_nothing_acknowledged_is_lost_over_twenty_kills(tmp_path: Path) -> None:
    await kill_and_check(tmp_path, kills=20)
