"""kill -9 of the hub round the moments at which reminders are due: each comes once, to a person and
to a thread."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.hub_process import HubProcess, answer


async def said(owner: httpx.AsyncClient, thread: str) -> Counter[str]:
    """How often a thread was reminded of each."""
    page = await answer(owner.get(f"/api/threads/{thread}/history", params={"limit": 500}))
    return Counter(one["text"] for one in page["items"] if one.get("reminder"))


async def kill_round_due_times(
    folder: Path, *, kills: int, each: int, apart_s: float, chance: random.Random
) -> None:
    """Args:
    each: reminders between two kills; a third of them are for the thread.
    """
    async with HubProcess(folder / "data") as hub:
        owner = await hub.first_owner()
        made = await answer(owner.post("/api/threads", json={"subject": "Offer"}))
        thread = made["summary"]["thread"]
        names: list[str] = []
        for kill in range(kills):
            begin = datetime.now(UTC) + timedelta(seconds=1)
            for number in range(each):
                name = f"{kill}.{number}"
                # To the second: some are due at the very moment of the kill.
                due = begin + timedelta(seconds=apart_s * chance.random())
                local = f"{due:%Y-%m-%dT%H:%M:%S}"
                body: dict[str, Any] = {
                    "note": name, "when": {"local": local, "zone": "UTC"}, "thread": thread,
                    "for_thread": number % 3 == 0, "send_id": name,
                }  # fmt: skip
                await answer(owner.post("/api/reminders", json=body))
                names.append(name)
            left_s = (begin - datetime.now(UTC)).total_seconds() + apart_s * chance.random()
            await asyncio.sleep(max(0.0, left_s))  # the moment of the kill, not a wait for anything
            await hub.kill()
            await hub.start()
        private = {name for name in names if int(name.partition(".")[2]) % 3}
        async with asyncio.timeout(90):
            while (await answer(owner.get("/api/reminders")))["reminders"]:
                await asyncio.sleep(0.2)
        # Notices are told 200 at a time, the others as these are seen.
        counted: Counter[str] = Counter()
        while (told := (await answer(owner.get("/api/notices")))["notices"]) != []:
            for one in told:
                counted[one["note"]] += 1
                await owner.delete(f"/api/notices/{one['notice']}")
        assert counted == Counter(private)
        assert await said(owner, thread) == Counter(set(names) - private)


@pytest.mark.timeout(180)
async def test_reminders_outlive_a_crash_and_come_once(tmp_path: Path) -> None:
    await kill_round_due_times(tmp_path, kills=2, each=9, apart_s=2, chance=random.Random(1))


@pytest.mark.heavy
@pytest.mark.timeout(1200)
async def test_twenty_crashes_round_the_moments_of_reminders(tmp_path: Path) -> None:
    await kill_round_due_times(tmp_path, kills=20, each=30, apart_s=4, chance=random.Random(20))
