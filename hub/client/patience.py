"""How long to wait before the next attempt, and when to give up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

from hub.errors import HubError

FIRST_S: Final = 0.1
MOST_S: Final = 10.0

OnWait = Callable[[HubError, float], None]


class Patience:
    """Pauses that grow until something moves.

    Args:
        limit_s: how long nothing may move.
        on_wait: told why and for how many seconds, before each pause.
    """

    def __init__(self, limit_s: float, on_wait: OnWait | None = None) -> None:
        self._limit_s = limit_s
        self._on_wait = on_wait
        self._attempts = 0
        self._since_s: float | None = None

    def moved(self) -> None:
        """It goes on: begin with short pauses again."""
        self._attempts = 0
        self._since_s = None

    async def wait(self, error: HubError) -> None:
        """Pause after an error that may pass, at least as long as the hub asked for.

        Raises:
            HubError: this one, where it will not pass or nothing has moved for too long.
        """
        if error.retry_after_s is None:
            raise error
        grown_s = min(MOST_S, FIRST_S * 2**self._attempts) * random.uniform(0.5, 1.0)  # noqa: S311 jitter
        pause_s = max(error.retry_after_s, grown_s)
        now_s = asyncio.get_running_loop().time()
        # From the first failure on: until then it went well, for hours perhaps.
        self._since_s = now_s if self._since_s is None else self._since_s
        if now_s + pause_s > self._since_s + self._limit_s:
            raise error
        self._attempts = min(self._attempts + 1, 10)
        if self._on_wait is not None:
            self._on_wait(error, pause_s)
        await asyncio.sleep(pause_s)
