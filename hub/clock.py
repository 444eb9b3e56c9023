"""Time, injected so that tests can turn it. Wall clock in milliseconds, monotonic in seconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Unix time in whole milliseconds."""
        ...

    def monotonic_s(self) -> float:
        """Seconds of a clock that never jumps; only differences mean something."""
        ...


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


def to_datetime(at_ms: int) -> datetime:
    """The UTC moment of a Unix time in milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
