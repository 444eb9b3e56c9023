"""Tasks that outlive the call that started them: one place that holds, logs and ends them.

What runs for ever is kept running: a loop that fails begins anew, later each time, and is told of
in ``loops``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

T = TypeVar("T")

AGAIN_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
WELL_S = 60.0
"""A loop that ran for so long is well again."""

log = structlog.get_logger()


@dataclass
class Loop:
    """Attributes:
    failures: how often it failed since it was last well.
    restarts: how often it was begun anew at all.
    reason: why it failed last, until it is well.
    """

    name: str
    failures: int = 0
    restarts: int = 0
    reason: str | None = None


class Background:
    def __init__(self) -> None:
        self.loops: list[Loop] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T | None]:
        """Run ``work``; its failure is logged and gives null, nothing else falls with it."""
        task = asyncio.create_task(self._guard(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def keep(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> Loop:
        """Run a loop until ``close``, and begin it anew whenever it fails; one that ends has
        nothing to do."""
        loop = Loop(name)
        self.loops.append(loop)
        self.spawn(self._keep(work, loop), name)
        return loop

    async def close(self, timeout_s: float = 5.0) -> None:
        """Cancel what runs and wait for it, and for what that begins when it ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._tasks:
                    for task in tuple(self._tasks):
                        task.cancel()
                    await asyncio.wait(tuple(self._tasks))

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]], loop: Loop) -> None:
        running = asyncio.get_running_loop()
        while True:
            well = running.call_later(WELL_S, _is_well, loop)
            try:
                await work()
            except Exception as error:
                loop.reason = repr(error)
                log.exception("a loop failed", loop=loop.name, failures=loop.failures + 1)
            else:
                _is_well(loop)
                return
            finally:
                well.cancel()
            pause_s = AGAIN_S[min(loop.failures, len(AGAIN_S) - 1)]
            loop.failures += 1
            await asyncio.sleep(pause_s)
            loop.restarts += 1

    async def _guard(self, work: Coroutine[Any, Any, T], name: str) -> T | None:
        try:
            return await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a background task failed", task=name)
            return None


def _is_well(loop: Loop) -> None:
    loop.failures, loop.reason = 0, None
