"""Limits of the live socket, and the budget that slows down who asks too much.

A connection is paused, not refused: its frames wait in its own TCP window while others are served.
"""

from __future__ import annotations

from time import perf_counter, thread_time
from typing import Final

from hub.clock import Clock

AUTH_S: Final = 5.0
AUTH_BYTES: Final = 64 * 1024
MAX_UNKNOWN_SOCKETS: Final = 256
SILENT_S: Final = 90.0

MAX_SUBSCRIPTIONS: Final = 256
MAX_QUEUED_WRITES: Final = 64
MAX_DOCUMENTS: Final = 64
MAX_SIGNAL_BYTES: Final = 64 * 1024
SIGNAL_BYTES_PER_S: Final = 64 * 1024
SIGNAL_BURST_BYTES: Final = 512 * 1024

# Of an outbox: document updates are dropped (and made good by one diff) above the first mark,
# begin again below the second; above the third or after so many seconds the connection ends.
DROP_UPDATES_BYTES: Final = 1024 * 1024
RESUME_BYTES: Final = 256 * 1024
CLOSE_BYTES: Final = 4 * 1024 * 1024
STALLED_S: Final = 15.0
# A connection is not read while answers it asked for wait above this mark.
CROWDED_BYTES: Final = 2 * 1024 * 1024

# A sync answer above this is fetched by HTTP instead.
MAX_SYNC_BYTES: Final = 1024 * 1024

PENDING_BYTES: Final = 1024 * 1024
PENDING_UPDATES: Final = 2_000
PENDING_S: Final = 30.0
PENDING_TRIES: Final = 32

# Updates of one connection that are not on disk yet; beyond it is not read.
MAX_UNSETTLED: Final = 16_384

# Client ids of one document that are leased to one user, for ever.
MAX_LEASED: Final = 65_536
MAX_LEASED_BY_READER: Final = 64

PRESENCE_PER_S: Final = 10


class Allowance:
    """So much a second, and so much at once; who takes more waits for it.

    Args:
        per_s, burst: in whatever unit ``spend`` gets.
    """

    def __init__(self, clock: Clock, per_s: float, burst: float) -> None:
        self._clock = clock
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at = clock.monotonic_s()

    def spend(self, amount: float) -> float:
        """Take it; returns the seconds to wait for."""
        now = self._clock.monotonic_s()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        self._left -= amount
        return max(0.0, -self._left / self._per_s)


class Stopwatch:
    """How long this thread works on a frame. By the clock on the wall, which is cheap to ask, but
    never more than the thread can have worked: a pause of the machine is nobody's work."""

    __slots__ = ("_started_s", "_wall_s", "_worked_s")

    def __init__(self) -> None:
        self._wall_s = 0.0
        self._worked_s = 0.0
        self._started_s = 0.0

    def start(self) -> None:
        self._started_s = perf_counter()
        if self._started_s - self._wall_s > 1.0:
            self._wall_s, self._worked_s = self._started_s, thread_time()

    def stop(self) -> float:
        """Seconds since the start."""
        elapsed_s = perf_counter() - self._started_s
        return elapsed_s if elapsed_s < 0.01 else min(elapsed_s, thread_time() - self._worked_s)


class Budget:
    """A bucket of seconds of the hub's work: who spends more than is in it must wait.

    Args:
        share: seconds of work granted each second.
        burst_s: seconds that can be saved up.
        bytes_per_s: what one second of work is worth in bytes received.
    """

    __slots__ = ("_at", "_burst_s", "_bytes_per_s", "_clock", "_left", "_share")

    def __init__(
        self, clock: Clock, *, share: float = 0.4, burst_s: float = 2.0,
        bytes_per_s: float = 32 * 2**20,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._share = share
        self._burst_s = burst_s
        self._bytes_per_s = bytes_per_s
        self._left = burst_s
        self._at = clock.monotonic_s()

    def spend(self, work_s: float, size: int) -> float:
        """Take the cost of one frame; returns for how many seconds the connection must wait."""
        now = self._clock.monotonic_s()
        self._left = min(self._burst_s, self._left + (now - self._at) * self._share)
        self._at = now
        self._left -= work_s + size / self._bytes_per_s
        return 0.0 if self._left >= 0 else min(1.0, -self._left / self._share)
