"""How often somebody may try a password: buckets per network, per account and per both. Bounded."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from hub.clock import Clock
from hub.errors import RateLimited

MAX_KEYS = 10_000


class Attempts:
    """Args:
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
            raise RateLimited(
                "Too many attempts; wait a little.",
                code="too_many_attempts",
                retry_after_s=round((1 - left) * self._every_s, 1),
            )
        self._buckets[key] = (left - 1, now)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)

    def forgive(self, key: str) -> None:
        self._buckets.pop(key, None)


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
