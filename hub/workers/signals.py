"""What the operator tells a process by signals, from its first moment on.

Left alone, SIGTERM would end it in the middle of a start, with its database still running, and
would not end process 1 of a container at all.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any


class Signals:
    """SIGINT and SIGTERM cancel a task, or do what has taken the place of that.

    Attributes:
        reload: set by SIGHUP, if that is heard.
    """

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._leave: Callable[[int], None] = self._cancel
        self.reload = asyncio.Event()
        self.cancelled = False
        self._task = task
        self._loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(which, self._told, which)

    def hear_reload(self) -> None:
        """Until now SIGHUP ends the process, as it does with one that a terminal leaves behind."""
        self._loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def hand_over(self, leave: Callable[[int], None]) -> None:
        """From now on a signal cancels nothing: ``leave`` is called with its number instead."""
        self._leave = leave
        if self.cancelled:  # and something swallowed that
            leave(signal.SIGTERM)

    def _told(self, which: int) -> None:
        self._leave(which)

    def _cancel(self, which: int) -> None:
        if self.cancelled:  # how it ends is not cut short, but by a third signal
            self._loop.remove_signal_handler(which)
        else:
            self.cancelled = True
            self._task.cancel()


async def until_told(work: Callable[[Signals], Awaitable[None]]) -> None:
    """Do something that ends by itself or by a signal. That is an end like any other."""
    task = asyncio.current_task()
    assert task is not None
    signals = Signals(task)
    try:
        await work(signals)
    except asyncio.CancelledError:
        if not signals.cancelled:
            raise
        task.uncancel()
