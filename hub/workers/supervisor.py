"""Keeps so many workers: begins a dead one anew, ends one that hangs, replaces them one by one.

It serves nobody itself.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

import structlog

from hub.errors import HubError
from hub.workers.child import Child

TICK_S = 1.0
MAX_SILENT = 6
"""Ticks without a beat: it hangs. They are counted by a loop that stands still with the machine."""
START_S = 90.0
GRACE_S = 15.0
"""So long a worker may take to let its people go."""
AGAIN_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
AGAIN_SERVING_S = (0.0, 0.1, 0.5, 1.0)
"""The same for one that had come to serve people: whatever ended it, they are waiting."""
WELL_S = 60.0

log = structlog.get_logger()


class WorkerFailed(HubError):
    code = "worker_failed"
    title = "A worker did not start"
    retry_s = None


class _Slot:
    """The place of one worker.

    Attributes:
        lock: held while its worker is replaced.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.child: Child | None = None
        self.failures = 0
        self.lock = asyncio.Lock()


class Supervisor:
    """Args:
    command: begins a worker.
    count: how many workers there are.
    reload: replaces the workers one after the other, each time it is set.

    Attributes:
        restarts: how many workers were begun anew because they had ended.
        hung: how many were ended because they hung.
        reloads: how many were replaced on SIGHUP.
    """

    def __init__(
        self, command: Sequence[str], listener: socket.socket, count: int, reload: asyncio.Event
    ) -> None:
        self.restarts = self.hung = self.reloads = 0
        self._command = command
        self._listener = listener
        self._slots = [_Slot(number) for number in range(1, count + 1)]
        self._leaving: set[Child] = set()
        self._stopping = False
        self._reload = reload
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Until it is cancelled.

        Args:
            on_ready: run once all serve.

        Raises:
            WorkerFailed: the first one ended instead of serving.
        """
        try:
            self._spawn(self._watch())
            await self._serve(on_ready)
        finally:
            self._stopping = True
            await self._leave()

    async def _serve(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        first = await self._begin(self._slots[0])
        if not await first.served(START_S):
            raise WorkerFailed(
                f"The first worker does not serve after {START_S:.0f} s."
                if first.alive
                else "The first worker ended instead of serving; see above."
            )
        rest = [await self._begin(slot) for slot in self._slots[1:]]
        await asyncio.gather(*(one.served(START_S) for one in rest))
        self._spawn(on_ready())  # whatever it fails at, people are served
        await self._reload_on_demand()

    # --- life of a worker -------------------------------------------------------------------------

    async def _begin(self, slot: _Slot) -> Child:
        slot.child = child = await self._start(slot.number)
        self._spawn(self._follow(slot, child))
        return child

    async def _start(self, number: int) -> Child:
        return await Child.start(number, self._command, self._listener.fileno())

    async def _follow(self, slot: _Slot, child: Child) -> None:
        """When it ends without being asked to, another one takes its place."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        code = await child.ended()
        self._leaving.discard(child)
        if self._stopping or slot.child is not child:
            return
        if not child.ready.is_set() and slot.number == 1 and not self.restarts:
            return  # ``_serve`` says so
        slot.failures = 0 if loop.time() - began_s > WELL_S else slot.failures + 1
        again_s = AGAIN_SERVING_S if child.ready.is_set() else AGAIN_S
        pause_s = again_s[min(slot.failures, len(again_s)) - 1] if slot.failures else 0.0
        log.error(
            "a worker ended", worker=slot.number, pid=child.pid, code=code, why=child.why,
            again_after_s=pause_s,
        )  # fmt: skip
        self.restarts += 1
        await asyncio.sleep(pause_s)
        while True:
            async with slot.lock:
                if self._stopping or slot.child is not child:
                    return
                try:
                    await self._begin(slot)
                except OSError as error:
                    log.error("a worker cannot be begun", worker=slot.number, reason=repr(error))
                else:
                    return
            await asyncio.sleep(AGAIN_S[-1])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for slot in self._slots:
                child = slot.child
                if child is None or not child.alive or child.why is not None:
                    continue
                child.silent += 1
                if child.silent > (MAX_SILENT if child.ready.is_set() else START_S / TICK_S):
                    child.why = f"its event loop stood still for {child.silent} s"
                    log.error("a worker hangs", worker=child.number, pid=child.pid)
                    self.hung += 1
                    self._spawn(child.abort())

    # --- one after the other ----------------------------------------------------------------------

    async def _reload_on_demand(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            log.info("replacing the workers", count=len(self._slots))
            for slot in self._slots:
                if not await self._replace(slot):
                    log.error("a new worker does not serve; the old ones stay", worker=slot.number)
                    break
            else:
                log.info("the workers were replaced", count=len(self._slots))

    async def _replace(self, slot: _Slot) -> bool:
        """The new one serves before the old one is asked to leave."""
        async with slot.lock:
            try:
                child = await self._start(slot.number)
            except OSError as error:
                log.error("a worker cannot be begun", worker=slot.number, reason=repr(error))
                return False
            self._leaving.add(child)  # until it has its place it goes when all go
            if not await child.served(START_S):
                child.kill()
                await child.ended()
                self._leaving.discard(child)
                return False
            self._leaving.discard(child)
            old, slot.child = slot.child, child
            slot.failures = 0
            self.reloads += 1
            self._spawn(self._follow(slot, child))
        if old is not None:
            await self._let_go(old)
        return True

    async def _let_go(self, child: Child) -> None:
        self._leaving.add(child)  # until it has ended, whoever waits for that
        child.leave()
        try:
            async with asyncio.timeout(GRACE_S):
                await child.ended()
        except TimeoutError:
            log.error("a worker does not leave", worker=child.number, pid=child.pid)
            child.kill()
            await child.ended()
        self._leaving.discard(child)

    async def _leave(self) -> None:
        """All at once; nobody outlives the supervisor."""
        self._listener.close()  # who comes now is refused, not left waiting
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        there = {slot.child for slot in self._slots if slot.child is not None} | self._leaving
        await asyncio.gather(*(self._let_go(child) for child in there))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("the supervisor failed at something")
