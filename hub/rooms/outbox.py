"""The outbox of one connection: frames on their way out, counted in bytes.

While the transport takes bytes a frame is written at once; what it cannot take waits here, where
it is bounded. Without a transport (a client that polls) everything waits to be fetched.

Overflow: document updates are the first to go (``on_full``; the document later sends one diff); a
connection that holds 4 MiB or has not taken a byte for 15 s is ended with 1013, and its client
resumes by seq.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from hub import figures
from hub.clock import Clock
from hub.errors import HubError, Unavailable
from hub.rooms import limits
from hub.wire.websocket import Outgoing, Shared, encode


class Transport(Protocol):
    def write(self, wire: bytes) -> None:
        """Send bytes; may call ``Outbox.paused`` before it returns."""
        ...


class Outbox:
    """``put`` never waits.

    Attributes:
        on_full: called when so much waits that document updates should be left out from now on.
        on_drained: called when a full outbox has room again.
        on_ended: called when ``end`` was.
        queued_bytes: of frames that count against the limits.
        waiting_bytes: of all frames, answers the client asked for included. Whoever reads the
            connection asks for no more of them while it is ``crowded``.
    """

    __slots__ = (
        "_changed",
        "_clock",
        "_frames",
        "_moved_at",
        "_transport",
        "_writable",
        "ended",
        "full",
        "on_drained",
        "on_ended",
        "on_full",
        "queued_bytes",
        "waiting_bytes",
    )

    def __init__(self, clock: Clock, transport: Transport | None = None) -> None:
        self.queued_bytes = 0
        self.waiting_bytes = 0
        self.ended: HubError | None = None
        self.on_full: Callable[[], None] | None = None
        self.on_drained: Callable[[], None] | None = None
        self.on_ended: Callable[[], None] | None = None
        self._clock = clock
        self._transport = transport
        self._writable = transport is not None
        # Most connections never wait: an empty deque has 760 bytes, and so has an event's.
        self._frames: deque[tuple[Outgoing, int, bool]] | None = None
        self._changed: asyncio.Event | None = None
        self._moved_at = clock.monotonic_s()
        self.full = False

    @property
    def crowded(self) -> bool:
        return self.waiting_bytes > limits.CROWDED_BYTES

    def put(self, frame: Outgoing, *, counted: bool = True) -> None:
        """Send a frame or queue it; ``counted`` is false for answers the client asked for."""
        if self.ended is not None:
            return
        if self._writable and not self._frames:
            self._write(frame)
            return
        now = self._clock.monotonic_s()
        if not self._frames:
            self._frames = deque()
            self._moved_at = now
        size = len(frame.wire if isinstance(frame, Shared) else frame)
        self.waiting_bytes += size
        if counted:
            self.queued_bytes += size
            if self.queued_bytes > limits.CLOSE_BYTES or now - self._moved_at > limits.STALLED_S:
                self.end(Unavailable("You read too slowly; connect again.", code="slow_reader"))
                return
        self._frames.append((frame, size, counted))
        self._tell()
        if self.queued_bytes > limits.DROP_UPDATES_BYTES and not self.full:
            self.full = True
            figures.LEFT_BEHIND.inc()
            if self.on_full is not None:
                self.on_full()

    def end(self, reason: HubError) -> None:
        """Take nothing more; what is queued is still sent, unless the reader is too slow."""
        if self.ended is not None:
            return
        self.ended = reason
        if reason.code == "slow_reader":
            figures.SLOW_READERS.inc()
            self._forget()
        self._tell()
        if self.on_ended is not None:
            self.on_ended()

    async def half_empty(self) -> None:
        """Wait until it is worth while to queue more of what can wait."""
        while self.waiting_bytes > limits.RESUME_BYTES and self.ended is None:
            await self._change()

    # --- the transport's side ---------------------------------------------------------------------

    def paused(self) -> None:
        """The transport's buffer is full."""
        self._writable = False

    def resumed(self) -> None:
        """The transport takes bytes again."""
        self._writable = True
        while self._frames and self._writable:
            self._write(self._pop())
            self._sent()
        self._tell()

    def leave(self) -> None:
        """The peer is gone: nothing can be sent any more."""
        self._forget()
        self._tell()

    async def finished(self) -> None:
        """Until all that was queued has gone to the transport."""
        while self._frames:
            await self._change()

    # --- without a transport ----------------------------------------------------------------------

    async def fetch(self, max_bytes: int) -> list[str | bytes]:
        """What is queued, waiting for something; empty once the outbox has ended."""
        while not self._frames and self.ended is None:
            await self._change()
        fetched: list[str | bytes] = []
        size = 0
        while self._frames and size < max_bytes:
            frame = self._pop()
            messages = frame.messages if isinstance(frame, Shared) else (frame,)
            size += sum(map(len, messages))
            fetched += messages
        self._sent()
        self._tell()
        return fetched

    # --- parts ------------------------------------------------------------------------------------

    def _write(self, frame: Outgoing) -> None:
        assert self._transport is not None
        self._transport.write(frame.wire if isinstance(frame, Shared) else encode(frame))

    def _forget(self) -> None:
        self._frames = None
        self.queued_bytes = self.waiting_bytes = 0

    async def _change(self) -> None:
        """Until something went, came, or ended."""
        if self._changed is None:
            self._changed = asyncio.Event()
        self._changed.clear()
        await self._changed.wait()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()

    def _pop(self) -> Outgoing:
        assert self._frames is not None
        frame, size, counted = self._frames.popleft()
        self.waiting_bytes -= size
        if counted:
            self.queued_bytes -= size
        return frame

    def _sent(self) -> None:
        self._moved_at = self._clock.monotonic_s()
        if not self._frames:
            self._frames = None
        if self.full and self.queued_bytes < limits.RESUME_BYTES:
            self.full = False
            if self.on_drained is not None:
                self.on_drained()
