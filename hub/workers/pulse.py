"""A worker's word to its supervisor: a byte a second, written by the event loop that serves people.

A loop that is blocked writes nothing, however alive its threads are. A supervisor that is gone is
noticed by the pipe that nobody reads any more.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

BEAT_S = 1.0
READY = b"r"
BEAT = b"."


class Pulse:
    """Args:
    descriptor: of the pipe's end for writing.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    def ready(self) -> None:
        """People are served."""
        self._write(READY)

    async def run(self, on_orphaned: Callable[[], None]) -> None:
        """Beat until the supervisor has gone; then call once, and end."""
        while True:
            if not self._write(BEAT):
                on_orphaned()
                return
            await asyncio.sleep(BEAT_S)

    def _write(self, what: bytes) -> bool:
        try:
            os.write(self._descriptor, what)
        except BlockingIOError:
            pass  # it does not read at the moment
        except OSError:
            return False
        return True
