"""What rooms need of a live connection."""

from __future__ import annotations

from typing import Protocol

from hub.identity.service import Principal
from hub.wire.events import InCall
from hub.wire.websocket import Outgoing


class Subscriber(Protocol):
    """Attributes:
    key: names the connection on the wire.
    """

    key: str
    principal: Principal

    @property
    def uid(self) -> str: ...

    def send(self, frame: Outgoing, *, counted: bool = True) -> None:
        """``counted`` is false for answers the client asked for."""
        ...

    def send_event(self, thread: str, seq: int, frame: Outgoing) -> None:
        """An event of a thread; once, however many reasons there are to send it."""
        ...

    def call_changed(self, thread: str) -> None:
        """The call of a thread is another, or somebody is in from another device or connection."""
        ...

    def call_taken_over(self, thread: str, call: InCall) -> None:
        """Another connection of this user carries their part in a call."""
        ...

    def removed(self, thread: str) -> None:
        """No member any more: out of the room and of its documents."""
        ...
