"""Looks again and again behind the bell of the bus, and at once when somebody doubts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hub import figures

POLL_S = 5.0
AGAIN_S = 1.0

log = structlog.get_logger()


class Poll:
    """``look`` may fail: then it is called again a second later."""

    def __init__(self, name: str, look: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._look = look
        self._wanted = asyncio.Event()
        self._looks = figures.POLLS.labels(name)

    def soon(self) -> None:
        """Look as soon as can be."""
        self._wanted.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                async with asyncio.timeout(POLL_S):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            self._looks.inc()
            try:
                await self._look()
            except Exception as error:
                log.warning("the poll waits", of=self._name, reason=repr(error))
                await asyncio.sleep(AGAIN_S)
                self._wanted.set()
