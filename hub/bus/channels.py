"""Which channels of the server this process hears: what is to be asked, and what was confirmed.

Only a confirmed subscription is one: what is published before that is lost. Pure but for futures.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

from hub.bus.envelope import Receiver

MAX_AT_ONCE = 500


class Channel:
    """Attributes:
    active: the server has confirmed it.
    doubted: somebody went on without waiting for that.
    """

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.active = False
        self.doubted = False
        self._waiting: list[asyncio.Future[None]] = []

    async def confirmed(self) -> None:
        """Wait until it is, or its connection is lost."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def release(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()


class Channels:
    """Args:
    key: of the seals.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._open: dict[str, Channel] = {}
        self._asked: Counter[str] = Counter()  # subscriptions that wait for their confirmation
        self._add: dict[str, None] = {}
        self._drop: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._open))

    def get(self, topic: str) -> Channel | None:
        return self._open.get(topic)

    @property
    def settled(self) -> bool:
        """Whether everything that is wanted is confirmed."""
        return not self._add and not self._asked

    def open(self, topic: str) -> Channel:
        channel = self._open.get(topic)
        if channel is None:
            channel = self._open[topic] = Channel(Receiver(topic, self._key))
            if topic in self._drop:
                del self._drop[topic]  # it was not said yet
                channel.active = not self._asked[topic]
            else:
                self._add[topic] = None
        return channel

    def close(self, topic: str) -> None:
        channel = self._open.pop(topic, None)
        if channel is None:
            return
        channel.release()
        if topic in self._add:
            del self._add[topic]
        else:
            self._drop[topic] = None

    def take(self) -> list[tuple[str, list[str]]]:
        """Commands to send: SUBSCRIBE and UNSUBSCRIBE, each with topics."""
        commands = []
        for name, topics in (("UNSUBSCRIBE", self._drop), ("SUBSCRIBE", self._add)):
            names = list(topics)
            topics.clear()
            commands += [
                (name, names[first : first + MAX_AT_ONCE])
                for first in range(0, len(names), MAX_AT_ONCE)
            ]
            if name == "SUBSCRIBE":
                self._asked.update(names)
        return commands

    def confirm(self, topic: str) -> Channel | None:
        """The server has confirmed a SUBSCRIBE; returns the channel that is active by it."""
        self._asked[topic] -= 1
        if self._asked[topic] > 0:
            return None  # it was dropped and asked for again meanwhile
        del self._asked[topic]
        channel = self._open.get(topic)
        if channel is None or topic in self._add:
            return None
        channel.active = True
        channel.release()
        return channel

    def lost(self) -> None:
        """The connection is gone: everything is to be asked anew."""
        self._asked.clear()
        self._drop.clear()
        self._add = dict.fromkeys(self._open)
        for channel in self._open.values():
            channel.active = False
            channel.release()
