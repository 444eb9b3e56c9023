"""The bus between processes: a doorbell, not the truth.

``publish`` never blocks and may lose messages between processes; whoever needs certainty reads
PostgreSQL. Within a process a message is delivered before ``publish`` returns, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hub.bus.messages import Message

Handler = Callable[[Message], None]


class Subscription(Protocol):
    def close(self) -> None:
        """Hear nothing more; closing twice is harmless."""
        ...


class Bus(Protocol):
    process: str
    """Id of this process, to know its own messages by."""

    def publish(self, topic: str, message: Message) -> None: ...

    def subscribe(self, topic: str, handler: Handler) -> Subscription: ...
