"""The bus between processes: a doorbell, not the truth.

``publish`` never blocks and may lose messages between processes; whoever needs certainty reads
PostgreSQL. Within a process a message is delivered before ``publish`` returns, in order. What one
process publishes on one topic arrives in its order, with a hole where something was lost, and then
``on_gap`` is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from hub.bus.messages import Message

Handler = Callable[[Message], None]
OnGap = Callable[[], None]


class Health(NamedTuple):
    """``up``: other processes hear this one, and it hears them; ``words`` say what is or is not."""

    up: bool
    words: str


class Subscription(Protocol):
    def close(self) -> None:
        """Hear nothing more; closing twice is harmless."""
        ...


class Bus(Protocol):
    process: str
    """Id of this process, to know its own messages by."""

    @property
    def health(self) -> Health: ...

    def publish(self, topic: str, message: Message) -> None: ...

    def hears(self, topic: str) -> bool:
        """Whether anybody in this process does."""
        ...

    async def subscribe(
        self, topic: str, handler: Handler, on_gap: OnGap | None = None
    ) -> Subscription:
        """Returns once the subscription is active: what is read after that and what is heard leave
        nothing out between them.

        Args:
            on_gap: something may have been lost; called as soon as that is known, before what came
                after it is handed over.
        """
        ...
