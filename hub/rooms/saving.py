"""Tells the connections of this process whether it can save what they write."""

from __future__ import annotations

from typing import Protocol

import msgspec

from hub.wire import events as ev
from hub.wire.websocket import Outgoing, shared

_encode = msgspec.json.Encoder().encode


class Listener(Protocol):
    def send(self, frame: Outgoing, *, counted: bool = True) -> None: ...


class Saving:
    """Attributes:
    code: why nothing can be saved at present; null: it can.
    """

    def __init__(self) -> None:
        self.code: str | None = None
        self._listeners: set[Listener] = set()

    def add(self, listener: Listener) -> None:
        """Tell it now, when nothing can be saved, and of every change."""
        self._listeners.add(listener)
        if self.code is not None:
            listener.send(_encode(ev.Saving(self.code)).decode())

    def discard(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def changed(self, code: str | None) -> None:
        """The writer's ``on_trouble``."""
        if code == self.code:
            return
        self.code = code
        frame = shared(_encode(ev.Saving(code)).decode())
        for one in tuple(self._listeners):
            one.send(frame)
