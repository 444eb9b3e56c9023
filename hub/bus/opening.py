"""The bus of the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.bus.interface import Bus
from hub.bus.local import LocalBus
from hub.bus.redis_address import RedisAddress
from hub.bus.redis_bus import RedisBus
from hub.settings import Settings, SettingsError


def redis_of(settings: Settings) -> RedisAddress | None:
    """The Redis of the settings, or null.

    Raises:
        SettingsError: its address is none.
    """
    if settings.redis_url is None:
        return None
    try:
        return RedisAddress(settings.redis_url)
    except ValueError as error:
        raise SettingsError(f"HUB_REDIS_URL: {error}.") from None


@asynccontextmanager
async def open_bus(settings: Settings, key: bytes) -> AsyncIterator[Bus]:
    """A bus to the other processes of the hub, for the length of a block.

    Args:
        key: secret of the hub, the same for all its processes.
    """
    address = redis_of(settings)
    if address is None:
        yield LocalBus()
        return
    bus = RedisBus(address, settings.redis_prefix, key)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.close()
