"""A loop that fails is begun anew, and it is seen that it failed."""

from __future__ import annotations

import asyncio

import pytest

from hub.rooms import background
from hub.rooms.background import Background


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "AGAIN_S", (0.0, 0.001))


async def test_a_loop_that_fails_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "WELL_S", 0.02)
    begun, fourth = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 4:
            raise RuntimeError(f"the {begun}th")
        fourth.set()
        await asyncio.Event().wait()

    held = Background()
    loop = held.keep(work, "work")
    await fourth.wait()
    assert (loop.restarts, loop.failures) == (3, 3)
    assert loop.reason == "RuntimeError('the 3th')"
    async with asyncio.timeout(5):
        while loop.reason is not None:
            await asyncio.sleep(0.005)
    assert (loop.restarts, loop.failures) == (3, 0)
    await held.close()


async def test_a_loop_with_nothing_to_do_ends() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise RuntimeError

    held = Background()
    loop = held.keep(work, "work")
    async with asyncio.timeout(5):
        while held._tasks:
            await asyncio.sleep(0.001)
    assert (begun, loop.failures, loop.reason) == (2, 0, None)


async def test_closing_ends_a_loop_and_one_that_waits_to_begin_anew() -> None:
    async def fails() -> None:
        raise RuntimeError

    held = Background()
    held.keep(fails, "fails")
    held.keep(asyncio.Event().wait, "waits")  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await asyncio.wait_for(held.close(), 2)
    assert all(task.get_name() not in ("fails", "waits") for task in asyncio.all_tasks())
