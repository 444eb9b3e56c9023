"""How often somebody may try something: buckets, bounded in number. Of one process, or shared."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from hub.clock import Clock
from hub.errors import RateLimited
from hub.ids import sha256
from hub.storage import attempts as rows
from hub.storage.pool import Database

MAX_KEYS = 10_000


class Attempts:
    """Of one process.

    Args:
        burst: tries at once.
        every_s: after that, one more so often.
    """

    def __init__(self, clock: Clock, *, burst: int, every_s: float) -> None:
        self._clock = clock
        self._burst = burst
        self._every_s = every_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def spend(self, key: str) -> None:
        """Raises:
        RateLimited: ``too_many_attempts`` with the seconds to wait.
        """
        now = self._clock.monotonic_s()
        left, at = self._buckets.pop(key, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) / self._every_s)
        if left < 1:
            self._buckets[key] = (left, now)
            raise _too_many((1 - left) * self._every_s)
        self._buckets[key] = (left - 1, now)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)

    def forgive(self, key: str) -> None:
        self._buckets.pop(key, None)


class SharedAttempts:
    """The same, counted by all processes together. Who was refused is refused here until the time
    that was named, so that a flood does not reach the database.

    Args:
        what: is counted; parts the keys of one use from those of others.
    """

    def __init__(
        self, what: str, database: Database, clock: Clock, *, burst: int, every_s: float
    ) -> None:
        self._what = what
        self._database = database
        self._clock = clock
        self._burst = burst
        self._every_s = every_s
        self._refused: OrderedDict[str, float] = OrderedDict()  # until when

    async def spend(self, key: str) -> None:
        """Raises:
        RateLimited: ``too_many_attempts`` with the seconds to wait.
        """
        now_s = self._clock.monotonic_s()
        if (until_s := self._refused.get(key, now_s)) > now_s:
            raise _too_many(until_s - now_s)
        async with self._database.acquire() as connection:
            wait_ms = await rows.spend(
                connection, self._digest(key), self._burst, round(self._every_s * 1000),
                self._clock.now_ms(),
            )  # fmt: skip
        if wait_ms:
            self._refused[key] = now_s + wait_ms / 1000
            self._refused.move_to_end(key)
            if len(self._refused) > MAX_KEYS:
                self._refused.popitem(last=False)
            raise _too_many(wait_ms / 1000)

    async def forgive(self, key: str) -> None:
        self._refused.pop(key, None)
        async with self._database.acquire() as connection:
            await rows.forgive(connection, self._digest(key))

    def _digest(self, key: str) -> bytes:
        return sha256(self._what.encode(), b"\x00", key.encode())


def _too_many(wait_s: float) -> RateLimited:
    return RateLimited(
        "Too many attempts; wait a little.",
        code="too_many_attempts",
        retry_after_s=round(wait_s, 1),
    )


def network_of(remote: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that every IPv6 customer has."""
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return remote
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
