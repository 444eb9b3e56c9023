"""By how much the event loop is late, looked at twice a second."""

from __future__ import annotations

import asyncio

from hub import figures

EVERY_S = 0.5


async def watch() -> None:
    """For ever."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        figures.LAG.observe(max(0.0, loop.time() - due_s))
