"""One connection's commands that write: begun in their order, each answered exactly once.

Messages do not wait for one another's commit: a program that posts keeps the disk busy. Anything
else may rest on what went before, and waits until that is on disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from hub.errors import HubError
from hub.rooms import limits
from hub.rooms.door import accepted
from hub.storage.writer import Committed
from hub.wire import commands as cmd
from hub.wire import events as ev

log = structlog.get_logger()

Submit = Callable[[Any], Awaitable[ev.Accepted | asyncio.Future[Committed]]]


class Writes:
    """Args:
    submit: begins a command.
    answer: tells the client what came of it.
    """

    def __init__(
        self, submit: Submit, answer: Callable[[int, ev.Accepted | HubError], None]
    ) -> None:
        self._submit = submit
        self._answer = answer
        self._queue: deque[Any] = deque()
        self._begun = 0
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    def put(self, command: Any) -> Awaitable[None] | None:
        """Take a command; returns what the next frame must wait for."""
        self._queue.append(command)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return self._until(limits.MAX_QUEUED_WRITES - 1) if self._crowded else None

    def close(self) -> None:
        """The connection is gone; what was begun is carried out all the same."""
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()

    @property
    def _crowded(self) -> bool:
        return len(self._queue) + self._begun >= limits.MAX_QUEUED_WRITES

    async def _run(self) -> None:
        try:
            while self._queue:
                if not isinstance(self._queue[0], cmd.Post):
                    await self._until_begun(0)
                await self._begin(self._queue.popleft())
        finally:
            self._task = None

    async def _begin(self, command: Any) -> None:
        try:
            given = await self._submit(command)
        except Exception as error:
            self._answer(command.id, _told(error))
        else:
            if isinstance(given, ev.Accepted):
                self._answer(command.id, given)
            else:
                self._begun += 1
                given.add_done_callback(partial(self._written, command))
        self._changed.set()

    def _written(self, command: Any, future: asyncio.Future[Committed]) -> None:
        self._begun -= 1
        self._changed.set()
        try:
            answer: ev.Accepted | HubError = accepted(command, future.result())
        except (Exception, asyncio.CancelledError) as error:
            answer = _told(error)
        self._answer(command.id, answer)

    async def _until(self, most: int) -> None:
        while len(self._queue) + self._begun > most:
            self._changed.clear()
            await self._changed.wait()

    async def _until_begun(self, most: int) -> None:
        while self._begun > most:
            self._changed.clear()
            await self._changed.wait()


def _told(error: BaseException) -> HubError:
    if isinstance(error, HubError):
        return error
    log.error("a command failed", exc_info=error)
    return HubError("The hub failed at this.", code="internal")
