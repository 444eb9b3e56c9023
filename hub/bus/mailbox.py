"""Keeps what a topic says until whoever it is for has read the rows that it rests upon."""

from __future__ import annotations

from hub.bus.interface import Handler, OnGap
from hub.bus.messages import Message

MAX_KEPT = 1_000  # beyond, the rows are read again


class Mailbox:
    """``put`` and ``gap`` are for the bus, ``open`` for the receiver."""

    def __init__(self) -> None:
        self._kept: list[Message] = []
        self._missed = False
        self._handler: Handler | None = None
        self._on_gap: OnGap | None = None

    def put(self, message: Message) -> None:
        if self._handler is not None:
            self._handler(message)
        elif len(self._kept) < MAX_KEPT:
            self._kept.append(message)
        else:
            self._missed = True

    def gap(self) -> None:
        if self._on_gap is not None:
            self._on_gap()
        else:
            self._missed = True

    def open(self, handler: Handler, on_gap: OnGap) -> None:
        """Hand over what was kept, and from now on everything at once."""
        kept, self._kept = self._kept, []
        self._handler, self._on_gap = handler, on_gap
        for message in kept:
            handler(message)
        if self._missed:
            on_gap()
