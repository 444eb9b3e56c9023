"""The figures of all workers, whatever becomes of one of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hub.workers.figures import gathered, handing_out

GOOD = b"# HELP hub_a A.\n# TYPE hub_a gauge\nhub_a 1.0\n"


async def test_who_ended_in_the_middle_of_its_answer_is_left_out(tmp_path: Path) -> None:
    async with (
        handing_out(tmp_path, "1", lambda: GOOD),
        handing_out(tmp_path, "2", lambda: GOOD + b'hub_b{x="'),
        handing_out(tmp_path, "3", lambda: GOOD + b"\xff"),
    ):
        told = (await gathered(tmp_path)).decode()
    assert 'hub_a{worker="1"} 1.0' in told
    assert 'worker="2"' not in told
    assert 'worker="3"' not in told


async def test_a_new_worker_takes_the_place_and_the_old_one_leaves_it(tmp_path: Path) -> None:
    old, new = asyncio.Event(), asyncio.Event()

    async def serve(until: asyncio.Event, value: bytes) -> None:
        async with handing_out(tmp_path, "1", lambda: GOOD.replace(b"1.0", value)):
            await until.wait()

    first = asyncio.create_task(serve(old, b"5.0"))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(serve(new, b"6.0"))
    await asyncio.sleep(0.01)
    old.set()
    await first
    assert 'hub_a{worker="1"} 6.0' in (await gathered(tmp_path)).decode()
    new.set()
    await second
