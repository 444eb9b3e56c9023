"""The outbox of one connection: frames on their way out, counted in bytes.

Overflow: document updates are the first to go (``takes_updates`` turns false, and the document
later sends one diff); a connection that holds 4 MiB or has not taken a byte for 15 s is ended with
1013, and its client resumes by seq.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from hub.clock import Clock
from hub.errors import HubError, Unavailable
from hub.rooms import limits


class Outbox:
    """``put`` never waits; one task calls ``take`` and ``sent``.

    ``on_drained`` is called when a full outbox has room again.
    """

    def __init__(self, clock: Clock) -> None:
        self.queued_bytes = 0
        self.ended: HubError | None = None
        self.on_drained: Callable[[], None] | None = None
        self._clock = clock
        self._frames: deque[tuple[str | bytes, bool]] = deque()
        self._wake = asyncio.Event()
        self._moved_at = clock.monotonic_s()
        self._was_full = False
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def takes_updates(self) -> bool:
        if self.queued_bytes < limits.DROP_UPDATES_BYTES:
            return True
        self._was_full = True
        return False

    def put(self, frame: str | bytes, *, counted: bool = True) -> None:
        """Queue a frame; ``counted`` is false for answers the client asked for."""
        if self.ended is not None:
            return
        now = self._clock.monotonic_s()
        if not self._frames:
            self._moved_at = now
        if counted:
            self.queued_bytes += len(frame)
            if self.queued_bytes > limits.RESUME_BYTES:
                self._has_room.clear()
            if self.queued_bytes > limits.CLOSE_BYTES or now - self._moved_at > limits.STALLED_S:
                self.end(Unavailable("You read too slowly; connect again.", code="slow_reader"))
                return
        self._frames.append((frame, counted))
        self._wake.set()

    async def take(self) -> str | bytes | None:
        """The next frame, waiting for it; null at the end."""
        while not self._frames:
            if self.ended is not None:
                return None
            self._wake.clear()
            await self._wake.wait()
        if self.ended is not None and self.ended.code == "slow_reader":
            return None
        frame, counted = self._frames.popleft()
        if counted:
            self.queued_bytes -= len(frame)
        return frame

    def sent(self) -> None:
        """The frame taken last is on its way."""
        self._moved_at = self._clock.monotonic_s()
        if self.queued_bytes < limits.RESUME_BYTES:
            self._has_room.set()
        if self._was_full and self.queued_bytes < limits.RESUME_BYTES:
            self._was_full = False
            if self.on_drained is not None:
                self.on_drained()

    async def half_empty(self) -> None:
        """Wait until it is worth while to queue more of what can wait."""
        await self._has_room.wait()

    def end(self, reason: HubError) -> None:
        """Take nothing more; what is queued is still sent, unless the reader is too slow."""
        if self.ended is None:
            self.ended = reason
            self._wake.set()
            self._has_room.set()
