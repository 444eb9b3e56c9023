"""The bus of a hub that is one process: delivery by calling. Nothing is ever lost."""

from __future__ import annotations

import structlog

from hub.bus.interface import Handler, Health, OnGap
from hub.bus.messages import Message
from hub.ids import new_id

log = structlog.get_logger()


class LocalSubscription:
    def __init__(self, bus: LocalBus, topic: str, handler: Handler, on_gap: OnGap | None) -> None:
        self._bus = bus
        self.topic = topic
        self.handler = handler
        self.on_gap = on_gap

    def close(self) -> None:
        self._bus.drop(self)


class LocalBus:
    def __init__(self) -> None:
        self.process = new_id("p")
        self._topics: dict[str, list[LocalSubscription]] = {}

    @property
    def health(self) -> Health:
        return Health(True, "one process; there is nobody else to tell")

    def publish(self, topic: str, message: Message) -> None:
        self.deliver(topic, message)

    def deliver(self, topic: str, message: Message) -> None:
        """Hand a message to whoever hears the topic here."""
        for subscription in tuple(self._topics.get(topic, ())):
            try:
                subscription.handler(message)
            except Exception:
                # One room's fault must not keep the message from the others.
                log.exception("a bus handler failed", topic=topic.partition(":")[0])

    def doubt(self, topic: str) -> None:
        """Tell whoever hears the topic here that something may have been lost."""
        for subscription in tuple(self._topics.get(topic, ())):
            try:
                if subscription.on_gap is not None:
                    subscription.on_gap()
            except Exception:
                log.exception("a bus handler failed", topic=topic.partition(":")[0])

    async def subscribe(
        self, topic: str, handler: Handler, on_gap: OnGap | None = None
    ) -> LocalSubscription:
        subscription = LocalSubscription(self, topic, handler, on_gap)
        self._topics.setdefault(topic, []).append(subscription)
        return subscription

    def drop(self, subscription: LocalSubscription) -> None:
        there = self._topics.get(subscription.topic, [])
        if subscription in there:
            there.remove(subscription)
            if not there:
                del self._topics[subscription.topic]

    def hears(self, topic: str) -> bool:
        """Whether anybody here does."""
        return topic in self._topics

    @property
    def topics(self) -> int:
        return len(self._topics)
