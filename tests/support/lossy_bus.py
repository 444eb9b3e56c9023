"""A bus between processes that loses, repeats, delays and overtakes, as real ones may."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from hub.bus.envelope import Receiver, Sender, encode
from hub.bus.interface import Handler, OnGap
from hub.bus.local import LocalBus, LocalSubscription
from hub.bus.messages import Message


@dataclass
class Chaos:
    """How often, and for how long at most."""

    lost: float = 0.0
    repeated: float = 0.0
    delayed: float = 0.0
    delay_s: float = 0.2


@dataclass
class Exchange:
    """What the buses of several processes have in common."""

    chance: random.Random
    chaos: Chaos
    buses: list[LossyBus] = field(default_factory=list)
    sent: int = 0
    lost: int = 0

    def bus(self) -> LossyBus:
        bus = LossyBus(self)
        self.buses.append(bus)
        return bus

    def carry(self, origin: LossyBus, topic: str, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        for bus in self.buses:
            if bus is origin:
                continue
            self.sent += 1
            if self.chance.random() < self.chaos.lost:
                self.lost += 1
                continue
            for _ in range(2 if self.chance.random() < self.chaos.repeated else 1):
                late = self.chance.random() < self.chaos.delayed
                after_s = self.chance.random() * self.chaos.delay_s if late else 0.0
                loop.call_later(after_s, bus.arrive, topic, data)


class _Remote:
    def __init__(self, topic: str, handler: Handler, on_gap: OnGap | None) -> None:
        self.handler = handler
        self.on_gap = on_gap
        self.receiver = Receiver(topic)


class _Subscription:
    def __init__(self, local: LocalSubscription, there: list[_Remote], remote: _Remote) -> None:
        self._local = local
        self._there = there
        self._remote = remote

    def close(self) -> None:
        self._local.close()
        if self._remote in self._there:
            self._there.remove(self._remote)


class LossyBus(LocalBus):
    """One process's end."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._sender = Sender(self.process)
        self._remote: dict[str, list[_Remote]] = {}

    def publish(self, topic: str, message: Message) -> None:
        super().publish(topic, message)
        self._exchange.carry(self, topic, self._sender.seal(topic, [encode(message)]))

    async def subscribe(  # type: ignore[override]
        self, topic: str, handler: Handler, on_gap: OnGap | None = None
    ) -> _Subscription:
        await asyncio.sleep(0.01)  # as a server takes to confirm it
        there = self._remote.setdefault(topic, [])
        remote = _Remote(topic, handler, on_gap)
        there.append(remote)
        return _Subscription(await super().subscribe(topic, handler), there, remote)

    def arrive(self, topic: str, data: bytes) -> None:
        for one in tuple(self._remote.get(topic, ())):
            messages, gap = one.receiver.open(data)
            if gap and one.on_gap is not None:
                one.on_gap()
            for message in messages:
                one.handler(message)
